package main

import (
	"slices"
	"strings"
	"time"
)

// Link is one CRM: how it is reached or reaches us, and what it may.
type Link struct {
	Name             string    `yaml:"name"`
	Mode             string    `yaml:"mode"`
	Listen           string    `yaml:"listen"`  // *-in
	Address          string    `yaml:"address"` // ws-out, wss-out: host:port/path
	URL              string    `yaml:"url"`     // http, https
	Format           string    `yaml:"format"`  // json or xml; "" is json, and for *-in that the peer's subprotocol decides alone
	WebSocketVersion int       `yaml:"websocket_version"`
	Auth             LinkAuth  `yaml:"auth"`
	TLS              LinkTLS   `yaml:"tls"`
	Trust            *bool     `yaml:"trust"` // see Trusted
	Insecure         bool      `yaml:"insecure"`
	Origins          []string  `yaml:"origins"`
	Users            []string  `yaml:"users"` // none: all
	Multipart        size      `yaml:"multipart"`
	MethodTimeout    duration  `yaml:"method_timeout"`
	Deliver          []string  `yaml:"deliver"`
	Forms            LinkForms `yaml:"forms"`
	Refresh          duration  `yaml:"refresh"` // http, https
}

// LinkAuth is the HTTP authorization of a link: what we demand of a peer that connects, and what we
// answer to one that we connect to.
type LinkAuth struct {
	Scheme     string `yaml:"scheme"` // none, basic or digest
	Login      string `yaml:"login"`
	Password   string `yaml:"password,secret"`
	Preemptive bool   `yaml:"preemptive"` // basic without waiting for the question
}

// LinkTLS are the certificates of a link with TLS: ours, and those that we believe.
type LinkTLS struct {
	Cert       string   `yaml:"cert"`
	Key        string   `yaml:"key"`
	CA         string   `yaml:"ca"`
	ClientAuth string   `yaml:"client_auth"` // none, request or require; wss-in
	Subjects   []string `yaml:"subjects"`    // of client certificates; none: all that the CA has issued
}

// LinkForms are forms that the CRM shows of its own accord.
type LinkForms struct {
	Ringing string `yaml:"ringing"`
}

func (l *Link) setDefaults() {
	l.WebSocketVersion = 13
	l.Auth.Scheme, l.TLS.ClientAuth = "none", "none"
	l.Multipart = 2048
	l.MethodTimeout, l.Refresh = duration(15*time.Second), duration(5*time.Minute)
}

// The modes, as configured. Who is "out" and "in" is seen from us.
var linkModes = []string{"http", "https", "ws-out", "wss-out", "ws-in", "wss-in"}

// listens reports whether the CRM connects to us.
func (l *Link) listens() bool { return l.Mode == "ws-in" || l.Mode == "wss-in" }

// posts reports whether the CRM is asked over HTTP.
func (l *Link) posts() bool { return l.Mode == "http" || l.Mode == "https" }

// secure reports whether the link is encrypted.
func (l *Link) secure() bool { return slices.Contains([]string{"https", "wss-out", "wss-in"}, l.Mode) }

// authenticated reports whether it is known who the peer is: it shows a secret or a certificate, or
// it is at an address that we have chosen.
func (l *Link) authenticated() bool {
	return !l.listens() || l.Auth.Scheme != "none" || l.TLS.ClientAuth == "require"
}

// Trusted reports whether the CRM may log users in without their passwords.
func (l *Link) Trusted() bool {
	if l.Trust != nil {
		return *l.Trust
	}
	return l.authenticated()
}

// where is what the mode needs: an address to listen on, to connect to, or to post to.
func (l *Link) where() string {
	switch {
	case l.listens():
		return l.Listen
	case l.posts():
		where, _, _ := strings.Cut(l.URL, "?") // what follows may be a secret
		return where
	}
	where, _, _ := strings.Cut(l.Address, "?")
	return where
}

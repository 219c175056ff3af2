package main

import (
	"strings"
	"testing"

	"github.com/octolink/octolink/web"
)

// A CRM on another library connects to us, in the modes ws-in and wss-in.
func TestForeignCRMConnects(t *testing.T) {
	for _, tt := range []struct{ name, library, link, crm string }{
		{"json", "websockets", `mode: ws-in, trust: true`, "--offer json"},
		{"password", "websockets", `mode: ws-in`, "--offer chat --offer json --parts"},
		{"xml", "websockets", `mode: ws-in, auth: {scheme: basic, login: crm, password: geheim}`,
			"--offer oktell.XML --format xml --auth basic --login crm --password geheim"},
		{"none", "websockets", `mode: ws-in, format: xml`, "--format xml"},
		{"origin", "websockets", `mode: ws-in, origins: ["https://crm.example"]`, "--offer json --origin https://crm.example"},
		{"tls", "websockets", `mode: wss-in, auth: {scheme: basic, login: crm, password: geheim}`,
			"--offer json --auth basic --login crm --password geheim --ca $OWN"},
		{"cert", "websockets", `mode: wss-in, tls: {client_auth: require, ca: $CA, subjects: [octolink]}`,
			"--offer xml --format xml --parts --ca $OWN --cert $CERT"},
		{"json", "autobahn", `mode: ws-in`, "--offer json --parts"},
		{"xml", "autobahn", `mode: wss-in, auth: {scheme: basic, login: crm, password: geheim}`,
			"--offer chat --offer xml --format xml --auth basic --login crm --password geheim --ca $OWN"},
		{"cert", "autobahn", `mode: wss-in, tls: {cert: $CERT, key: $CERT, client_auth: require, ca: $CA}`,
			"--offer json --ca $CA --cert $CERT"},
	} {
		t.Run(tt.library+"/"+tt.name, func(t *testing.T) {
			needsPython(t, tt.library)
			dir := t.TempDir()
			files := newForeignFiles(t, dir)
			s := start(t, dir, foreignHouse(files.names.Replace(tt.link+`, listen: "127.0.0.1:0", forms: {ringing: note}`)))
			crm := dialForeign(t, s, tt.library, files.args(tt.crm))
			want := "None"
			if words := strings.Fields(tt.crm); words[0] == "--offer" {
				want = words[1]
				if want == "chat" {
					want = words[3]
				}
			}
			crm.line("open, chosen " + want + "$")
			s.until("crm", web.LinkIntroduced)
			crm.works(s)
			crm.orders.Close() // it says goodbye
			crm.line("closed 1000")
			s.until("crm", web.LinkListening)
		})
	}
}

// dialForeign lets a CRM connect to the link of s.
func dialForeign(t *testing.T, s *running, library string, args []string) *foreign {
	t.Helper()
	l := s.until("crm", web.LinkListening)
	scheme := strings.TrimSuffix(l.Mode, "-in")
	return python(t, "dialling.py", append(args, "--library", library, scheme+"://"+l.Address+"/any/path")...)
}

func TestForeignCRMIsRefused(t *testing.T) {
	basic := `auth: {scheme: basic, login: crm, password: geheim}`
	for _, tt := range []struct{ name, library, link, crm, want, reason string }{
		{"no password", "websockets", "mode: ws-in, " + basic, "--offer json", "refused 401", ""},
		{"wrong password", "websockets", "mode: ws-in, " + basic, "--offer json --auth basic --login crm --password geheimer", "refused 401", "a wrong login or password"},
		{"wrong password", "autobahn", "mode: ws-in, " + basic, "--offer json --auth basic --login crm --password geheimer", "closed 1006 .*401", "a wrong login or password"},
		{"page", "websockets", "mode: ws-in", "--offer json --origin https://evil.example", "refused 403", "pages of this origin may not connect here"},
		{"no certificate", "websockets", "mode: wss-in, tls: {client_auth: require, ca: $CA}", "--offer json --ca $OWN", "", "TLS handshake"},
		{"no tls", "autobahn", "mode: wss-in, " + basic, "--offer json", "", "TLS handshake"},
	} {
		t.Run(tt.library+"/"+tt.name, func(t *testing.T) {
			needsPython(t, tt.library)
			dir := t.TempDir()
			files := newForeignFiles(t, dir)
			s := start(t, dir, foreignHouse(files.names.Replace(tt.link+`, listen: "127.0.0.1:0"`)))
			l := s.until("crm", web.LinkListening)
			scheme := "ws"
			if l.Mode == "wss-in" && tt.name != "no tls" {
				scheme = "wss"
			}
			crm := python(t, "dialling.py", append(files.args(tt.crm), "--library", tt.library, scheme+"://"+l.Address)...)
			if tt.want != "" {
				crm.line(tt.want)
			}
			if tt.reason != "" {
				soon(t, "it is counted as "+tt.reason, func() bool { return s.link("crm").Refused[tt.reason] == 1 })
			}
			if got := s.link("crm"); got.State != web.LinkListening {
				t.Errorf("got link %+v", got)
			}
		})
	}
}

// We connect to a CRM on another library, in the modes ws-out and wss-out.
func TestForeignCRMIsConnectedTo(t *testing.T) {
	for _, tt := range []struct{ name, library, link, crm string }{
		{"echo", "websockets", `mode: ws-out`, "--subprotocol echo --parts"},
		{"xml", "websockets", `mode: wss-out, format: xml, auth: {scheme: basic, login: octo, password: geheim}, tls: {ca: $CA}`,
			"--subprotocol echo --format xml --auth basic --login octo --password geheim --cert $CERT"},
		{"silent", "websockets", `mode: ws-out, auth: {scheme: basic, login: octo, password: geheim, preemptive: true}`,
			"--subprotocol silent --auth basic --login octo --password geheim"},
		{"digest", "websockets", `mode: wss-out, auth: {scheme: digest, login: octo, password: geheim}, tls: {ca: $CA}`,
			"--subprotocol silent --auth digest --login octo --password geheim --cert $CERT"},
		{"refuse", "websockets", `mode: ws-out, format: xml, auth: {scheme: digest, login: octo, password: geheim}`,
			"--subprotocol refuse --format xml --parts --auth digest --login octo --password geheim"},
		{"cert", "websockets", `mode: wss-out, tls: {ca: $CA, cert: $CERT, key: $CERT}`, "--subprotocol echo --cert $CERT --ca $CA --demand"},
		{"echo", "autobahn", `mode: ws-out, format: xml`, "--subprotocol echo --format xml --parts"},
		{"silent", "autobahn", `mode: wss-out, tls: {ca: $CA}`, "--subprotocol silent --cert $CERT"},
		{"refuse", "autobahn", `mode: ws-out`, "--subprotocol refuse"},
	} {
		t.Run(tt.library+"/"+tt.name, func(t *testing.T) {
			needsPython(t, tt.library)
			dir := t.TempDir()
			files := newForeignFiles(t, dir)
			crm := python(t, "listening.py", append(files.args(tt.crm), "--library", tt.library)...)
			where := crm.line("listening (.*)")[1]
			s := start(t, dir, foreignHouse(files.names.Replace(tt.link+`, forms: {ringing: note}, address: "`+where+`/path"`)))
			if strings.Contains(tt.crm, "refuse") {
				crm.line("answered 426")
				crm.line("offered None")
			} else {
				crm.line("offered (json|xml)")
			}
			s.until("crm", web.LinkIntroduced)
			crm.works(s)
		})
	}
}

// What makes a link useless is told in the words of the troubleshooting table.
func TestForeignCRMCannotBeConnectedTo(t *testing.T) {
	needsPython(t, "websockets")
	for _, tt := range []struct{ name, link, crm, want string }{
		{"wrong password", `mode: ws-out, auth: {scheme: basic, login: octo, password: wrong}`, "--auth basic --login octo --password geheim", "the peer refuses the login or the password"},
		{"wrong digest", `mode: ws-out, auth: {scheme: digest, login: octo, password: wrong}`, "--auth digest --login octo --password geheim", "the peer refuses the login or the password"},
		{"no password", `mode: ws-out`, "--auth digest --login octo --password geheim", "the peer demands digest, and none is configured"},
		{"other scheme", `mode: ws-out, auth: {scheme: digest, login: octo, password: geheim}`, "--auth basic --login octo --password geheim", "the peer demands basic, configured is digest"},
		{"unknown authority", `mode: wss-out`, "--cert $CERT", "certificate signed by unknown authority"},
		{"no tls", `mode: wss-out`, "", "first record does not look like a TLS handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := newForeignFiles(t, dir)
			crm := python(t, "listening.py", files.args(tt.crm)...)
			s := start(t, dir, foreignHouse(tt.link+`, address: "`+crm.line("listening (.*)")[1]+`"`))
			if l := s.until("crm", web.LinkMisconfigured); !strings.Contains(l.Error, tt.want) {
				t.Errorf("got %q, want %q", l.Error, tt.want)
			}
		})
	}
}

// A CRM on Python's own HTTP server is asked.
func TestForeignCRMIsPostedTo(t *testing.T) {
	needsPython(t)
	for _, tt := range []struct{ name, link, crm string }{
		{"http json", `mode: http`, ""},
		{"http xml basic", `mode: http, format: xml, auth: {scheme: basic, login: octo, password: geheim}`, "--auth basic --login octo --password geheim"},
		{"https json digest", `mode: https, auth: {scheme: digest, login: octo, password: geheim}, tls: {ca: $CA}`, "--cert $CERT --auth digest --login octo --password geheim"},
		{"https xml cert", `mode: https, format: xml, tls: {ca: $CA, cert: $CERT, key: $CERT}`, "--cert $CERT --ca $CA --demand"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			files := newForeignFiles(t, dir)
			crm := python(t, "posted.py", files.args(tt.crm)...)
			scheme := strings.Fields(tt.name)[0]
			link := tt.link + `, deliver: [callrecord], url: "` + scheme + "://" + crm.line("listening (.*)")[1] + `/oktell"`
			s := start(t, dir, foreignHouse(files.names.Replace(link)))
			s.until("crm", web.LinkIntroduced)
			s.offers(true)
			s.sim("ring", `{"from":"79161234567","to":"300"}`)
			s.sim("hangup", `{"number":"79161234567"}`)
			if got := crm.heard("callrecord"); got["abonent"] != "79161234567" || got["outcome"] != "missed" {
				t.Errorf("got %v", got)
			}
		})
	}
}

package transports

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol"
)

const (
	// postIdle is how long a connection is kept for the next question. Servers close theirs after 5 s
	// and more; a question on its way to one that is just being closed would be lost.
	postIdle = 4 * time.Second
	// postConns bounds the connections to one peer.
	postConns = 64
)

var _ protocol.Exchanger = (*Post)(nil)

// A Post asks a CRM by HTTP [P 2.3]: a form with the message in base64, answered by the bare message.
type Post struct {
	opts   LinkOptions
	target *url.URL
	client *http.Client
	creds  *credentials
	report *linkReport
}

// NewPost returns an exchanger for the modes http and https. Nothing is sent yet.
func NewPost(o LinkOptions) (*Post, error) {
	if err := o.checkMode(ModeHTTP, ModeHTTPS); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	target, err := o.target()
	if err != nil {
		return nil, err
	}
	return &Post{
		opts:   o,
		target: target,
		creds:  newCredentials(o.Auth),
		report: newLinkReport(o, withoutQuery(target.String()), LinkReady),
		client: &http.Client{
			Transport: newTransport(o),
			// A redirect would carry the message and the credentials somewhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// newTransport makes connections of our own configuration only: no proxy of the environment.
func newTransport(o LinkOptions) *http.Transport {
	dialer := &net.Dialer{Timeout: o.Timeout}
	return &http.Transport{
		DialContext: dialer.DialContext,
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return dialTLS(ctx, dialer, addr, o)
		},
		MaxConnsPerHost:        postConns,
		MaxIdleConnsPerHost:    postConns,
		IdleConnTimeout:        postIdle,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// dialTLS connects with the certificates of the moment.
func dialTLS(ctx context.Context, dialer *net.Dialer, addr string, o LinkOptions) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	config := o.TLS.client(o.Log)
	config.ServerName = hostOf(addr)
	secure := tls.Client(c, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return secure, nil
}

// Info implements protocol.Exchanger.
func (p *Post) Info() protocol.Info {
	return protocol.Info{
		Link:   p.opts.Name,
		Kind:   protocol.ServerKind,
		Format: p.opts.Format,
		Remote: p.target.Host,
		TLS:    p.opts.Mode == ModeHTTPS,
	}
}

// Close ends the connections that nobody uses. Exchanges that run are ended by their contexts.
func (p *Post) Close() {
	p.client.CloseIdleConnections()
	p.report.change(func(s *LinkState) { s.Phase = LinkEnded })
}

// Exchange implements protocol.Exchanger: it sends one message and returns the answer's, in UTF-8.
// The context must have a deadline; there is no other one. Errors: *AnswerError, *AuthError, those of
// the context and of the network.
func (p *Post) Exchange(ctx context.Context, frame []byte) ([]byte, error) {
	answer, err := p.exchange(ctx, frame)
	switch {
	case err == nil:
		p.report.change(func(s *LinkState) {
			s.Phase, s.Attempts, s.Err, s.Remote = LinkConnected, 0, "", p.target.Host
		})
	case !errors.Is(err, context.Canceled): // the asker went away, which says nothing of the peer
		p.report.failed(err, time.Time{})
		p.opts.Log.LogAttrs(ctx, slog.LevelInfo, "question not answered", slog.Any("err", err))
	}
	return answer, err
}

func (p *Post) exchange(ctx context.Context, frame []byte) ([]byte, error) {
	form := url.Values{
		"format": {p.opts.Format.String()},
		"data":   {base64.StdEncoding.EncodeToString(frame)},
	}.Encode()
	try := p.creds.begin(http.MethodPost, p.target.RequestURI())
	authorization := try.first()
	for {
		answer, demand, err := p.send(ctx, form, authorization)
		if err == nil && demand != nil {
			authorization, err = try.answer(demand)
		}
		switch {
		case err != nil:
			return nil, err
		case demand == nil:
			try.accepted()
			return answer, nil
		}
	}
}

// send posts the form once. The answer is a message, or a demand for authorization: the header of
// a 401.
func (p *Post) send(ctx context.Context, form, authorization string) (answer []byte, demand http.Header, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.target.String(), strings.NewReader(form))
	if err != nil {
		return nil, nil, fmt.Errorf("transports: post: %w", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "octolink")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return nil, nil, fmt.Errorf("transports: post to %s: %w", withoutQuery(p.target.String()), bareError(err))
	}
	defer func() {
		drain(resp.Body)
		_ = resp.Body.Close() // a connection that failed is not used again
	}()
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, resp.Header, nil
	}
	answer, err = p.read(resp)
	return answer, nil, err
}

// read takes the answer's message.
func (p *Post) read(resp *http.Response) ([]byte, error) {
	most := p.opts.MaxAnswer
	if resp.ContentLength > int64(most) {
		return nil, answerError(resp, AnswerTooBig, nil)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(resp.Body, int64(most)+1)); err != nil {
		return nil, fmt.Errorf("transports: answer of %s: %w", withoutQuery(p.target.String()), err)
	}
	if b.Len() > most {
		return nil, answerError(resp, AnswerTooBig, nil)
	}
	return messageOf(resp, b.Bytes(), p.opts.Format)
}

// drain reads a short rest, so that the connection can be used again.
func drain(body io.Reader) {
	_, _ = io.CopyN(io.Discard, body, 64<<10) // its end is what we want
}

// bareError takes the address off an error of net/http: its query may hold a password.
func bareError(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

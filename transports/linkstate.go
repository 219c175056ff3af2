package transports

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

// A LinkPhase is what a link is doing.
type LinkPhase string

// The phases of links.
const (
	LinkListening     LinkPhase = "listening"     // *-in: nobody is connected
	LinkDialling      LinkPhase = "dialling"      // *-out: an attempt is under way
	LinkReady         LinkPhase = "ready"         // http, https: nothing was asked yet
	LinkConnected     LinkPhase = "connected"     // http, https: the last question was answered
	LinkWaiting       LinkPhase = "waiting"       // the last attempt failed; the next one follows
	LinkMisconfigured LinkPhase = "misconfigured" // it failed for a reason that waiting does not cure
	LinkEnded         LinkPhase = "ended"
)

// A LinkState tells an operator how a link is.
type LinkState struct {
	Link, Mode string
	Phase      LinkPhase
	Since      time.Time // when the phase began
	Address    string    // where it listens or connects to, without a query
	Conns      int       // connections that are open
	Remote     string    // the peer that connected last, host:port
	Attempts   int       // that failed, one after another
	Next       time.Time // when the next attempt follows; zero for none
	Refused    int       // *-in: handshakes that were refused
	Err        string    // the last failure or refusal, without secrets; "" after a success
}

// A linkReport keeps a link's state and tells it.
type linkReport struct {
	tell func(LinkState)

	mu    sync.Mutex
	state LinkState
}

func newLinkReport(o LinkOptions, address string, phase LinkPhase) *linkReport {
	r := &linkReport{tell: o.OnState}
	r.change(func(s *LinkState) {
		*s = LinkState{Link: o.Name, Mode: o.Mode, Phase: phase, Since: time.Now(), Address: address}
	})
	return r
}

// change changes the state and tells it. The lock is held meanwhile, because states must be told in
// their order.
func (r *linkReport) change(fn func(s *LinkState)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.state
	fn(&r.state)
	if r.state == before {
		return
	}
	if r.state.Phase != before.Phase {
		r.state.Since = time.Now()
	}
	if r.tell != nil {
		r.tell(r.state)
	}
}

// failed takes note of an attempt that failed.
func (r *linkReport) failed(err error, next time.Time) {
	r.change(func(s *LinkState) {
		s.Phase = LinkWaiting
		if misconfigured(err) {
			s.Phase = LinkMisconfigured
		}
		if !errors.Is(err, errEnded) {
			s.Attempts++
		}
		s.Next, s.Err = next, err.Error()
	})
}

// refused takes note of a peer that was not let in.
func (r *linkReport) refused(reason string) {
	r.change(func(s *LinkState) {
		s.Refused++
		s.Err = reason
	})
}

// misconfigured says whether a failure needs somebody to change a configuration, ours or the peer's.
func misconfigured(err error) bool {
	var (
		auth      *AuthError
		answer    *AnswerError
		handshake *HandshakeError
	)
	switch {
	case errors.As(err, &auth), badCertificate(err):
		return true
	case errors.As(err, &answer):
		return answer.Problem == AnswerRedirect || wrongPlace(answer.Status)
	case errors.As(err, &handshake):
		return wrongPlace(handshake.Status) || handshake.Status < 400
	}
	return false
}

// wrongPlace says whether a status means that the address or the authorization is wrong.
func wrongPlace(status int) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusProxyAuthRequired, http.StatusGone, http.StatusMisdirectedRequest, http.StatusUpgradeRequired:
		return true
	}
	return false
}

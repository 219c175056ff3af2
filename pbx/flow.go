package pbx

import (
	"fmt"
	"slices"
	"strings"
)

// A FlowNumber says which numbers lead callers to a call flow, and what becomes of them without it.
type FlowNumber struct {
	// Match is a number, or a pattern as in User.Dial: "495*", "7xx", "*". A plain number holds for
	// every call: from outside, dialled by a user, transferred, redirected. A pattern holds for calls
	// from outside only; else nobody of the house could call a colleague or dial out past "*".
	Match string
	// Flow is the flow's name.
	Flow string
	// Fallback is what becomes of the caller when nobody leads calls or the flow gives up:
	// "queue:700", "number:200", "user:alice" or "hangup". Empty is "hangup".
	Fallback string
}

// RouteKind says what a Route leads to.
type RouteKind string

// The kinds of routes.
const (
	RouteNumber RouteKind = "number" // as if dialled: a flow number, a user's, a queue's, an outside one
	RouteQueue  RouteKind = "queue"  // a queue, also when a flow has the same number
	RouteUser   RouteKind = "user"   // a user's phone, also when a flow has the same number
	RouteHangup RouteKind = "hangup" // the end of the call
)

// A Route is where a call goes.
type Route struct {
	Kind RouteKind
	To   string // a number, a queue's number, a login; "" for RouteHangup
}

// String is the route as configured: "queue:700", "hangup".
func (r Route) String() string {
	if r.Kind == RouteHangup {
		return string(r.Kind)
	}
	return string(r.Kind) + ":" + r.To
}

// ParseRoute reads a FlowNumber.Fallback. Fails with ErrInvalid.
func ParseRoute(text string) (Route, error) {
	kind, to, _ := strings.Cut(strings.TrimSpace(text), ":")
	r := Route{Kind: RouteKind(kind), To: strings.TrimSpace(to)}
	switch r.Kind {
	case "":
		return Route{Kind: RouteHangup}, invalidRoute(text, to == "")
	case RouteHangup:
		return r, invalidRoute(text, r.To == "")
	case RouteNumber, RouteQueue, RouteUser:
		return r, invalidRoute(text, r.To != "")
	}
	return Route{}, invalidRoute(text, false)
}

func invalidRoute(text string, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%.64q is none of queue:NUMBER, number:NUMBER, user:LOGIN and hangup: %w", text, ErrInvalid)
}

// plain reports whether a match is one number and no pattern.
func (f *FlowNumber) plain() bool {
	return !strings.ContainsAny(f.Match, "xX") && !strings.HasSuffix(f.Match, "*")
}

// Flow is the flow to which a dialled number leads: that of a plain match, and for calls from outside
// else that of the longest pattern; the first of equally long ones.
func (d *Directory) Flow(number string, outside bool) (FlowNumber, bool) {
	if f := d.flow[number]; f != nil {
		return *f, true
	}
	if !outside {
		return FlowNumber{}, false
	}
	for _, f := range d.patterns { // longest first
		if matches(f.Match, number) {
			return *f, true
		}
	}
	return FlowNumber{}, false
}

// Flows are all flow numbers in the order of the configuration.
func (d *Directory) Flows() []FlowNumber { return d.flows }

// Route is the fallback, which NewDirectory has checked.
func (f *FlowNumber) Route() Route {
	r, err := ParseRoute(f.Fallback)
	if err != nil {
		return Route{Kind: RouteHangup}
	}
	return r
}

func (b *builder) addFlows(flows []FlowNumber) {
	b.flows = slices.Clone(flows)
	seen := map[string]bool{}
	for i := range b.flows {
		f := &b.flows[i]
		if seen[f.Match] {
			b.fault("flow number %s is there twice", f.Match)
			continue
		}
		seen[f.Match] = true
		b.addFlow(f)
	}
	slices.SortStableFunc(b.patterns, func(x, y *FlowNumber) int { return len(y.Match) - len(x.Match) })
}

func (b *builder) addFlow(f *FlowNumber) {
	digits := strings.Map(func(r rune) rune {
		if r|0x20 == 'x' {
			return '0'
		}
		return r
	}, f.Match)
	if clean, ok := cleanNumber(digits); !ok || clean != digits {
		b.fault("flow number %q is neither a number nor a pattern", f.Match)
		return
	}
	if f.Flow == "" {
		b.fault("flow number %s: no flow is named", f.Match)
	}
	b.checkFallback(f)
	if !f.plain() {
		b.patterns = append(b.patterns, f)
		return
	}
	b.flow[f.Match] = f
	if b.byNumber[f.Match] == nil {
		b.addNumber(&Number{Number: f.Match, Caption: f.Flow, Kind: KindIVR}, "flow "+f.Flow)
	}
}

func (b *builder) checkFallback(f *FlowNumber) {
	r, err := ParseRoute(f.Fallback)
	if err != nil {
		b.fault("flow number %s: fallback %w", f.Match, err)
		return
	}
	switch r.Kind {
	case RouteQueue:
		if b.queue[r.To] == nil {
			b.fault("flow number %s: fallback %s: there is no such queue", f.Match, r)
		}
	case RouteUser:
		if u := b.UserByLogin(r.To); u == nil || u.Main() == "" {
			b.fault("flow number %s: fallback %s: there is no such user with a phone", f.Match, r)
		}
	case RouteNumber:
		if _, err := b.Resolve(r.To); err != nil {
			b.fault("flow number %s: fallback %s: %w", f.Match, r, err)
		}
	}
}

package crmsim

import (
	"encoding"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FaultKind is a way to misbehave.
type FaultKind string

// Faults of the link. Without Fault.On they happen at once, with it instead of the next answer to
// that message.
const (
	Drop        FaultKind = "drop"         // the connection ends without a close frame
	Reset       FaultKind = "reset"        // the same as a TCP reset
	Close       FaultKind = "close"        // an orderly close frame, 1000
	StopReading FaultKind = "stop-reading" // until Resume, or for Fault.Delay
	HalfOpen    FaultKind = "half-open"    // reads nothing, loses what it sends, keeps the socket; like StopReading
	Refuse      FaultKind = "refuse"       // drops the link and takes or makes no connection, until Resume or for Fault.Delay
)

// Faults of an answer: the next answer to Fault.On, or to whatever comes.
const (
	Late    FaultKind = "late"    // after Fault.Delay, cancelled or not
	Silent  FaultKind = "silent"  // never
	Garbage FaultKind = "garbage" // something that is not a message; without an answer to spoil it is sent at once
	Twice   FaultKind = "twice"   // the same again
	Foreign FaultKind = "foreign" // with ids that nobody sent
	Fail    FaultKind = "fail"    // result:0 with code 500
)

// Faults of an answer over HTTP.
const (
	Status   FaultKind = "status"   // 500
	Page     FaultKind = "page"     // a page of HTML with 200
	Empty    FaultKind = "empty"    // 200 and nothing
	Endless  FaultKind = "endless"  // 100 MiB
	Redirect FaultKind = "redirect" // to another address
)

var (
	linkFaults   = []FaultKind{Drop, Reset, Close, StopReading, HalfOpen, Refuse}
	answerFaults = []FaultKind{Late, Silent, Garbage, Twice, Foreign, Fail}
	httpFaults   = []FaultKind{Status, Page, Empty, Endless, Redirect}
)

// FaultKinds are all kinds.
func FaultKinds() []FaultKind { return slices.Concat(linkFaults, answerFaults, httpFaults) }

// A Fault is one misbehaviour, now or at the next occasion.
type Fault struct {
	Kind  FaultKind     `json:"kind"`
	On    string        `json:"on,omitempty"`    // name of the message that it happens to, "executemethod". Zero: see the kinds
	Times int           `json:"times,omitempty"` // how often. Zero means once; negative until Clear
	Delay time.Duration `json:"-"`               // see the kinds. Zero means 5 s for Late
}

var _ encoding.TextUnmarshaler = (*Fault)(nil)

// UnmarshalText reads KIND[@MESSAGE][*TIMES][:DELAY], as in "late@executemethod:20s" and
// "silent@ping*3"; "*" alone stands for "until it is cleared".
func (f *Fault) UnmarshalText(b []byte) error {
	rest, delay, timed := strings.Cut(string(b), ":")
	rest, times, counted := strings.Cut(rest, "*")
	kind, on, _ := strings.Cut(rest, "@")
	got := Fault{Kind: FaultKind(kind), On: on}
	if timed {
		d, err := time.ParseDuration(delay)
		if err != nil {
			return fmt.Errorf("fault %s: %w", b, err)
		}
		got.Delay = d
	}
	if counted && times == "" {
		got.Times = -1
	} else if counted {
		if _, err := fmt.Sscanf(times, "%d", &got.Times); err != nil {
			return fmt.Errorf("fault %s: %q is no number", b, times)
		}
	}
	*f = got
	return nil
}

// String is the text that UnmarshalText reads.
func (f Fault) String() string {
	s := string(f.Kind)
	if f.On != "" {
		s += "@" + f.On
	}
	switch {
	case f.Times < 0:
		s += "*"
	case f.Times > 1:
		s += fmt.Sprintf("*%d", f.Times)
	}
	if f.Delay != 0 {
		s += ":" + f.Delay.String()
	}
	return s
}

func (f Fault) check(m Mode) error {
	switch {
	case !slices.Contains(FaultKinds(), f.Kind):
		return fmt.Errorf("crmsim: no fault %q: want one of %v", f.Kind, FaultKinds())
	case slices.Contains(httpFaults, f.Kind) && !m.posted():
		return fmt.Errorf("crmsim: fault %s is for the modes http and https", f.Kind)
	case f.Kind == Close && m.posted():
		return fmt.Errorf("crmsim: fault %s is for WebSockets", f.Kind)
	case f.Delay < 0:
		return fmt.Errorf("crmsim: fault %s: a negative delay", f.Kind)
	}
	return nil
}

// link says that a fault is one of the link, not of an answer.
func (f Fault) link() bool { return slices.Contains(linkFaults, f.Kind) }

// instant says that a fault does not wait for a message. Over HTTP there is no link to drop between
// two posts.
func (f Fault) instant(m Mode) bool {
	if m.posted() && (f.Kind == Drop || f.Kind == Reset) {
		return false
	}
	return f.On == "" && f.link()
}

// The faults that wait, the oldest first. With CRM.mu held.
type faultQueue []Fault

// take finds the fault for an answer and counts it. answered says that there is an answer to spoil.
func (q *faultQueue) take(name string, answered bool) (Fault, bool) {
	for i := range *q {
		f := &(*q)[i]
		if f.On != name && (f.On != "" || !answered) {
			continue
		}
		got := *f
		switch {
		case f.Times > 1:
			f.Times--
		case f.Times >= 0:
			*q = slices.Delete(*q, i, i+1)
		}
		return got, true
	}
	return Fault{}, false
}

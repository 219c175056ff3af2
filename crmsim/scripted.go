package crmsim

import (
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// A Scripted is what a script says to a question.
type Scripted struct {
	Out    wire.Object
	Button string        // of a form
	Err    *wire.Error   // instead
	Never  bool          // no answer at all
	Delay  time.Duration // before the answer
}

// Run is the answer to a run of a method. login is the user's for whom it is run, "" for nobody's.
func (s *Script) Run(method, login string, in wire.Object) Scripted {
	return s.run(method, scope{in: in, login: login})
}

func (s *Script) run(key string, as scope) Scripted {
	method := s.method(key)
	if method == nil {
		return Scripted{Err: &wire.Error{Code: 404, Text: "no method " + key}}
	}
	a := method.answer(as.in)
	got := Scripted{Delay: method.Delay}
	if a != nil && a.Delay != 0 {
		got.Delay = a.Delay
	}
	switch {
	case a == nil:
		got.Err = &wire.Error{Code: 404, Text: "no answer for these inputs"}
	case a.Never:
		got.Never = true
	case a.Error != nil:
		got.Err = &wire.Error{Code: a.Error.Code, Text: as.text(a.Error.Text)}
	default:
		got.Out = as.object(a.out)
	}
	return got
}

// Fill is what a user does with a form. One that nobody answers, or that the script does not have, stays
// open: Never.
func (s *Script) Fill(form, login string, in wire.Object) Scripted {
	f := s.form(form)
	if f == nil || f.Answer == nil {
		return Scripted{Never: true}
	}
	return Scripted{Out: scope{in: in, login: login}.object(f.Answer.out), Button: f.Answer.Button, Delay: f.Answer.After}
}

package crmsim

import (
	_ "embed"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/octolink/octolink/protocol/wire"
)

// demoYAML is a small address book.
//
//go:embed demo.yaml
var demoYAML []byte

// DemoYAML is the text of the demo script, to begin one's own with.
func DemoYAML() []byte { return slices.Clone(demoYAML) }

// DemoScript is a small address book: contacts are found and created, each has somebody who is
// responsible, and a card shows one.
func DemoScript() *Script {
	s, err := ParseScript(demoYAML)
	if err != nil {
		panic("crmsim: the demo script: " + err.Error()) // it was built in
	}
	return s
}

// A Script says what the CRM offers and what it answers.
type Script struct {
	Methods []Method `yaml:"methods"`
	Forms   []Form   `yaml:"forms"`
}

// A Method is a dynamic method [P 9].
type Method struct {
	Key         string        `yaml:"key"`
	Name        string        `yaml:"name"` // caption
	Description string        `yaml:"description"`
	User        bool          `yaml:"user"`       // must be run for a user
	Connection  string        `yaml:"connection"` // "websocket": not over HTTP; "http" or empty: everywhere
	In          []Param       `yaml:"in"`
	Out         []Param       `yaml:"out"`
	Delay       time.Duration `yaml:"delay"`   // before the answer
	Answers     []Answer      `yaml:"answers"` // the first that fits is given
}

// An Answer is what a method gives back for some inputs.
type Answer struct {
	// When names inputs and what they must be; a text may end with * to take every rest. Empty means
	// always.
	When  yaml.MapSlice `yaml:"when"`
	Out   yaml.MapSlice `yaml:"out"`   // values may be templates
	Error *Failure      `yaml:"error"` // instead
	Never bool          `yaml:"never"` // no answer at all
	Delay time.Duration `yaml:"delay"` // instead of the method's, if not zero

	when, out wire.Object
}

// A Failure is an answer that is an error.
type Failure struct {
	Code int    `yaml:"code"`
	Text string `yaml:"text"` // may be a template
}

// A Form is shown at a user's screen.
type Form struct {
	Key         string      `yaml:"key"`
	Name        string      `yaml:"name"`
	Description string      `yaml:"description"`
	AllowCancel bool        `yaml:"allowcancel"`
	User        bool        `yaml:"user"`
	Connection  string      `yaml:"connection"`
	In          []Param     `yaml:"in"`
	Out         []Param     `yaml:"out"`
	Answer      *FormAnswer `yaml:"answer"` // what a user does with it. None means that he only looks
}

// A FormAnswer is what a user fills in.
type FormAnswer struct {
	After  time.Duration `yaml:"after"`
	Button string        `yaml:"button"`
	Out    yaml.MapSlice `yaml:"out"` // values may be templates over the form's inputs

	out wire.Object
}

// A Param is a parameter of a method or a form.
type Param struct {
	Key         string `yaml:"key" wire:"key" doc:"by which it is given"`
	Name        string `yaml:"name" wire:"name" doc:"caption"`
	Description string `yaml:"description" wire:"description" doc:"what it is"`
	Type        string `yaml:"type" wire:"type" doc:"string, list, int, float, bool, datetime or guid"`
	Items       []Item `yaml:"items" wire:"items,omitempty" doc:"what may be chosen"`
}

// An Item is one choice of a list.
type Item struct {
	ID   string `yaml:"id" wire:"id" doc:"the value"`
	Name string `yaml:"name" wire:"name" doc:"caption"`
}

// method finds a method by key.
func (s *Script) method(key string) *Method {
	i := slices.IndexFunc(s.Methods, func(m Method) bool { return m.Key == key })
	if i < 0 {
		return nil
	}
	return &s.Methods[i]
}

// form finds a form by key.
func (s *Script) form(key string) *Form {
	i := slices.IndexFunc(s.Forms, func(f Form) bool { return f.Key == key })
	if i < 0 {
		return nil
	}
	return &s.Forms[i]
}

// answer is the first answer that fits; nil when none does.
func (m *Method) answer(in wire.Object) *Answer {
	for i := range m.Answers {
		if m.Answers[i].fits(in) {
			return &m.Answers[i]
		}
	}
	return nil
}

func (a *Answer) fits(in wire.Object) bool {
	for _, w := range a.when {
		want, got := text(w.Value), field(in, w.Key)
		if start, open := strings.CutSuffix(want, "*"); open {
			if !strings.HasPrefix(got, start) {
				return false
			}
		} else if got != want {
			return false
		}
	}
	return true
}

package crmsim

import (
	_ "embed"
	"errors"
	"fmt"
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

// ParseScript reads a script. It is strict: an unknown key, a template without its parameter, an
// answer for an input that is not declared are errors.
func ParseScript(text []byte) (*Script, error) {
	var s Script
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict(), yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("script: %s", strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	var wrong []error
	seen := map[string]bool{}
	for i := range s.Methods {
		m := &s.Methods[i]
		wrong = append(wrong, prefixed("method", m.Key, seen, m.prepare()))
	}
	seen = map[string]bool{}
	for i := range s.Forms {
		f := &s.Forms[i]
		wrong = append(wrong, prefixed("form", f.Key, seen, f.prepare()))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	return &s, nil
}

// prefixed says where an error is, and finds keys that are missing or doubled.
func prefixed(kind, key string, seen map[string]bool, err error) error {
	switch {
	case key == "":
		return fmt.Errorf("script: a %s without a key", kind)
	case seen[key]:
		return fmt.Errorf("script: two %ss with the key %q", kind, key)
	case err != nil:
		err = fmt.Errorf("script: %s %s: %w", kind, key, err)
	}
	seen[key] = true
	return err
}

func (m *Method) prepare() error {
	m.Name = either(m.Name, m.Key)
	if err := errors.Join(checkConnection(m.Connection), checkParams(m.In), checkParams(m.Out)); err != nil {
		return err
	}
	for i := range m.Answers {
		a := &m.Answers[i]
		a.when, a.out = object(a.When), object(a.Out)
		if err := a.check(m); err != nil {
			return fmt.Errorf("answer %d: %w", i+1, err)
		}
	}
	return nil
}

func (a *Answer) check(m *Method) error {
	for _, w := range a.when {
		if !declared(m.In, w.Key) {
			return fmt.Errorf("when: no parameter %q", w.Key)
		}
	}
	ways := 0
	for _, given := range []bool{len(a.out) > 0, a.Error != nil, a.Never} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return errors.New("out, error and never exclude each other")
	}
	if a.Error != nil {
		if err := checkTemplates(a.Error.Text, names(m.In)); err != nil {
			return err
		}
	}
	return checkOut(a.out, m.In, m.Out)
}

func (f *Form) prepare() error {
	f.Name = either(f.Name, f.Key)
	if err := errors.Join(checkConnection(f.Connection), checkParams(f.In), checkParams(f.Out)); err != nil {
		return err
	}
	if f.Answer == nil {
		return nil
	}
	f.Answer.out = object(f.Answer.Out)
	return checkOut(f.Answer.out, f.In, f.Out)
}

// checkOut wants declared outputs, made of declared inputs.
func checkOut(out wire.Object, in, declaredOut []Param) error {
	for _, m := range out {
		if !declared(declaredOut, m.Key) {
			return fmt.Errorf("out: no parameter %q", m.Key)
		}
	}
	return checkTemplates(out, names(in))
}

func declared(all []Param, key string) bool {
	return slices.ContainsFunc(all, func(p Param) bool { return p.Key == key })
}

func names(in []Param) func(string) bool {
	return func(name string) bool { return declared(in, name) || slices.Contains(ownNames, name) }
}

func checkConnection(c string) error {
	if c != "" && c != "websocket" && c != "http" {
		return fmt.Errorf("connection %q: want websocket or http", c)
	}
	return nil
}

var paramTypes = []string{"string", "list", "int", "float", "bool", "datetime", "guid"}

func checkParams(all []Param) error {
	seen := map[string]bool{}
	for i := range all {
		p := &all[i]
		p.Type = either(p.Type, "string")
		p.Name = either(p.Name, p.Key)
		switch {
		case p.Key == "":
			return errors.New("a parameter without a key")
		case seen[p.Key]:
			return fmt.Errorf("two parameters %q", p.Key)
		case !slices.Contains(paramTypes, p.Type):
			return fmt.Errorf("parameter %s: type %q: want one of %s", p.Key, p.Type, strings.Join(paramTypes, ", "))
		case len(p.Items) > 0 && p.Type != "list":
			return fmt.Errorf("parameter %s: items need type list", p.Key)
		}
		seen[p.Key] = true
	}
	return nil
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

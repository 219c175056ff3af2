package crmsim

import (
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// What a template may name beside the parameters.
const (
	nameLogin = "$login" // of the user whom the run is for
	nameID    = "$userid"
	nameGUID  = "$guid" // a fresh one, as for a new record
	nameNow   = "$now"  // RFC 3339, UTC
)

var ownNames = []string{nameLogin, nameID, nameGUID, nameNow}

// A scope is what the names of a template stand for.
type scope struct {
	in        wire.Object
	login, id string
}

// value is what a name stands for; nothing for a parameter that was not given.
func (s scope) value(name string) any {
	switch name {
	case nameLogin:
		return s.login
	case nameID:
		return s.id
	case nameGUID:
		return newGUID()
	case nameNow:
		return time.Now().UTC().Format(time.RFC3339)
	}
	if v, ok := s.in.Get(name); ok {
		return v
	}
	return ""
}

// fill puts values into the templates of a value. A text that is nothing but one name becomes that
// name's value with its type.
func (s scope) fill(v any) any {
	switch v := v.(type) {
	case string:
		if name, alone := loneName(v); alone {
			return s.value(name)
		}
		return s.text(v)
	case wire.List:
		list := make(wire.List, len(v))
		for i := range v {
			list[i] = s.fill(v[i])
		}
		return list
	case wire.Object:
		return s.object(v)
	}
	return v
}

func (s scope) object(o wire.Object) wire.Object {
	filled := make(wire.Object, len(o))
	for i, m := range o {
		filled[i] = wire.Member{Key: m.Key, Value: s.fill(m.Value)}
	}
	return filled
}

func (s scope) text(template string) string {
	var b strings.Builder
	// The script was checked: it has no template without an end.
	_ = eachPart(template, func(literal, name string) error {
		b.WriteString(literal)
		if name != "" {
			b.WriteString(text(s.value(name)))
		}
		return nil
	})
	return b.String()
}

// loneName is the name of a template that has nothing around it.
func loneName(template string) (string, bool) {
	inner, ok := strings.CutPrefix(template, "{{")
	if !ok {
		return "", false
	}
	name, rest, ok := strings.Cut(inner, "}}")
	return strings.TrimSpace(name), ok && rest == ""
}

// eachPart walks over a template: text, and the name after it; "" at the end.
func eachPart(template string, visit func(literal, name string) error) error {
	for {
		literal, rest, open := strings.Cut(template, "{{")
		if !open {
			return visit(literal, "")
		}
		name, after, closed := strings.Cut(rest, "}}")
		name = strings.TrimSpace(name)
		if !closed || name == "" {
			return fmt.Errorf("template %q: want {{NAME}}", template)
		}
		if err := visit(literal, name); err != nil {
			return err
		}
		template = after
	}
}

// checkTemplates looks for names that mean nothing.
func checkTemplates(v any, known func(name string) bool) error {
	switch v := v.(type) {
	case string:
		return eachPart(v, func(_, name string) error {
			if name != "" && !known(name) {
				return fmt.Errorf("template %q: no parameter %q", v, name)
			}
			return nil
		})
	case wire.List:
		for _, item := range v {
			if err := checkTemplates(item, known); err != nil {
				return err
			}
		}
	case wire.Object:
		for _, m := range v {
			if err := checkTemplates(m.Value, known); err != nil {
				return fmt.Errorf("%s: %w", m.Key, err)
			}
		}
	}
	return nil
}

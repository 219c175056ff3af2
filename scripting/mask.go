package scripting

import (
	"reflect"
	"strings"
	"time"

	"encoding/json"

	"github.com/octolink/octolink/crm"
)

// masked stands for what must not be seen.
const masked = "***"

// secretWords are parts of the names of parameters whose values nobody may see in a trace.
var secretWords = []string{"password", "passwd", "secret", "token", "cvv", "cvc", "card", "apikey", "api_key", "authorization", "credential"}

// secretNames are whole names of that kind: as parts they would hide too much.
var secretNames = []string{"pin", "pass", "pwd", "code2fa", "otp", "pan"}

// isSecret reports whether a parameter's value must not be seen.
func isSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	for _, whole := range secretNames {
		if name == whole || strings.HasSuffix(name, "_"+whole) {
			return true
		}
	}
	return false
}

// A shower writes values as JSON, as far as they fit, without secrets.
type shower struct {
	b       []byte
	max     int
	secrets []string // values that were seen to be secret
}

// full reports whether no more is wanted.
func (s *shower) full() bool { return len(s.b) >= s.max }

func (s *shower) text() string { return cut(string(s.b), s.max) }

// show writes a value: those of crm, structs with tags, lists.
func (s *shower) show(v any) {
	if s.full() {
		return
	}
	switch x := v.(type) {
	case nil:
		s.raw("null")
	case string:
		s.quote(x)
	case bool:
		if x {
			s.raw("true")
		} else {
			s.raw("false")
		}
	case crm.Number:
		s.number(string(x))
	case crm.List:
		s.list(len(x), func(i int) any { return x[i] })
	case []any:
		s.list(len(x), func(i int) any { return x[i] })
	case targets:
		s.list(len(x), func(i int) any { return x[i] })
	case crm.Values:
		s.open('{')
		for i, p := range x {
			s.member(i, p.Key, p.Value)
		}
		s.raw("}")
	case time.Duration:
		s.json(x.Seconds())
	case time.Time:
		s.json(x)
	case prompt:
		s.quote(x.file + x.text)
	case none:
	default:
		s.reflected(reflect.ValueOf(v))
	}
}

func (s *shower) reflected(v reflect.Value) {
	if v.Kind() != reflect.Struct {
		s.json(v.Interface())
		return
	}
	s.open('{')
	n := 0
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("js")
		if arg, ok := f.Tag.Lookup("arg"); ok {
			name, _, _ = strings.Cut(arg, ",")
		}
		if name == "" || v.Field(i).IsZero() {
			continue
		}
		s.member(n, name, v.Field(i).Interface())
		n++
	}
	s.raw("}")
}

func (s *shower) member(i int, name string, v any) {
	if s.full() {
		return
	}
	if i > 0 {
		s.raw(",")
	}
	s.json(name)
	s.raw(":")
	if _, choice := v.(bool); !choice && v != nil && isSecret(name) {
		s.quote(masked)
		return
	}
	s.show(v)
}

func (s *shower) list(n int, at func(int) any) {
	s.open('[')
	for i := range n {
		if s.full() {
			return
		}
		if i > 0 {
			s.raw(",")
		}
		s.show(at(i))
	}
	s.raw("]")
}

func (s *shower) open(c byte)     { s.b = append(s.b, c) }
func (s *shower) raw(text string) { s.b = append(s.b, text...) }

func (s *shower) quote(text string) {
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, masked)
	}
	s.json(cut(text, s.max))
}

func (s *shower) number(text string) {
	for _, secret := range s.secrets {
		if text == secret {
			s.json(masked)
			return
		}
	}
	s.raw(text)
}

func (s *shower) json(v any) {
	if text, ok := v.(string); ok && plainText(text) {
		s.b = append(append(append(s.b, '"'), text...), '"')
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte(`"?"`)
	}
	s.b = append(s.b, text...)
}

// plainText reports whether a string is the same inside JSON's quotes.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

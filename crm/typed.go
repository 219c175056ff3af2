package crm

import (
	"slices"
	"strings"
)

// Typed gives values the types that a catalogue declares for them: CRMs and flows write numbers and flags
// as texts, and texts of digits as numbers. What does not fit its type stays as it is: the other side
// knows better. The values given are not changed.
func Typed(in Values, params []Param) Values {
	out, own := in, false
	for i, v := range in {
		at := slices.IndexFunc(params, func(p Param) bool { return p.Key == v.Key })
		if at < 0 {
			continue
		}
		as, changed := params[at].Type.of(v.Value)
		if !changed {
			continue
		}
		if !own {
			out, own = slices.Clone(in), true
		}
		out[i].Value = as
	}
	return out
}

// of reads a value as one of the type, if it is another one and can be read so.
func (t Type) of(v any) (as any, changed bool) {
	switch v := v.(type) {
	case string:
		return t.ofText(v)
	case Number:
		switch t {
		case String, GUID, Choice, DateTime:
			return string(v), true
		case Bool:
			return v != "0", true
		}
	}
	return nil, false
}

func (t Type) ofText(s string) (as any, changed bool) {
	switch t {
	case Int, Float:
		return Number(s), IsNumber(s)
	case Bool:
		switch strings.ToLower(s) {
		case "1", "true", "yes":
			return true, true
		case "0", "false", "no", "":
			return false, true
		}
	}
	return nil, false
}

// IsNumber reports whether a text is a number as JSON writes them (RFC 8259 section 6), and so can be a
// [Number].
func IsNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, rest := digits(s)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		var fraction string
		if fraction, rest = digits(after); fraction == "" {
			return false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		var power string
		if power, rest = digits(rest); power == "" {
			return false
		}
	}
	return rest == ""
}

func digits(s string) (run, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

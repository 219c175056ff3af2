package scripting

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
)

// targets are whom to ring: one number or login, or several.
type targets []string

// A prompt is what a caller hears: {file}, {text}, or a string, which is a file's name when it looks like
// one and a text otherwise.
type prompt struct{ file, text string }

func (p prompt) pbx(keys string) pbx.Prompt {
	return pbx.Prompt{File: p.file, Text: p.text, Keys: keys}
}

// A binder puts a value into a field. It says what it wants when the value is something else.
type binder = func(v goja.Value, into reflect.Value) (want string)

// binderOf is the binder of a type, and the type's name in declarations.
func binderOf(t reflect.Type, ts string) (bind binder, name string) {
	switch t {
	case durationType:
		bind, name = bindSeconds, "number"
	case valuesType:
		bind, name = bindValues, "Params"
	case anyType:
		bind, name = bindAny, "unknown"
	case anysType:
		name = "unknown[]"
	case targetsType:
		bind, name = bindTargets, "string | string[]"
	case promptType:
		bind, name = bindPrompt, "Prompt"
	default:
		switch t.Kind() {
		case reflect.String:
			bind, name = bindText, "string"
		case reflect.Bool:
			bind, name = bindBool, "boolean"
		case reflect.Int:
			bind, name = bindInt, "number"
		}
	}
	if ts != "" {
		name = ts
	}
	return bind, name
}

const maxText = 1 << 20

// textOf is a string, or a number as a string: phone numbers come as both.
func textOf(v goja.Value) (string, bool) {
	if _, symbol := v.(*goja.Symbol); symbol { // it would be its description
		return "", false
	}
	switch x := v.Export().(type) {
	case string:
		return x, len(x) <= maxText
	case int64:
		return strconv.FormatInt(x, 10), true
	}
	return "", false
}

func bindText(v goja.Value, into reflect.Value) string {
	text, ok := textOf(v)
	if !ok {
		return "a string"
	}
	into.SetString(text)
	return ""
}

func bindBool(v goja.Value, into reflect.Value) string {
	b, ok := v.Export().(bool)
	if !ok {
		return "true or false"
	}
	into.SetBool(b)
	return ""
}

func bindInt(v goja.Value, into reflect.Value) string {
	n, ok := v.Export().(int64)
	if !ok || n < 0 || n > math.MaxInt32 {
		return "a whole number"
	}
	into.SetInt(n)
	return ""
}

// maxSeconds is the longest time that a flow can name: thirty days.
const maxSeconds = 30 * 24 * 3600

func bindSeconds(v goja.Value, into reflect.Value) string {
	var seconds float64
	switch x := v.Export().(type) {
	case int64:
		seconds = float64(x)
	case float64:
		seconds = x
	default:
		return "a number of seconds"
	}
	if !(seconds >= 0 && seconds <= maxSeconds) {
		return fmt.Sprintf("a number of seconds from 0 to %d", maxSeconds)
	}
	into.SetInt(int64(seconds * float64(time.Second)))
	return ""
}

func bindTargets(v goja.Value, into reflect.Value) string {
	const want = "a number, a login or a list of them"
	var all targets
	o, isObject := v.(*goja.Object)
	if !isObject {
		one, ok := textOf(v)
		if !ok || one == "" {
			return want
		}
		all = targets{one}
	} else {
		if o.ClassName() != "Array" {
			return want
		}
		n := o.Get("length").ToInteger()
		if n == 0 || n > pbx.MaxTargets {
			return fmt.Sprintf("a list of 1 to %d numbers or logins", pbx.MaxTargets)
		}
		for i := range n {
			item := o.Get(strconv.FormatInt(i, 10))
			if item == nil {
				return want
			}
			one, ok := textOf(item)
			if !ok || one == "" {
				return want
			}
			all = append(all, one)
		}
	}
	into.Set(reflect.ValueOf(all))
	return ""
}

func bindPrompt(v goja.Value, into reflect.Value) string {
	const want = "a file's name, a text, {file} or {text}"
	var p prompt
	if o, ok := v.(*goja.Object); ok {
		for _, key := range o.Keys() {
			text, ok := textOf(o.Get(key))
			switch {
			case key == "file" && ok:
				p.file = text
			case key == "text" && ok:
				p.text = text
			default:
				return want
			}
		}
	} else {
		text, ok := textOf(v)
		if !ok {
			return want
		}
		if isFileName(text) {
			p.file = text
		} else {
			p.text = text
		}
	}
	if p == (prompt{}) {
		return want
	}
	if len(p.file) > pbx.MaxPrompt || len(p.text) > pbx.MaxPrompt {
		return fmt.Sprintf("at most %d bytes", pbx.MaxPrompt)
	}
	into.Set(reflect.ValueOf(p))
	return ""
}

// isFileName reports whether a prompt's string names a file: Latin letters, digits and ".", "-", "_", "/"
// without a blank.
func isFileName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-/", r)
	})
}

func bindValues(v goja.Value, into reflect.Value) string {
	value, err := fromJS(v)
	if err != nil {
		return "an object of plain values: " + err.Error()
	}
	values, ok := value.(crm.Values)
	if !ok {
		return "an object"
	}
	into.Set(reflect.ValueOf(values))
	return ""
}

func bindAny(v goja.Value, into reflect.Value) string {
	value, err := fromJS(v)
	if err != nil {
		return "plain values: " + err.Error()
	}
	if value != nil {
		into.Set(reflect.ValueOf(value))
	}
	return ""
}

func isNothing(v goja.Value) bool { return v == nil || goja.IsUndefined(v) || goja.IsNull(v) }

// describe says what a value is, for a message: its kind, and a short one itself.
func describe(v goja.Value) string {
	if v == nil || goja.IsUndefined(v) {
		return "undefined"
	}
	if goja.IsNull(v) {
		return "null"
	}
	if o, ok := v.(*goja.Object); ok {
		switch o.ClassName() {
		case "Array":
			return "an array"
		case "Function":
			return "a function"
		}
		return "an object"
	}
	if _, symbol := v.(*goja.Symbol); symbol {
		return "a symbol"
	}
	if s, ok := v.Export().(string); ok {
		return strconv.Quote(cut(s, 40))
	}
	return cut(v.String(), 40)
}

// cut shortens a text at a rune's border.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

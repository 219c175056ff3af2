package flowtest

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

// A tester is what a test's function gets: t.
type tester struct {
	s      *session
	rt     *goja.Runtime
	report *Test
	calls  int // of t.call so far
	quiet  *hangup
}

// A hangup is one replay of a test: in its so-manieth call the caller hangs up in the so-manieth step.
type hangup struct {
	call, step int
	trace      scripting.Trace
	ended      string
	met        bool
	quick      bool // the step does not wait
}

// object is the script's t.
func (t *tester) object() *goja.Object {
	o := t.rt.NewObject()
	for name, fn := range map[string]func(goja.FunctionCall) goja.Value{
		"now": t.now, "provider": t.provider, "form": t.form, "phone": t.phone, "queue": t.queue, "screen": t.screen, "kept": t.kept,
		"call": t.call, "start": t.start,
		"equal": t.equal, "ok": t.ok, "match": t.match, "fail": t.fail, "log": t.log,
		"failure": t.failure, "never": t.never, "late": t.late, "closed": t.closed,
	} {
		_ = o.Set(name, func(c goja.FunctionCall) goja.Value { // a fresh object takes everything
			defer func() {
				p := recover()
				if wrong, ok := p.(wrongUse); ok {
					panic(t.rt.NewTypeError("t." + name + ": " + string(wrong)))
				} else if p != nil {
					panic(p)
				}
			}()
			return fn(c)
		})
	}
	return o
}

// wrongUse is what a test did wrong with t.
type wrongUse string

func (t *tester) text(c goja.FunctionCall, i int, what string) string {
	s, ok := c.Argument(i).Export().(string)
	if !ok {
		panic(wrongUse(fmt.Sprintf("argument %d is %s", i+1, what)))
	}
	return s
}

func (t *tester) now(c goja.FunctionCall) goja.Value {
	text := t.text(c, 0, "a time such as 2026-01-12T09:00:00+03:00")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(wrongUse(fmt.Sprintf("%q is no time: want one such as 2026-01-12T09:00:00+03:00", text)))
	}
	t.s.w.clock.set(at)
	return goja.Undefined()
}

func (t *tester) crm(name string) *provider {
	w := t.s.w
	p := w.providers[name]
	if p == nil {
		p = &provider{w: w, name: name, methods: map[string]func(string, crm.Values) answer{}, forms: map[string]func(string, crm.Values) answer{}}
		w.providers[name] = p
		w.directory.Put(p)
	}
	return p
}

func (t *tester) provider(c goja.FunctionCall) goja.Value {
	p := t.crm(t.text(c, 0, "the provider's name"))
	methods, ok := c.Argument(1).(*goja.Object)
	if !ok {
		panic(wrongUse("argument 2 is an object: an answer for each method"))
	}
	for _, key := range methods.Keys() {
		p.methods[key] = t.answering(methods.Get(key), false)
	}
	return goja.Undefined()
}

func (t *tester) form(c goja.FunctionCall) goja.Value {
	name, form, ok := strings.Cut(t.text(c, 0, `a form's name: "provider.form"`), ".")
	if !ok {
		panic(wrongUse(`argument 1 is a form's name: "provider.form"`))
	}
	give := t.answering(c.Argument(1), true)
	t.crm(name).forms[form] = func(user string, in crm.Values) answer {
		a := give(user, in)
		button, _ := a.out.Get("button")
		values, _ := a.out.Get("values")
		a.button, _ = button.(string)
		a.out, _ = values.(crm.Values)
		return a
	}
	return goja.Undefined()
}

// answering makes an answer of what a test gives: values, a special answer, or a function that gives
// either. Methods are asked with their parameters and then the user, forms the other way round, as flows
// do it.
func (t *tester) answering(v goja.Value, userFirst bool) func(user string, in crm.Values) answer {
	fn, isFunction := goja.AssertFunction(v)
	return func(user string, in crm.Values) answer {
		if !isFunction {
			return t.answer(v)
		}
		if in == nil {
			in = crm.Values{}
		}
		args := []goja.Value{scripting.ToJS(t.rt, in), t.rt.ToValue(user)}
		if userFirst {
			slices.Reverse(args)
		}
		got, err := fn(goja.Undefined(), args...)
		if err != nil {
			t.report.fail(t.positionOf(err), "an answer of the test threw "+messageOf(err))
			return answer{err: errors.New(messageOf(err))}
		}
		return t.answer(got)
	}
}

func (t *tester) answer(v goja.Value) answer {
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return answer{}
	}
	if a, ok := v.Export().(*answer); ok {
		return *a
	}
	plain, err := scripting.FromJS(v)
	values, ok := plain.(crm.Values)
	if err != nil || !ok {
		t.report.fail(t.position(), fmt.Sprintf("an answer is an object, got %v", v))
		return answer{err: errors.New("the test gives no answer")}
	}
	return answer{out: values}
}

func (t *tester) failure(c goja.FunctionCall) goja.Value {
	return t.rt.ToValue(&answer{err: &crm.Error{Code: int(c.Argument(0).ToInteger()), Text: t.text(c, 1, "the error's text")}})
}

func (t *tester) never(goja.FunctionCall) goja.Value { return t.rt.ToValue(&answer{never: true}) }

func (t *tester) closed(goja.FunctionCall) goja.Value {
	return t.rt.ToValue(&answer{err: crm.ErrCancelled})
}

func (t *tester) late(c goja.FunctionCall) goja.Value {
	a := t.answer(c.Argument(1))
	a.delay = seconds(c.Argument(0))
	return t.rt.ToValue(&a)
}

func seconds(v goja.Value) time.Duration {
	if v == nil || goja.IsUndefined(v) {
		return 0
	}
	return time.Duration(v.ToFloat() * float64(time.Second))
}

func (t *tester) phone(c goja.FunctionCall) goja.Value {
	to := t.text(c, 0, "a number or a login")
	p := phone{user: to, talk: 30 * time.Second}
	if strings.Trim(to, "+0123456789") == "" {
		p.user = ""
	}
	t.s.w.phones[to] = t.described(c, p)
	return goja.Undefined()
}

func (t *tester) queue(c goja.FunctionCall) goja.Value {
	t.s.w.queues[t.text(c, 0, "a queue's number")] = t.described(c, phone{user: "agent", talk: 30 * time.Second})
	return goja.Undefined()
}

// described reads how a telephone behaves.
func (t *tester) described(c goja.FunctionCall, p phone) phone {
	o, ok := c.Argument(1).(*goja.Object)
	if !ok {
		panic(wrongUse("argument 2 is an object with answers, talks, user, busy, rejects or unknown"))
	}
	for _, key := range o.Keys() {
		v := o.Get(key)
		switch key {
		case "answers":
			p.takes, p.answer = true, seconds(v)
		case "talks":
			p.talk = seconds(v)
		case "user":
			p.user = v.String()
		case "busy":
			p.busy = v.ToBoolean()
		case "rejects":
			p.rejects, p.answer = true, seconds(v)
		case "unknown":
			p.unknown = v.ToBoolean()
		default:
			panic(wrongUse(fmt.Sprintf("a telephone has answers, talks, user, busy, rejects or unknown, not %q", key)))
		}
	}
	return p
}

func (t *tester) screen(c goja.FunctionCall) goja.Value {
	t.s.w.users[t.text(c, 0, "a login")] = c.Argument(1).ToBoolean()
	return goja.Undefined()
}

func (t *tester) equal(c goja.FunctionCall) goja.Value {
	got, errGot := scripting.FromJS(c.Argument(0))
	want, errWant := scripting.FromJS(c.Argument(1))
	if err := errors.Join(errGot, errWant); err != nil {
		panic(wrongUse(err.Error()))
	}
	if !reflect.DeepEqual(loose(got), loose(want)) {
		t.fails(c, 2, fmt.Sprintf("got %s, want %s", show(got), show(want)))
	}
	return goja.Undefined()
}

func (t *tester) ok(c goja.FunctionCall) goja.Value {
	if !c.Argument(0).ToBoolean() {
		t.fails(c, 1, "it does not hold")
	}
	return goja.Undefined()
}

func (t *tester) match(c goja.FunctionCall) goja.Value {
	o, ok := c.Argument(1).(*goja.Object)
	if !ok || o.ClassName() != "RegExp" {
		panic(wrongUse("argument 2 is a regular expression"))
	}
	test, _ := goja.AssertFunction(o.Get("test"))
	found, err := test(o, c.Argument(0))
	if err != nil {
		panic(err)
	}
	if !found.ToBoolean() {
		t.fails(c, 2, fmt.Sprintf("%q does not match %s", c.Argument(0).String(), o))
	}
	return goja.Undefined()
}

func (t *tester) fail(c goja.FunctionCall) goja.Value {
	t.fails(c, 0, "failed")
	return goja.Undefined()
}

// fails notes a failure; argument i of the call, if it is there, says what was looked at.
func (t *tester) fails(c goja.FunctionCall, i int, text string) {
	if t.quiet != nil {
		return
	}
	if what := c.Argument(i); !goja.IsUndefined(what) {
		text = what.String() + ": " + text
		if i == 0 {
			text = what.String()
		}
	}
	t.report.fail(t.position(), text)
}

func (t *tester) log(c goja.FunctionCall) goja.Value {
	parts := make([]string, len(c.Arguments))
	for i, v := range c.Arguments {
		parts[i] = v.String()
		if plain, err := scripting.FromJS(v); err == nil {
			if _, isText := plain.(string); !isText {
				parts[i] = show(plain)
			}
		}
	}
	if t.quiet == nil {
		t.report.Logs = append(t.report.Logs, strings.Join(parts, " "))
	}
	return goja.Undefined()
}

// position is where in its file the test is.
func (t *tester) position() string { return positionIn(t.rt.CaptureCallStack(0, nil)) }

var testName = regexp.MustCompile(`_test\.[tj]s$`)

func positionIn(stack []goja.StackFrame) string {
	for i := range stack {
		if at := stack[i].Position(); testName.MatchString(at.Filename) {
			return fmt.Sprintf("%s:%d", strings.TrimPrefix(at.Filename, "./"), at.Line)
		}
	}
	return ""
}

func (t *tester) positionOf(err error) string {
	var thrown *goja.Exception
	if errors.As(err, &thrown) {
		return positionIn(thrown.Stack())
	}
	return ""
}

// messageOf is an error without its stack.
func messageOf(err error) string {
	var thrown *goja.Exception
	if errors.As(err, &thrown) && thrown.Value() != nil {
		return thrown.Value().String()
	}
	return err.Error()
}

// loose makes values comparable: the order of keys does not count.
func loose(v any) any {
	switch x := v.(type) {
	case crm.List:
		all := make([]any, len(x))
		for i, item := range x {
			all[i] = loose(item)
		}
		return all
	case crm.Values:
		all := make(map[string]any, len(x))
		for _, p := range x {
			all[p.Key] = loose(p.Value)
		}
		return all
	}
	return v
}

// show writes values for people.
func show(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("%q", x)
	case crm.Number:
		return string(x)
	case crm.List:
		parts := make([]string, len(x))
		for i, item := range x {
			parts[i] = show(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case crm.Values:
		parts := make([]string, len(x))
		for i, p := range x {
			parts[i] = p.Key + ": " + show(p.Value)
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}

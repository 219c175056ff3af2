package scripting

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
)

// needs are what a program needs to have prepared: found by the words of its text, so that a small flow
// does not pay for what it does not mention.
type needs struct {
	globals []string // of the host
	guards  []*guard
}

var words = regexp.MustCompile(`[\p{L}_$][\p{L}\p{N}_$]*`)

// computedCall is a call of a member whose name is known only at run time.
var computedCall = regexp.MustCompile("\\]\\s*(\\?\\.)?\\s*[(`]")

func (t *hostTable) needsOf(text string) (n needs) {
	text, _, _ = strings.Cut(text, "\n//# sourceMappingURL=")
	mentioned := map[string]bool{"[": strings.Contains(text, "["), "...": strings.Contains(text, "...")}
	for _, word := range words.FindAllString(text, -1) {
		mentioned[word] = true
	}
	for _, name := range t.globalNames() {
		if mentioned[name] {
			n.globals = append(n.globals, name)
		}
	}
	all := computedCall.MatchString(text)
	for i := range guards {
		if g := &guards[i]; all || slices.ContainsFunc(g.words, func(w string) bool { return mentioned[w] }) {
			n.guards = append(n.guards, g)
		}
	}
	return n
}

// guard puts the guards into a runtime.
func (n needs) guard(rt *goja.Runtime) {
	for _, g := range n.guards {
		g.put(rt)
	}
}

// A guard stands before a built-in function that can work for long or make something big in one go, where
// no interrupt reaches it.
type guard struct {
	words []string // that lead to it; "[" and "..." are words here
	put   func(rt *goja.Runtime)
}

// A check refuses what a built-in function is called with, by a panic.
type check func(rt *goja.Runtime, this goja.Value, args []goja.Value)

// method guards a method of an object such as "Array.prototype".
func method(holder, name string, c check, also ...string) guard {
	return primitively(holder, name, c, nil, also...)
}

// primitively guards a method whose object and arguments become what they are taken for before they are
// weighed: an object may have another text each time that it is asked for one.
func primitively(holder, name string, c check, as []as, also ...string) guard {
	return guard{words: append([]string{name}, also...), put: func(rt *goja.Runtime) {
		o := object(rt, holder)
		original, ok := goja.AssertFunction(o.Get(name))
		if !ok {
			return // another version of the language
		}
		guarded := rt.ToValue(func(call goja.FunctionCall) goja.Value {
			this, args := primitives(call.This, call.Arguments, as)
			c(rt, this, args)
			v, err := original(this, args...)
			if err != nil {
				panic(err)
			}
			return v
		})
		_ = o.DefineDataProperty(name, guarded, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE) // built-ins can be replaced
	}}
}

func object(rt *goja.Runtime, path string) *goja.Object {
	o := rt.GlobalObject()
	for name := range strings.SplitSeq(path, ".") {
		o = o.Get(name).(*goja.Object)
	}
	return o
}

// constructor guards a class. The guarded one makes the same things: it shares the prototype, and inherits
// what belongs to the class itself.
func constructor(name string, c check) guard {
	return guard{words: []string{name}, put: func(rt *goja.Runtime) {
		original := object(rt, name)
		build, ok := goja.AssertConstructor(original)
		if !ok {
			return
		}
		guarded := rt.ToValue(func(call goja.ConstructorCall) *goja.Object {
			c(rt, nil, call.Arguments)
			made, err := build(call.NewTarget, call.Arguments...)
			if err != nil {
				panic(err)
			}
			return made
		}).(*goja.Object)
		proto := original.Get("prototype").(*goja.Object)
		_ = guarded.DefineDataProperty("prototype", proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE) // all of this
		_ = guarded.SetPrototype(original)                                                                    // can be
		_ = proto.DefineDataProperty("constructor", guarded, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE) // replaced
		_ = rt.GlobalObject().Set(name, guarded)
	}}
}

// absent takes a global away. Whoever calls it is told so.
func absent(name string) guard {
	return guard{words: []string{name}, put: func(rt *goja.Runtime) {
		_ = rt.GlobalObject().Set(name, func(goja.ConstructorCall) *goja.Object { // called with new, and without
			panic(rt.NewTypeError(name + " is not there for flows"))
		})
	}}
}

// tooMuch throws a RangeError.
func tooMuch(rt *goja.Runtime, text string) {
	made, err := rt.New(rt.Get("RangeError"), rt.ToValue(text))
	if err != nil {
		panic(err)
	}
	panic(made)
}

var boundOnce sync.Once

// matchTime is how long an expression may look for a match. One whose time is over does not match, which
// would be a wrong answer; so it is much longer than the limit of a script, which is reached before.
const matchTime = time.Second

// boundExpressions bounds the time of regular expressions that need backtracking, for the whole process:
// goja gives no other way. A run that is in one is given up at its limit; this is for its goroutine, which
// would go on.
func boundExpressions() {
	boundOnce.Do(func() {
		regexp2.DefaultMatchTimeout = matchTime
		regexp2.SetTimeoutCheckPeriod(tick)
	})
}

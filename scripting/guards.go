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

// A call of a member whose name is known only at run time.
var computedCall = regexp.MustCompile(`\]\s*(\?\.)?\s*[(` + "`" + `]`)

func (t *hostTable) needsOf(text string) (n needs) {
	text, _, _ = strings.Cut(text, "\n//# sourceMappingURL=")
	mentioned := map[string]bool{}
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
		if g := &guards[i]; all || g.always || mentioned[g.name] || slices.ContainsFunc(g.also, func(w string) bool { return mentioned[w] }) {
			n.guards = append(n.guards, g)
		}
	}
	return n
}

// A guard stands before a built-in function that can work for long or make something big in one go, where
// no interrupt reaches it.
type guard struct {
	name   string
	also   []string // other words that lead to it
	always bool
	put    func(rt *goja.Runtime)
}

// guard puts the guards into a runtime.
func (n needs) guard(rt *goja.Runtime) {
	for _, g := range n.guards {
		g.put(rt)
	}
}

var guards = []guard{}

var boundOnce sync.Once

// boundExpressions bounds the time of regular expressions that need backtracking, for the whole process:
// goja gives no other way. When the time of one is over, the script's has been, too.
func boundExpressions(cpu time.Duration) {
	boundOnce.Do(func() {
		regexp2.DefaultMatchTimeout = cpu + 5*tick
		regexp2.SetTimeoutCheckPeriod(tick)
	})
}

package scripting

import (
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// hostObjects are what a flow sees of the host. They are made when the flow first touches them: most flows
// use few of them, and each costs as much as a small flow.
type hostObjects struct {
	r      *Run
	errors *goja.Object // the classes of errors; nil: nobody asked yet
}

func newHostObjects(r *Run) *hostObjects { return &hostObjects{r: r} }

// A hostTable finds host functions by their names.
// groups are the names that flows find in front of a dot, with their functions; table is the whole.
type hostTable struct {
	all    []HostFunc
	groups map[string]map[string]*HostFunc // "" has those without a dot
}

func newTable(all []HostFunc) *hostTable {
	t := &hostTable{all: all, groups: map[string]map[string]*HostFunc{}}
	for i := range all {
		group, name, dotted := strings.Cut(all[i].Name, ".")
		if !dotted {
			group, name = "", all[i].Name
		}
		if t.groups[group] == nil {
			t.groups[group] = map[string]*HostFunc{}
		}
		if t.groups[group][name] != nil {
			panic("scripting: " + all[i].Name + " is there twice")
		}
		t.groups[group][name] = &all[i]
	}
	return t
}

// globalNames are all names that a flow can use without declaring them, beside the language's own.
func (t *hostTable) globalNames() []string {
	var all []string
	for group, functions := range t.groups {
		switch group {
		case "call": // it is an argument, no global name
		case "":
			for name := range functions {
				all = append(all, name)
			}
		default:
			all = append(all, group)
		}
	}
	all = append(all, errorClasses...)
	slices.Sort(all)
	return all
}

// globals are the values of the names that the flow's text mentions, behind the object for what it exports.
func (h *hostObjects) globals(handed *goja.Object) []goja.Value {
	needed := h.r.program.needs.globals
	values := make([]goja.Value, 0, len(needed)+1)
	values = append(values, handed)
	for _, name := range needed {
		values = append(values, h.global(name))
	}
	return values
}

func (h *hostObjects) global(name string) goja.Value {
	if f := h.r.e.table.groups[""][name]; f != nil {
		return h.function(f, f.Name)
	}
	if slices.Contains(errorClasses, name) {
		return h.class(name)
	}
	if name == "crm" {
		return h.r.rt.NewDynamicObject(&crmObject{h: h})
	}
	return h.r.rt.NewDynamicObject(&group{h: h, functions: h.r.e.table.groups[name]})
}

// arguments are what the flow's function gets: the call if there is one, and why it was started.
func (h *hostObjects) arguments() []goja.Value {
	start := toJS(h.r.rt, h.r.startValues())
	if h.r.call == nil {
		return []goja.Value{start}
	}
	return []goja.Value{h.r.rt.NewDynamicObject(&callObject{group{h: h, functions: h.r.e.table.groups["call"]}}), start}
}

// function makes a host function a flow's.
func (h *hostObjects) function(f *HostFunc, name string) goja.Value {
	return h.r.rt.ToValue(func(c goja.FunctionCall) goja.Value { return h.r.invoke(f, name, c.Arguments) })
}

// A group is an object of host functions. What a flow sets on it fails: a mistake is seen.
type group struct {
	h         *hostObjects
	functions map[string]*HostFunc
	made      map[string]goja.Value
}

// Get implements goja.DynamicObject.
func (g *group) Get(key string) goja.Value {
	if v := g.made[key]; v != nil {
		return v
	}
	f := g.functions[key]
	if f == nil {
		return nil
	}
	return g.keep(key, g.h.function(f, f.Name))
}

func (g *group) keep(key string, v goja.Value) goja.Value {
	if g.made == nil {
		g.made = make(map[string]goja.Value, 4)
	}
	g.made[key] = v
	return v
}

// Set implements goja.DynamicObject.
func (g *group) Set(string, goja.Value) bool { return false }

// Has implements goja.DynamicObject.
func (g *group) Has(key string) bool { return g.functions[key] != nil }

// Delete implements goja.DynamicObject.
func (g *group) Delete(string) bool { return false }

// Keys implements goja.DynamicObject.
func (g *group) Keys() []string {
	keys := make([]string, 0, len(g.functions))
	for name := range g.functions {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	return keys
}

// A callObject is the call: functions, and what is known of it.
type callObject struct{ group }

// Get implements goja.DynamicObject.
func (c *callObject) Get(key string) goja.Value {
	if fact := callFacts[key]; fact != nil {
		return toJS(c.h.r.rt, fact(c.h.r))
	}
	return c.group.Get(key)
}

// Has implements goja.DynamicObject.
func (c *callObject) Has(key string) bool { return callFacts[key] != nil || c.group.Has(key) }

// Keys implements goja.DynamicObject: the facts, so that a call can be logged.
func (c *callObject) Keys() []string { return []string{"id", "from", "to", "direction", "user"} }

package scripting

import (
	"maps"
	"slices"
)

// A FlowInfo is how a flow is.
type FlowInfo struct {
	Name     string
	File     string   // relative to the folder
	Version  int      // of the program that new runs get, counted from the start of the server; 0: there is none
	Problems Problems // of the file as it is now; not empty: Version is that of the last good one
}

// List is all flows of the folder, by name.
func (e *Engine) List() []FlowInfo {
	f := &e.files
	f.mu.RLock()
	defer f.mu.RUnlock()
	names := map[string]bool{}
	for name := range f.programs {
		names[name] = true
	}
	for name := range f.problems {
		names[name] = true
	}
	list := make([]FlowInfo, 0, len(names))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		one := FlowInfo{Name: name, Problems: f.problems[name]}
		if p := f.programs[name]; p != nil {
			one.Version = p.version
			one.File = fileOf(name, p.inputs)
		}
		list = append(list, one)
	}
	return list
}

// fileOf is the file of a flow among those that its program was made of.
func fileOf(name string, inputs []string) string {
	for _, input := range inputs {
		if input == name+".ts" || input == name+".js" {
			return input
		}
	}
	return ""
}

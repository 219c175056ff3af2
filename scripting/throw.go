package scripting

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
)

// errorClasses are those of errors that host functions throw, beside the language's own.
var errorClasses = []string{"CrmError", "NobodyError", "CallError", "FlowError"}

var classProgram = goja.MustCompile("<host>", `(function () {
	class CrmError extends Error { get name() { return "CrmError"; } }
	class NobodyError extends Error { get name() { return "NobodyError"; } }
	class CallError extends Error { get name() { return "CallError"; } }
	class FlowError extends Error { get name() { return "FlowError"; } }
	return { CrmError, NobodyError, CallError, FlowError };
})()`, true)

// class is one of errorClasses, made when somebody first needs it.
func (h *hostObjects) class(name string) *goja.Object {
	if h.errors == nil {
		v, err := h.r.rt.RunProgram(classProgram)
		if err != nil {
			panic(err) // interrupted
		}
		h.errors = v.(*goja.Object)
	}
	return h.errors.Get(name).(*goja.Object)
}

// throw is what a flow catches for an error of a host function.
func (r *Run) throw(function string, err error) goja.Value {
	var wrong *ArgError
	if errors.As(err, &wrong) {
		return r.rt.NewTypeError(wrong.Error())
	}
	var said *CRMError
	var flow *FlowError
	type field struct {
		name  string
		value any
	}
	class, fields := "CallError", []field{{"function", function}}
	switch {
	case errors.As(err, &said):
		class, fields = "CrmError", []field{{"code", said.Code}, {"text", said.Text}, {"provider", said.Provider}, {"method", said.Method}, {"timeout", said.Timeout}}
	case errors.Is(err, crm.ErrNobody):
		class = "NobodyError"
	case errors.As(err, &flow):
		class, fields = "FlowError", []field{{"flow", flow.Flow}, {"outcome", string(flow.Outcome)}}
	case !strings.HasPrefix(function, "call."):
		class = "Error"
	}
	var made *goja.Object
	var failed error
	text := r.rt.ToValue(err.Error())
	if class == "Error" {
		made, failed = r.rt.New(r.rt.Get("Error"), text)
	} else {
		made, failed = r.rt.New(r.host.class(class), text)
	}
	if failed != nil {
		panic(failed)
	}
	for _, f := range fields {
		_ = made.Set(f.name, f.value) // a fresh object takes everything
	}
	return made
}

// thrownBy describes what a flow threw. It may be anything.
func (r *Run) thrownBy(v goja.Value, stack string) error {
	e := &ThrownError{Stack: stack}
	if o, isObject := v.(*goja.Object); isObject {
		if err := r.reading(func() { e.Text = r.textOfThrown(o) }); err != nil {
			e.Text = "thrown: an object that throws when it is looked at"
		}
	} else {
		e.Text = "thrown: " + describe(v)
	}
	e.Text = r.hide(e.Text)
	return e
}

func (r *Run) textOfThrown(o *goja.Object) string {
	if o.ClassName() == "Error" || o.Get("stack") != nil {
		return cut(o.String(), maxReason)
	}
	plain, err := fromJS(o)
	if err != nil {
		return "thrown: " + describe(o)
	}
	s := shower{max: maxReason, secrets: r.secrets}
	s.show(plain)
	return "thrown: an object " + s.text()
}

// maxFrames is how much of a stack is told.
const maxFrames = 20

// stackText is a stack with positions in the flow's own source.
func stackText(stack []goja.StackFrame) string {
	var b strings.Builder
	for i := range stack {
		if i == maxFrames {
			fmt.Fprintf(&b, "… and %d more\n", len(stack)-i)
			break
		}
		at := stack[i].Position()
		if at.Line == 0 || at.Filename == startName || at.Filename == "<host>" {
			continue // the host's own
		}
		name := stack[i].FuncName()
		if name == "" {
			name = "top level"
		}
		fmt.Fprintf(&b, "at %s (%s:%d:%d)\n", name, sourceName(at.Filename), at.Line, at.Column+1) // a source map counts from 0
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// lastFrames says where functions call each other without end.
func lastFrames(stack []goja.StackFrame) string {
	const enough = 3
	if text := stackText(stack[:min(len(stack), enough)]); text != "" {
		return ": " + strings.ReplaceAll(text, "\n", ", ")
	}
	return ""
}

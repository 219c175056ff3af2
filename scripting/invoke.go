package scripting

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/dop251/goja"
)

// invoke calls a host function for the flow: its arguments are checked, the step is written down, and
// while it waits the script's time does not run.
func (r *Run) invoke(f *HostFunc, name string, args []goja.Value) goja.Value {
	if r.ended() {
		panic(&goja.InterruptedError{}) // also through built-in functions, and through every catch
	}
	r.name = name
	in, out, err := r.protect(f, args)
	var wrong *ArgError
	if errors.As(err, &wrong) {
		wrong.Function = name // of a CRM's method, not of what all of them have in common
	}
	if !r.inHost { // the arguments were refused
		r.step = r.steps.begin(Step{At: r.since(), Name: name})
	}
	r.returned(f, in, out, err)
	if r.ended() {
		panic(&goja.InterruptedError{})
	}
	if err != nil {
		panic(r.throw(name, err))
	}
	return toJS(r.rt, out)
}

// protect turns a panic of ours into an error of this run.
func (r *Run) protect(f *HostFunc, args []goja.Value) (in, out any, err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if !r.inHost { // the script's own: a getter of an argument threw, or was interrupted
			panic(p)
		}
		r.e.opts.Log.Error("a host function failed inside", "flow", r.flow, "method", f.Name, "err", p, "stack", string(debug.Stack()))
		err = fmt.Errorf("internal error in %s", f.Name)
	}()
	return f.call(r.ctx, r, args)
}

// began is called by a host function when its arguments are right.
func (r *Run) began(in any) {
	r.step = r.steps.begin(Step{At: r.since(), Name: r.name, Args: r.show(in)})
	r.inHost = true
	r.e.dog.leave(r.busy)
}

// returned goes on with the script.
func (r *Run) returned(f *HostFunc, in, out any, err error) {
	if r.inHost {
		r.inHost = false
		r.e.dog.enter(r.busy)
	}
	result, why := "", ""
	switch {
	case err != nil:
		why = cut(r.hide(err.Error()), r.e.opts.Limits.StepText)
	case f.secret != nil && f.secret(in):
		r.remember(out)
		result = `"` + masked + `"`
	default:
		result = r.show(out)
	}
	r.steps.end(r.step, r.since(), result, why)
	if err == nil || r.call == nil || r.call.own.Load() {
		return
	}
	switch {
	case r.call.Context().Err() != nil:
		r.callEnded()
	case isCallOver(err):
		r.endFor(err)
	}
}

package scripting

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/octolink/octolink/crm"
)

// What every provider's method and form can be asked for; they are no lines of the table, since their names
// come from catalogues.
var (
	methodFunc = Def("crm.method", "Calls a dynamic method of a CRM.", func(ctx context.Context, r *Run, in methodIn) (answerValues, error) {
		return r.callMethod(ctx, strings.TrimPrefix(r.name, "crm."), in.Params, in.Options)
	})
	showFunc  = Def("crm.form.show", "Shows a form to a user and waits for what he enters.", showForm)
	closeFunc = Def("crm.form.close", "Closes what this run has shown of a form.", closeForm)
)

// crmObject is crm: functions of the table, and one object a provider.
type crmObject struct {
	h    *hostObjects
	made map[string]goja.Value
}

// Get implements goja.DynamicObject.
func (c *crmObject) Get(key string) goja.Value {
	if v := c.made[key]; v != nil {
		return v
	}
	var v goja.Value
	if f := c.h.r.e.table.groups["crm"][key]; f != nil {
		v = c.h.function(f, f.Name)
	} else if isInherited(key) {
		return nil
	} else {
		v = c.h.r.rt.NewDynamicObject(&providerObject{h: c.h, name: key})
	}
	if c.made == nil {
		c.made = make(map[string]goja.Value, 2)
	}
	c.made[key] = v
	return v
}

// isInherited are names that the language itself looks for in objects.
func isInherited(key string) bool {
	switch key {
	case "toJSON", "then", "toString", "valueOf", "constructor", "hasOwnProperty", "toLocaleString", "__proto__", "isPrototypeOf", "propertyIsEnumerable":
		return true
	}
	return false
}

// Set implements goja.DynamicObject.
func (c *crmObject) Set(string, goja.Value) bool { return false }

// Has implements goja.DynamicObject.
func (c *crmObject) Has(key string) bool {
	return c.h.r.e.table.groups["crm"][key] != nil || slices.Contains(c.Keys(), key)
}

// Delete implements goja.DynamicObject.
func (c *crmObject) Delete(string) bool { return false }

// Keys implements goja.DynamicObject: the providers that are there now.
func (c *crmObject) Keys() []string {
	var keys []string
	for _, p := range c.h.r.e.opts.Directory.Providers() {
		keys = append(keys, p.Name())
	}
	return keys
}

// providerObject is crm.<provider>: its methods and forms, whatever the catalogue says now. What it does not
// offer can be called, too, and throws: a CRM that is away is away for every name.
type providerObject struct {
	h    *hostObjects
	name string
	made map[string]goja.Value
}

func (p *providerObject) catalog() crm.Catalog {
	provider, err := p.h.r.e.opts.Directory.Provider(p.name)
	if err != nil {
		return crm.Catalog{}
	}
	return provider.Catalog()
}

// Get implements goja.DynamicObject.
func (p *providerObject) Get(key string) goja.Value {
	if v := p.made[key]; v != nil {
		return v
	}
	c := p.catalog()
	_, isMethod := c.Method(key)
	_, isForm := c.Form(key)
	if !isMethod && !isForm && isInherited(key) {
		return nil
	}
	full := "crm." + p.name + "." + key
	v := p.h.function(&methodFunc, full)
	if isForm || !isMethod {
		o := v.(*goja.Object)
		_ = o.Set("show", p.h.function(&showFunc, full+".show")) // a fresh object takes everything
		_ = o.Set("close", p.h.function(&closeFunc, full+".close"))
	}
	if p.made == nil {
		p.made = make(map[string]goja.Value, 4)
	}
	p.made[key] = v
	return v
}

// Set implements goja.DynamicObject.
func (p *providerObject) Set(string, goja.Value) bool { return false }

// Has implements goja.DynamicObject.
func (p *providerObject) Has(key string) bool { return slices.Contains(p.Keys(), key) }

// Delete implements goja.DynamicObject.
func (p *providerObject) Delete(string) bool { return false }

// Keys implements goja.DynamicObject.
func (p *providerObject) Keys() (keys []string) {
	c := p.catalog()
	for _, m := range c.Methods {
		keys = append(keys, m.Key)
	}
	for _, f := range c.Forms {
		keys = append(keys, f.Key)
	}
	return keys
}

type showIn struct {
	User    string     `arg:"user" doc:"login"`
	Params  crm.Values `arg:"params,optional" doc:"the form's parameters by key"`
	Options struct {
		Timeout time.Duration `arg:"timeout" doc:"seconds for the answer; 300 if not said"`
		NoWait  bool          `arg:"noWait" doc:"do not wait for the answer; the form stays until close or the end of the run"`
	} `arg:"options"`
}

// shown is what a user did with a form.
type shown struct {
	Button string     `js:"button" doc:"the button that was pressed, \"\" when the form has none"`
	Values crm.Values `js:"values" doc:"what was entered, by key"`
}

const (
	formTime   = 5 * time.Minute
	maxWindows = 64 // of one run
)

// formName is "provider.form" of the function that runs.
func (r *Run) formName() string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(r.name, "crm."), ".show"), ".close")
}

func showForm(ctx context.Context, r *Run, in showIn) (shown, error) {
	name := r.formName()
	provider, form, _ := strings.Cut(name, ".")
	if r.e.opts.Desk == nil {
		return shown{}, crm.ErrNobody
	}
	if n := r.openWindows(); n >= maxWindows {
		return shown{}, crmError(provider, form, errors.New("too many forms are open in this run"))
	}
	w, err := r.e.opts.Desk.Show(ctx, in.User, name, in.Params)
	if err != nil {
		return shown{}, crmError(provider, form, err)
	}
	if in.Options.NoWait {
		if r.windows == nil {
			r.windows = map[string][]Window{}
		}
		r.windows[name] = append(r.windows[name], w)
		return shown{Values: crm.Values{}}, nil
	}
	if in.Options.Timeout == 0 {
		in.Options.Timeout = formTime
	}
	bounded, cancel := r.e.withTimeout(ctx, in.Options.Timeout)
	defer cancel()
	defer w.Close()
	button, values, err := w.Wait(bounded)
	if ctx.Err() != nil {
		return shown{}, context.Cause(ctx)
	}
	if err != nil {
		return shown{}, formError(provider, form, err)
	}
	if values == nil {
		values = crm.Values{}
	}
	return shown{Button: button, Values: values}, nil
}

func formError(provider, form string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &CRMError{Code: codeTimeout, Text: "the user did not answer the form in time", Provider: provider, Method: form, Timeout: true, err: err}
	}
	return crmError(provider, form, err)
}

func (r *Run) openWindows() (n int) {
	for _, open := range r.windows {
		n += len(open)
	}
	return n
}

func closeForm(_ context.Context, r *Run, _ none) (none, error) {
	name := r.formName()
	for _, w := range r.windows[name] {
		w.Close()
	}
	delete(r.windows, name)
	return none{}, nil
}

type findIn struct {
	Method  string     `arg:"method" doc:"the method's key, without a provider"`
	Params  crm.Values `arg:"params,optional" doc:"the method's parameters by key"`
	Options struct {
		All     bool          `arg:"all" doc:"all answers as a list of {provider, values, error}, instead of the first that is not empty"`
		Timeout time.Duration `arg:"timeout" doc:"seconds for all together; each provider's own limit if not said"`
	} `arg:"options"`
}

// whatever is a value whose type only the author of a flow knows.
type whatever any

// crmFind asks all providers of a method at the same time.
func crmFind(ctx context.Context, r *Run, in findIn) (whatever, error) {
	offering := r.offering(in.Method)
	if len(offering) == 0 {
		return nil, crmError("", in.Method, crm.ErrNoMethod)
	}
	asked, cancel := context.WithCancel(ctx)
	defer cancel()
	type found struct {
		from int
		out  any
		err  error
	}
	answers := make(chan found, len(offering))
	for i, provider := range offering {
		go func() { // it ends with asked
			out, err := r.callMethod(asked, provider+"."+in.Method, in.Params, methodOptions{Timeout: in.Options.Timeout})
			answers <- found{i, out, err}
		}()
	}
	all := make([]found, len(offering))
	var last error
	for range offering {
		var f found
		select {
		case f = <-answers:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if !in.Options.All && f.err == nil && f.out != nil {
			return f.out, nil
		}
		if f.err != nil {
			last = f.err
		}
		all[f.from] = f
	}
	if !in.Options.All {
		return nil, last
	}
	list := make(crm.List, len(all))
	for i, f := range all {
		v := crm.Values{{Key: "provider", Value: offering[i]}, {Key: "values", Value: f.out}, {Key: "error", Value: nil}}
		if f.err != nil {
			v[2].Value = f.err.Error()
		}
		list[i] = v
	}
	return list, nil
}

// offering are the providers that offer a method.
func (r *Run) offering(method string) (names []string) {
	for _, p := range r.e.opts.Directory.Providers() {
		if _, ok := p.Catalog().Method(method); ok {
			names = append(names, p.Name())
		}
	}
	return names
}

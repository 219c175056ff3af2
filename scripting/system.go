package scripting

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
)

type logIn struct {
	Values []any `arg:"values" doc:"texts and other values, written one behind the other"`
}

const maxLine = 4096

func logLine(_ context.Context, r *Run, in logIn) (none, error) {
	r.lines++
	switch lines := r.e.opts.Limits.Lines; {
	case r.lines > lines+1:
		return none{}, nil
	case r.lines > lines:
		r.e.opts.Log.Warn("further lines of this run are left out", "flow", r.flow, "run", r.id)
		return none{}, nil
	}
	parts := make([]string, len(in.Values))
	for i, v := range in.Values {
		if text, ok := v.(string); ok {
			parts[i] = r.hide(text)
			continue
		}
		s := shower{max: maxLine, secrets: r.secrets}
		s.show(v)
		parts[i] = s.text()
	}
	r.e.opts.Log.Info(cut(strings.Join(parts, " "), maxLine), "flow", r.flow, "call", r.trigger.Chain)
	return none{}, nil
}

type sleepIn struct {
	For time.Duration `arg:"seconds" doc:"how long"`
}

func sleep(ctx context.Context, r *Run, in sleepIn) (none, error) {
	return none{}, r.e.opts.Clock.Sleep(ctx, in.For)
}

func now(_ context.Context, r *Run, _ none) (int64, error) {
	return r.e.opts.Clock.Now().UnixMilli(), nil
}

type scheduleIn struct {
	Hours string `arg:"hours" doc:"days and hours: \"mon-fri 9-18, sat 10:30-14\"; \"*\" for every day"`
	Zone  string `arg:"zone,optional" doc:"time zone such as \"Europe/Moscow\"; the server's if not said"`
}

func scheduleOpen(_ context.Context, r *Run, in scheduleIn) (bool, error) {
	zone := r.e.opts.Zone
	if in.Zone != "" {
		found, err := time.LoadLocation(in.Zone)
		if err != nil {
			return false, &ArgError{Function: "schedule.open", Number: 2, Name: "zone", Want: "a time zone such as \"Europe/Moscow\"", Got: fmt.Sprintf("%.40q", in.Zone)}
		}
		zone = found
	}
	s, err := parseSchedule(in.Hours)
	if err != nil {
		return false, &ArgError{Function: "schedule.open", Number: 1, Name: "hours", Want: "days and hours such as \"mon-fri 9-18\"", Got: err.Error()}
	}
	return s.open(r.e.opts.Clock.Now().In(zone)), nil
}

type kvGetIn struct {
	Key string `arg:"key" doc:"at most 256 bytes"`
}

const maxKey = 256

func checkKey(function, key string) error {
	if key == "" || len(key) > maxKey {
		return &ArgError{Function: function, Number: 1, Name: "key", Want: fmt.Sprintf("a string of 1 to %d bytes", maxKey), Got: fmt.Sprintf("one of %d", len(key))}
	}
	return nil
}

// nothingKept is undefined, told apart from a kept null.
type nothingKept = none

func kvGet(ctx context.Context, r *Run, in kvGetIn) (any, error) {
	if err := checkKey("kv.get", in.Key); err != nil {
		return nil, err
	}
	text, found, err := r.e.opts.KV.Get(ctx, r.flow, in.Key)
	if err != nil || !found {
		return nothingKept{}, err
	}
	return parseJSON(text)
}

type kvSetIn struct {
	Key   string `arg:"key" doc:"at most 256 bytes"`
	Value any    `arg:"value,optional" doc:"what JSON can hold, at most 64 KiB of it; undefined and null drop the key"`
}

func kvSet(ctx context.Context, r *Run, in kvSetIn) (none, error) {
	if err := checkKey("kv.set", in.Key); err != nil {
		return none{}, err
	}
	if in.Value == nil {
		return none{}, r.e.opts.KV.Delete(ctx, r.flow, in.Key)
	}
	text := appendJSON(nil, in.Value)
	if bound := r.e.opts.Limits.Value; len(text) > bound {
		return none{}, &ArgError{Function: "kv.set", Number: 2, Name: "value", Want: fmt.Sprintf("at most %d bytes as JSON", bound), Got: fmt.Sprintf("%d", len(text))}
	}
	return none{}, r.e.opts.KV.Set(ctx, r.flow, in.Key, text)
}

type notifyIn struct {
	User string `arg:"user" doc:"login"`
	Text string `arg:"text" doc:"what he sees"`
}

func notify(ctx context.Context, r *Run, in notifyIn) (none, error) {
	if r.e.opts.House == nil {
		return none{}, ErrNotOffered
	}
	return none{}, r.e.opts.House.Notify(ctx, in.User, in.Text)
}

type emitIn struct {
	Event string `arg:"event" doc:"its name"`
	Data  any    `arg:"data,optional" doc:"what JSON can hold, at most 16 KiB of it"`
}

const maxEvent = 16 << 10

func emit(ctx context.Context, r *Run, in emitIn) (none, error) {
	if r.e.opts.House == nil {
		return none{}, ErrNotOffered
	}
	if n := len(appendJSON(nil, in.Data)); n > maxEvent {
		return none{}, &ArgError{Function: "events.emit", Number: 2, Name: "data", Want: fmt.Sprintf("at most %d bytes as JSON", maxEvent), Got: fmt.Sprintf("%d", n)}
	}
	return none{}, r.e.opts.House.Emit(ctx, in.Event, in.Data)
}

type callbackIn struct {
	User   string `arg:"user" doc:"login of whom to ring first"`
	Number string `arg:"number" doc:"whom to ring then"`
}

func callback(ctx context.Context, r *Run, in callbackIn) (string, error) {
	if r.e.opts.House == nil {
		return "", ErrNotOffered
	}
	return r.e.opts.House.Callback(ctx, in.User, in.Number)
}

type execFlowIn struct {
	Flow   string `arg:"flow" doc:"its name: the file's, without its ending"`
	Params []any  `arg:"params" doc:"what it finds in start.params"`
}

// execFlow runs another flow inside this run: with the same call, and ended with it.
func execFlow(ctx context.Context, r *Run, in execFlowIn) (whatever, error) {
	if r.depth+1 > r.e.opts.Limits.Nested {
		return nil, &FlowError{Flow: in.Flow, Outcome: Limited, err: fmt.Errorf("%w: more than %d", ErrDepth, r.e.opts.Limits.Nested)}
	}
	if called := r.e.opts.Limits.Called; r.called.Add(1) > int64(called) {
		return nil, &FlowError{Flow: in.Flow, Outcome: Limited, err: fmt.Errorf("%w flows were called: %d", ErrFull, called)}
	}
	t := Trigger{Flow: in.Flow, Kind: "flow", User: r.trigger.User, Chain: r.trigger.Chain, Params: texts(in.Params), Event: r.trigger.Event, Data: r.trigger.Data, Depth: r.trigger.Depth, About: r.trigger.About}
	g, err := r.e.start(t, r)
	if err != nil {
		return nil, &FlowError{Flow: in.Flow, Outcome: Refused, err: err}
	}
	<-g.Done() // it ends when this run is told to, and at its own limits
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	result := g.r.told.result
	if result.Err != nil {
		return nil, &FlowError{Flow: in.Flow, Outcome: result.Outcome, err: result.Err}
	}
	return result.Value, nil
}

// A FlowError is why a flow that another one called did not return. Flows get it as a FlowError with these
// fields.
type FlowError struct {
	Flow    string
	Outcome Outcome
	err     error
}

// Error implements error.
func (e *FlowError) Error() string { return "the flow " + e.Flow + ": " + e.err.Error() }

// Unwrap is the reason.
func (e *FlowError) Unwrap() error { return e.err }

// texts are values as strings: a string as it is, else JSON.
func texts(values []any) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = asText(v)
	}
	return all
}

func asText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	}
	return string(appendJSON(nil, v))
}

// Texts are up to three values that a service returns: of a list its items, else the value itself; texts as
// they are, other values as JSON.
func (r Result) Texts() []string {
	list, ok := r.Value.(crm.List)
	if !ok {
		list = crm.List{r.Value}
	}
	return texts(list[:min(len(list), 3)])
}

// appendJSON writes a value; it is one that JSON can hold.
func appendJSON(b []byte, v any) []byte {
	switch x := v.(type) {
	case crm.Number:
		if json.Valid([]byte(x)) {
			return append(b, x...)
		}
		return appendJSON(b, string(x))
	case crm.List:
		b = append(b, '[')
		for i, item := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	case crm.Values:
		b = append(b, '{')
		for i, p := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, p.Key), ':')
			b = appendJSON(b, p.Value)
		}
		return append(b, '}')
	}
	text, err := json.Marshal(v)
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, text...)
}

// parseJSON reads what appendJSON wrote.
func parseJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readJSON(d)
	if err != nil {
		return nil, errors.New("a kept value is no JSON")
	}
	return v, nil
}

func readJSON(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch x := t.(type) {
	case json.Number:
		return crm.Number(x), nil
	case json.Delim:
		if x == '[' {
			list := crm.List{}
			for d.More() {
				item, err := readJSON(d)
				if err != nil {
					return nil, err
				}
				list = append(list, item)
			}
			_, err = d.Token()
			return list, err
		}
		values := crm.Values{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			item, err := readJSON(d)
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			values = append(values, crm.Value{Key: name, Value: item})
		}
		_, err = d.Token()
		return values, err
	}
	return t, nil
}

package scripting

import "context"

// A RunInfo says which run a host function works for.
type RunInfo struct {
	Run    string // GUID
	Flow   string
	Chain  string // GUID of the call that it leads or is about; "" for none
	Caller string // his number; "" when it leads no call
	Depth  int    // of its trigger
}

type runKey struct{}

// RunOf is the run of a context that a [Desk], a [House] or a [KV] was given.
func RunOf(ctx context.Context) (RunInfo, bool) {
	r, ok := ctx.Value(runKey{}).(*Run)
	if !ok {
		return RunInfo{}, false
	}
	i := RunInfo{Run: r.id, Flow: r.flow, Chain: r.trigger.Chain, Depth: r.trigger.Depth}
	if r.call != nil {
		i.Caller = r.call.Info().From.Number
	}
	return i, true
}

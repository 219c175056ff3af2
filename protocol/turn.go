package protocol

import "time"

// A tally counts what is answered where it arrives, if the engine's meter can do that.
type tally struct {
	Tally
	count []func(code int) // by the method's place in the table
}

func newTally(o Options) tally {
	t, ok := o.Meter.(Tally)
	if !ok || o.Table == nil {
		return tally{}
	}
	count := make([]func(int), len(o.Table.rows))
	for i := range o.Table.rows {
		count[i] = t.Of(o.Table.rows[i].Name)
	}
	return tally{t, count}
}

// Turn implements TurnSink.
func (ch *Channel) Turn(begins bool) {
	if begins {
		ch.Alive()
		ch.turn = readings.Get().(*reading)
		return
	}
	if ch.answered > 0 {
		took := ch.engine.clock() - time.Duration(ch.heard.Load())
		ch.engine.tally.Took(int(ch.answered), took)
	}
	readings.Put(ch.turn)
	ch.turn, ch.answered = nil, 0
}

// measure counts an answered request that began then. Of those that came together the end of the turn
// tells how long they took. Only the pusher of frames is in a turn.
func (ch *Channel) measure(m *Method, code int, start time.Duration, atOnce bool) {
	if t := &ch.engine.tally; atOnce && ch.turn != nil && t.Tally != nil {
		t.count[m.place](code)
		ch.answered++
		return
	}
	ch.engine.opts.Meter.Request(m.Name, code, ch.engine.clock()-start)
}

package sim_test

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

// A clocked simulator counts its timers that are running.
type clocked struct {
	*sim.Sim
	timers *atomic.Int64
}

func (c clocked) Run(ctx context.Context, b pbx.Board) error {
	return c.Sim.Run(ctx, clock{b, c.timers})
}

type clock struct {
	pbx.Board
	timers *atomic.Int64
}

func (c clock) After(d time.Duration, fn func()) (cancel func()) {
	var over atomic.Bool
	end := func() {
		if !over.Swap(true) {
			c.timers.Add(-1)
		}
	}
	c.timers.Add(1)
	stop := c.Board.After(d, func() {
		end()
		fn()
	})
	return func() {
		stop()
		end()
	}
}

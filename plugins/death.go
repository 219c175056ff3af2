package plugins

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Pauses before a plugin that died is started again.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
	quickDeath = time.Second // one that lived shorter makes the next pause longer
)

// died counts a death and waits as long as is right before the next start.
func (k *keeper) died(ctx context.Context, why error, restarts int) {
	if deaths, off := k.count(why, restarts); off {
		k.out.note(slog.LevelError, "the plugin died too often and is switched off; octolink plugin enable switches it on", "err", why, "deaths", deaths)
		k.rest(ctx)
		return
	}
	k.out.note(slog.LevelError, "the plugin died and is started again", "err", why, "in", k.pause.String())
	k.wait(ctx, k.pause)
}

// count puts a death on record, and with it what follows: another start after k.pause, or none.
func (k *keeper) count(why error, restarts int) (deaths int, off bool) {
	k.withdraw()
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = nil
	k.deaths = append(k.deaths, now)
	for now.Sub(k.deaths[0]) > time.Hour {
		k.deaths = k.deaths[1:]
	}
	deaths = len(k.deaths)
	if restarts > 0 && deaths > restarts {
		k.enter(Off, fmt.Sprintf("it died %d times within an hour, the last time: %s", deaths, why))
		return deaths, true
	}
	k.pause = nextPause(k.pause, now.Sub(k.since), now.Sub(k.last))
	k.last = now
	k.enter(Waiting, why.Error())
	return deaths, false
}

// nextPause is how long to wait after a death: not at all after the first one within a minute, then
// longer each time that the process did not even live a second.
func nextPause(before, lived, sinceLast time.Duration) time.Duration {
	switch {
	case sinceLast > time.Minute:
		return 0
	case before == 0, lived > quickDeath:
		return firstPause
	}
	return min(2*before, lastPause)
}

// wait passes a time; an order ends it.
func (k *keeper) wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case o := <-k.orders:
		k.answer(ctx, o)
	}
}

// rest waits until an operator wants the plugin to run.
func (k *keeper) rest(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-k.orders:
			if k.answer(ctx, o); o.what != "disable" {
				return
			}
		}
	}
}

// idle waits until something of the folder changes, or an operator wants another attempt.
func (k *keeper) idle(ctx context.Context, seen string) {
	look := time.NewTicker(k.m.o.Poll)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-k.orders:
			k.answer(ctx, o)
			return
		case <-look.C:
			if k.stamp() != seen {
				return
			}
		}
	}
}

// answer takes an order while no process runs: all but disable mean a new start with a clean record.
func (k *keeper) answer(ctx context.Context, o order) {
	if o.what == "disable" {
		before := k.status().State
		k.become(Disabled, "an operator disabled it")
		o.done <- nil
		if before != Disabled {
			k.rest(ctx)
		}
		return
	}
	k.pause = 0
	k.mu.Lock()
	k.deaths = nil
	k.enter(Starting, "")
	k.mu.Unlock()
	o.done <- nil
}

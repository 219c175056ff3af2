package bench

import (
	"context"
	"sync"
)

// open makes the tabs, so many at once, each by ready. What failed is in the result.
func open(ctx context.Context, o Options, stage string, r *Result, ready func(*tab) error) []*tab {
	bar := o.Progress(stage, o.Tabs)
	defer func() { _ = bar.Finish() }()
	var (
		mu   sync.Mutex
		tabs = make([]*tab, 0, o.Tabs)
		wg   sync.WaitGroup
		room = make(chan struct{}, max(o.Concurrency, 1))
	)
	for i := range o.Tabs {
		if ctx.Err() != nil {
			break
		}
		room <- struct{}{}
		wg.Go(func() {
			defer func() { <-room; _ = bar.Add(1) }()
			t, err := openOne(ctx, o, o.Users[i%len(o.Users)], ready)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.fail(err)
				return
			}
			tabs = append(tabs, t)
		})
	}
	wg.Wait()
	return tabs
}

func openOne(ctx context.Context, o Options, u User, ready func(*tab) error) (*tab, error) {
	t, err := dial(ctx, o, u)
	if err != nil {
		return nil, err
	}
	if err := ready(t); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

func closeAll(tabs []*tab) {
	var wg sync.WaitGroup
	for _, t := range tabs {
		wg.Go(t.close)
	}
	wg.Wait()
}

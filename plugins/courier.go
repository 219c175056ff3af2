package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// How deliveries are tried again.
const (
	defaultRetry  = time.Second // after the first attempt that failed; each one more doubles it
	lastRetry     = 5 * time.Minute
	attemptWithin = 30 * time.Second
	maxRefusals   = 10                 // of one delivery: then it is given up
	keepTrying    = 7 * 24 * time.Hour // then too
	maxConfirm    = 64 << 10           // bytes of a confirmation that are read
)

// A courier delivers what plugins have in the outbox: one request after the other to each endpoint, again
// and again until it is confirmed.
type courier struct {
	outbox Deliveries
	retry  time.Duration
	client *http.Client

	mu     sync.Mutex
	ctx    context.Context // nil: it does not run
	rounds map[[2]string]*round
	work   sync.WaitGroup
}

// A round is the way to one endpoint.
type round struct {
	plugin, endpoint, address string
	out                       *output
	wake                      chan struct{}
	cancel                    context.CancelFunc
}

func newCourier(outbox Deliveries, retry time.Duration) *courier {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the operator named an address, not the environment
	return &courier{
		outbox: outbox, retry: retry, rounds: map[[2]string]*round{},
		client: &http.Client{
			Transport: transport, Timeout: attemptWithin,
			// A redirect would carry credentials away.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// post lets the courier work until ctx ends; stop waits for it.
func (h *Host) post(ctx context.Context) (stop func()) {
	if h == nil || h.courier == nil {
		return func() {}
	}
	c := h.courier
	c.mu.Lock()
	c.ctx = ctx
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		c.ctx = nil
		c.mu.Unlock()
		c.work.Wait()
		c.client.CloseIdleConnections()
	}
}

// allow makes the endpoints of a plugin those of its manifest. Rounds to others end; what is on its way
// there waits until they are listed again.
func (h *Host) allow(plugin string, endpoints map[string]string, out *output) {
	if h == nil || h.courier == nil {
		return
	}
	c := h.courier
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, r := range c.rounds {
		if key[0] == plugin && endpoints[key[1]] != r.address {
			r.cancel()
			delete(c.rounds, key)
		}
	}
	for endpoint, address := range endpoints {
		key := [2]string{plugin, endpoint}
		if c.ctx == nil || c.rounds[key] != nil {
			continue
		}
		r := &round{plugin: plugin, endpoint: endpoint, address: address, out: out, wake: make(chan struct{}, 1)}
		var ctx context.Context
		ctx, r.cancel = context.WithCancel(c.ctx)
		c.rounds[key] = r
		c.work.Go(func() { c.deliver(ctx, r) })
	}
}

// news says that there is something to deliver.
func (c *courier) news(plugin, endpoint string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.rounds[[2]string{plugin, endpoint}]; r != nil {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// deliver goes to one endpoint until ctx ends.
func (c *courier) deliver(ctx context.Context, r *round) {
	for ctx.Err() == nil {
		d, err := c.outbox.NextPluginDelivery(ctx, r.plugin, r.endpoint)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.out.note(slog.LevelError, "the outbox cannot be read", "err", err)
			sleep(ctx, lastRetry)
		case d == nil:
			select {
			case <-r.wake:
			case <-ctx.Done():
			}
		default:
			failure, over := c.insist(ctx, r, d)
			if !over {
				return
			}
			if err := c.outbox.EndPluginDelivery(ctx, d.N, failure); err != nil && ctx.Err() == nil {
				// It is delivered again; its key tells the other end.
				r.out.note(slog.LevelError, "the end of a delivery cannot be kept", "key", d.Key, "err", err)
				sleep(ctx, c.retry)
			}
		}
	}
}

// insist tries one delivery until it is over: confirmed, without a failure, or given up. It is not over
// when ctx ended.
func (c *courier) insist(ctx context.Context, r *round, d *Delivery) (failure string, over bool) {
	pause, refusals := c.retry, 0
	for {
		err := c.attempt(ctx, r, d)
		if err == nil {
			return "", true
		}
		if ctx.Err() != nil {
			return "", false
		}
		var no *refused
		if errors.As(err, &no) {
			refusals++
		}
		if refusals >= maxRefusals || time.Since(d.At) > keepTrying {
			r.out.note(slog.LevelError, "a delivery is given up", "endpoint", r.endpoint, "key", d.Key, "err", err)
			return err.Error(), true
		}
		r.out.note(slog.LevelWarn, "a delivery is tried again", "endpoint", r.endpoint, "key", d.Key, "in", pause.String(), "err", err)
		if !sleep(ctx, pause) {
			return "", false
		}
		pause = min(2*pause, lastRetry)
	}
}

// refused is an answer that says that the same request will not do.
type refused struct{ status string }

// Error implements error.
func (r *refused) Error() string { return "the answer was " + r.status }

// attempt sends a delivery once; no error: it was confirmed.
func (c *courier) attempt(ctx context.Context, r *round, d *Delivery) error {
	in := &hostv1.HTTPRequest{}
	if err := proto.Unmarshal(d.Request, in); err != nil {
		return fmt.Errorf("%w: %w", &refused{"not asked for"}, err)
	}
	request, err := outgoing(ctx, r.address, d.Key, in)
	if err != nil {
		return fmt.Errorf("%w: %w", &refused{"not asked for"}, err)
	}
	resp, err := c.client.Do(request) //nolint:gosec // the address is the manifest's
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxConfirm)) // so that the connection serves again
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return errors.New("the answer was " + resp.Status)
	default:
		return &refused{resp.Status}
	}
}

// sleep passes a time; it is false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

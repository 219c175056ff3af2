package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	crms "github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/transports"
)

// echoMethod is a dynamic method of the bench's CRM: its results are its parameters.
const echoMethod = "echo"

// echoText is what goes there and comes back.
const echoText = "79161234567"

// Dynamic measures how long dynamic methods take at a CRM that answers at once, beside an echo method
// that the CRM asks us for, as many in flight.
func Dynamic(ctx context.Context, o Options) (*Result, error) {
	r := &Result{Load: fmt.Sprintf("dynamic, %d in flight, %s", o.Depth, o.Format)}
	s, err := startLink(ctx)
	if err != nil {
		return r, err
	}
	defer s.stop()
	c, err := dialCRM(ctx, o, "ws://"+s.addr+"/")
	if err != nil {
		return r, err
	}
	defer c.close()
	if err := c.offered(s.api.CRMs()); err != nil {
		return r, err
	}
	return r, r.compareDynamic(ctx, o, s.api.CRMs(), c)
}

func (r *Result) compareDynamic(ctx context.Context, o Options, d *crms.Directory, c *crm) error {
	bar := o.Progress("measuring", 2*pairs)
	defer func() { _ = bar.Finish() }()
	var echo, dynamic Latency
	var ratios []float64
	for i := range pairs + 1 {
		window := o.Duration / (2 * pairs)
		if i == 0 {
			window = o.Warmup / 2
		}
		var one, other Latency
		if err := c.echo(ctx, o, window, &one); err != nil {
			return err
		}
		_ = bar.Add(1)
		if err := c.invoked(ctx, o, d, window, &other); err != nil {
			return err
		}
		_ = bar.Add(1)
		if i == 0 {
			continue
		}
		echo.Merge(&one)
		dynamic.Merge(&other)
		ratios = appendRatio(ratios, float64(other.Percentile(99)), float64(one.Percentile(99)))
	}
	if len(ratios) == 0 {
		return errTooShort
	}
	r.add("echoes", float64(echo.N), "")
	r.addLatency("echo", &echo)
	r.add("dynamic methods", float64(dynamic.N), "")
	r.addLatency("dynamic method", &dynamic)
	slices.Sort(ratios)
	r.add("times as long at p99, median", ratios[len(ratios)/2], "")
	return nil
}

// echo keeps pings of the CRM in flight.
func (c *crm) echo(ctx context.Context, o Options, d time.Duration, l *Latency) error {
	asking, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return c.ask(asking, o.Depth, l, func() ([]byte, string) {
		return c.tab.request("ping", wire.Object{{Key: "text", Value: echoText}})
	})
}

// invoked keeps dynamic methods in flight and answers them.
func (c *crm) invoked(ctx context.Context, o Options, d *crms.Directory, window time.Duration, l *Latency) error {
	calling, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	var (
		callers sync.WaitGroup
		mu      sync.Mutex
		failed  error
	)
	for range o.Depth {
		callers.Go(func() {
			var own Latency
			err := invoke(ctx, calling, d, &own)
			mu.Lock()
			defer mu.Unlock()
			l.Merge(&own)
			failed = errors.Join(failed, err)
		})
	}
	done := make(chan struct{})
	go func() {
		callers.Wait()
		_ = c.stream.SetDeadline(time.Now()) // the CRM waits for a question that does not come
		close(done)
	}()
	err := c.answer()
	select {
	case <-done:
		err = c.stream.SetDeadline(time.Time{})
	default:
		cancel()
	}
	<-done
	return errors.Join(err, failed)
}

// invoke runs one dynamic method after the other.
func invoke(ctx, calling context.Context, d *crms.Directory, l *Latency) error {
	call := crms.Call{In: crms.Values{{Key: "text", Value: echoText}}}
	for calling.Err() == nil {
		start := time.Now()
		out, err := d.Invoke(ctx, "bench."+echoMethod, call)
		if err != nil {
			return err
		}
		if text, _ := out.Get("text"); text != echoText {
			return fmt.Errorf("bench: the method's result is %v", out)
		}
		l.Add(time.Since(start))
	}
	return nil
}

// A question is an executemethod as far as it is answered.
type question struct {
	In wire.Object `wire:"inputparameters" doc:"what goes back"`
}

// answer answers dynamic methods until the channel's deadline or end.
func (c *crm) answer() error {
	for {
		msg, err := c.receive()
		if err != nil {
			return err
		}
		if msg.Name != "executemethod" {
			c.question(msg)
			continue
		}
		var q question
		if err := msg.Unmarshal(&q); err != nil {
			return err
		}
		frame, err := wire.Append(nil, c.format, "methodresult", msg.QID, wire.Object{{Key: "outputparameters", Value: q.In}})
		if err != nil {
			return err
		}
		if err := c.stream.Send(frame); err != nil {
			return err
		}
	}
}

// offered waits until the server knows the CRM's methods.
func (c *crm) offered(d *crms.Directory) error {
	for {
		if p, err := d.Provider("bench"); err == nil {
			if _, ok := p.Catalog().Method(echoMethod); ok {
				return nil
			}
		}
		if _, err := c.call("ping", nil); err != nil { // questions come meanwhile
			return err
		}
	}
}

// A linkServer is the part of a server that links use.
type linkServer struct {
	api  *methods.API
	addr string
	stop func()
}

// startLink runs one on a free port of this machine.
func startLink(ctx context.Context) (*linkServer, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	dir, err := pbx.NewDirectory(pbx.Config{})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	sw := pbx.NewSwitch(pbx.Options{Driver: sim.New(sim.Options{}), Directory: dir})
	api := methods.New(methods.Options{Switch: sw, Version: methods.Version{Build: "bench"}})
	engine := protocol.NewEngine(protocol.Options{
		Table: api.Table(), Events: methods.Events(), Errors: methods.ReplyError, Gone: api.Gone,
		Resolve: api.Resolve, Links: api.Hooks(), Limits: protocol.Limits{Message: 64 << 20},
	})
	engine.AddLink(protocol.LinkOptions{Name: "bench", Trust: true})
	life, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	parts.Go(func() { _ = sw.Run(life) })     // ends with life alone
	parts.Go(func() { _ = engine.Run(life) }) // likewise
	parts.Go(func() {
		_ = transports.ServeLink(life, transports.LinkOptions{Name: "bench", Mode: transports.ModeWSIn, Listener: l}, engine)
	})
	stop := func() {
		closing, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer done()
		_ = engine.Shutdown(closing) // the CRM may be away
		cancel()
		parts.Wait()
		api.Close()
	}
	if err := api.Start(ctx, engine.Hub(), nil); err != nil {
		stop()
		return nil, err
	}
	return &linkServer{api, l.Addr().String(), stop}, nil
}

package peers

import (
	"context"

	"github.com/octolink/octolink/protocol/wire"
)

// A lineOf knows how it is measured.
type lineOf struct {
	Line
	run func(context.Context, *Line) error
}

const perCPUSecond = "/CPU-s"

// Lines are all measures.
func (s *suite) lines() []lineOf {
	return []lineOf{
		s.rpcLine("rpc", "RPC, one in flight on each of 64 channels", 1,
			Goal{What: "× bun", Must: 0.9, Aim: 1.15}, Goal{What: "× gobwas", Must: 1.6}),
		s.rpcLine("rpc16", "RPC, 16 in flight on each of 64 channels", 16,
			Goal{What: "× bun", Must: 1.2, Aim: 2.2}, Goal{What: "ms p99", Must: 2, AtMost: true, Latency: true}),
		s.fanLine("fanout", "one event told to 1 000 subscribed tabs, deliveries", 1,
			Goal{What: theBetter, Must: 0.85, Aim: 1.3}),
		s.fanLine("bursts", "bursts of 8 such events, none lost or out of order, deliveries", 8,
			Goal{What: "× bun", Must: 0.8, Aim: 1.25}, Goal{What: "× gobwas", Must: 4}),
		s.idleLine(), s.openLine(), s.stormLine(), s.startLine(), s.xmlLine(),
	}
}

func (s *suite) rpcLine(key, measure string, depth int, goals ...Goal) lineOf {
	l := lineOf{Line: Line{Key: key, Measure: measure, Unit: perCPUSecond, Goals: goals}}
	l.run = func(ctx context.Context, l *Line) error {
		p99s, err := s.against(ctx, l, []string{bun, gobwas, nodeWS}, duel{value: window.perCPU}, func(ctx context.Context, srv *server) (*stand, error) {
			return srv.rpc(ctx, wire.JSON, 64, depth, 0)
		})
		l.Extra = map[string]Spread{"p99 ms": spread(p99s)}
		l.reach("ms p99", spread(p99s).Median)
		return err
	}
	return l
}

const theBetter = "× the better of bun and gobwas"

func (s *suite) fanLine(key, measure string, burst int, goals ...Goal) lineOf {
	l := lineOf{Line: Line{Key: key, Measure: measure, Unit: perCPUSecond, Goals: goals}}
	l.run = func(ctx context.Context, l *Line) error {
		_, err := s.against(ctx, l, []string{bun, gobwas, nodeWS}, duel{value: window.perCPU}, func(ctx context.Context, srv *server) (*stand, error) {
			return srv.fan(ctx, s.plan().fanTabs, burst)
		})
		one, ok1 := l.Ratios[bun]
		other, ok2 := l.Ratios[gobwas]
		if ok1 && ok2 {
			l.reach(theBetter, min(one.Median, other.Median))
		}
		return err
	}
	return l
}

// openLine cuts its windows into slices. In a window of 1.5 s a virtual machine that stands still for
// some 20 ms is all that a 99th percentile shows; of the slices few are hit, and the median tells.
func (s *suite) openLine() lineOf {
	l := lineOf{Line: Line{Key: "open", Measure: "p99 at 20 000 requests a second, open loop, 256 tabs", Unit: "µs",
		Goals: []Goal{{What: "× epoll echo", Must: 1.25, Aim: 1.1, AtMost: true, Latency: true}}}}
	l.run = func(ctx context.Context, l *Line) error {
		_, err := s.against(ctx, l, []string{echo, bun}, duel{value: window.micros, slices: s.plan().slices}, func(ctx context.Context, srv *server) (*stand, error) {
			return srv.rpc(ctx, wire.JSON, 256, 0, 20_000)
		})
		return err
	}
	return l
}

// xmlLine is judged where messages cost most: with many in flight they share their system calls.
func (s *suite) xmlLine() lineOf {
	const asJSON = "JSON"
	l := lineOf{Line: Line{Key: "xml", Measure: "XML form of an RPC against its JSON form, whole RPC, 16 in flight", Unit: "µs CPU",
		Goals: []Goal{{What: "× " + asJSON, Must: 4, Aim: 1.5, AtMost: true}}}}
	l.run = func(ctx context.Context, l *Line) error {
		deep, err := s.formats(ctx, 16)
		if err != nil {
			return err
		}
		l.put(octolink, spread(deep.own), Spread{})
		l.put(asJSON, spread(deep.other), spread(deep.ratios))
		one, err := s.formats(ctx, 1)
		l.Extra = map[string]Spread{"times as much with one in flight": spread(one.ratios)}
		return err
	}
	return l
}

// formats measures XML beside JSON.
func (s *suite) formats(ctx context.Context, depth int) (*duel, error) {
	srv, err := s.get(ctx, octolink)
	if err != nil {
		return nil, err
	}
	xml, err := srv.rpc(ctx, wire.XML, 64, depth, 0)
	if err != nil {
		return nil, err
	}
	defer xml.close()
	json, err := srv.rpc(ctx, wire.JSON, 64, depth, 0)
	if err != nil {
		return nil, err
	}
	defer json.close()
	xml.form, json.form = " in XML", " in JSON"
	d := &duel{value: window.each}
	return d, s.fight(ctx, xml, json, d)
}

// against measures octolink beside each of some peers, as a duel says, and gives octolink's 99th percentiles.
func (s *suite) against(ctx context.Context, l *Line, peers []string, as duel,
	make func(context.Context, *server) (*stand, error),
) (p99s []float64, err error) {
	own, err := s.stand(ctx, octolink, make)
	if err != nil {
		return nil, err
	}
	defer own.close()
	have := s.have(peers...)
	if len(have) == 0 {
		return s.alone(ctx, l, own, as)
	}
	var values []float64
	for _, name := range have {
		other, err := s.stand(ctx, name, make)
		if err != nil {
			return p99s, err
		}
		d := as
		err = s.fight(ctx, own, other, &d)
		other.close()
		if err != nil {
			return p99s, err
		}
		values, p99s = append(values, d.own...), append(p99s, d.p99s...)
		l.put(name, spread(d.other), spread(d.ratios))
		if d.slices > 1 {
			l.wholes(name, &d)
		}
	}
	l.put(octolink, spread(values), Spread{})
	return p99s, nil
}

// alone measures octolink where there is nobody to compare it with.
func (s *suite) alone(ctx context.Context, l *Line, own *stand, as duel) (p99s []float64, err error) {
	var values []float64
	for range s.plan().pairs * max(as.slices, 1) {
		w, err := s.window(ctx, own, as.slices)
		if err != nil {
			return p99s, err
		}
		values, p99s = append(values, as.value(w)), append(p99s, w.micros()/1000)
	}
	l.put(octolink, spread(values), Spread{})
	return p99s, nil
}

func (s *suite) stand(ctx context.Context, name string, make func(context.Context, *server) (*stand, error)) (*stand, error) {
	srv, err := s.get(ctx, name)
	if err != nil {
		return nil, err
	}
	return make(ctx, srv)
}

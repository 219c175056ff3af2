package peers

import (
	"context"
	"slices"

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
			Goal{What: "× bun", Must: 1.2, Aim: 2.2}, Goal{What: "ms p99", Must: 2, AtMost: true}),
	}
}

func (s *suite) rpcLine(key, measure string, depth int, goals ...Goal) lineOf {
	l := lineOf{Line: Line{Key: key, Measure: measure, Unit: perCPUSecond, Goals: goals}}
	l.run = func(ctx context.Context, l *Line) error {
		p99s, err := s.against(ctx, l, []string{bun, gobwas, nodeWS}, window.perCPU, func(ctx context.Context, srv *server) (*stand, error) {
			return srv.rpc(ctx, wire.JSON, 64, depth, 0)
		})
		l.Extra = map[string]Spread{"p99 ms": spread(p99s)}
		l.reach("ms p99", spread(p99s).Median)
		return err
	}
	return l
}

// against measures octolink beside each of some peers, and gives octolink's 99th percentiles.
func (s *suite) against(ctx context.Context, l *Line, peers []string, value func(window) float64,
	make func(context.Context, *server) (*stand, error),
) (p99s []float64, err error) {
	own, err := s.stand(ctx, octolink, make)
	if err != nil {
		return nil, err
	}
	defer own.close()
	var values []float64
	for _, name := range s.have(peers...) {
		other, err := s.stand(ctx, name, make)
		if err != nil {
			return p99s, err
		}
		d, err := s.fight(ctx, own, other, value)
		other.close()
		if err != nil {
			return p99s, err
		}
		values, p99s = append(values, d.own...), append(p99s, d.p99s...)
		l.put(name, spread(d.other), spread(d.ratios))
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

// put enters a figure, and the ratio where there is one.
func (l *Line) put(name string, figure, ratio Spread) {
	if l.Figures == nil {
		l.Figures, l.Ratios = make(map[string]Spread), make(map[string]Spread)
	}
	l.Figures[name] = figure
	if ratio.N > 0 {
		l.Ratios[name] = ratio
		l.reach("× "+name, ratio.Median)
	}
}

// reach enters what a goal is compared with.
func (l *Line) reach(what string, value float64) {
	if i := slices.IndexFunc(l.Goals, func(g Goal) bool { return g.What == what }); i >= 0 {
		l.Goals[i].Value = &value
	}
}

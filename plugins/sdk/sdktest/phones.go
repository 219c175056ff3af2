package sdktest

import (
	"context"
	"errors"
	"sync"
	"testing"

	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// Phones are a plugin that is a telephone system, as a server drives it.
type Phones struct {
	// Client gives commands.
	Client pbxv1.PBXServiceClient

	told   chan *pbxv1.RunResponse
	ended  chan struct{}
	err    error // once ended is closed
	sendMu sync.Mutex
	stream pbxv1.PBXService_RunClient
}

// errNoReport: what came was no report.
var errNoReport = errors.New("sdktest: the telephone system told something else than a report")

// Phones has the plugin's telephone system run until the end of the test, with those who exist.
func (p *Plugin) Phones(t testing.TB, d *pbxv1.Directory) *Phones {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ph := &Phones{Client: pbxv1.NewPBXServiceClient(p.conn), told: make(chan *pbxv1.RunResponse), ended: make(chan struct{})}
	stream, err := ph.Client.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ph.stream = stream
	if d == nil {
		d = &pbxv1.Directory{}
	}
	if err := ph.Send(&pbxv1.RunRequest{What: &pbxv1.RunRequest_Directory{Directory: d}}); err != nil {
		t.Fatal(err)
	}
	go ph.receive(ctx)
	t.Cleanup(func() {
		cancel()
		<-ph.ended
	})
	return ph
}

func (p *Phones) receive(ctx context.Context) {
	defer close(p.ended)
	for {
		m, err := p.stream.Recv()
		if err != nil {
			p.err = err
			return
		}
		select {
		case p.told <- m:
		case <-ctx.Done():
			p.err = ctx.Err()
			return
		}
	}
}

// Send tells the telephone system something: what a user does, the answer to a question.
func (p *Phones) Send(m *pbxv1.RunRequest) error {
	p.sendMu.Lock()
	defer p.sendMu.Unlock()
	return p.stream.Send(m)
}

// Next is the next thing that the telephone system tells or asks. It waits for it, and fails when the
// telephone system has ended.
func (p *Phones) Next(ctx context.Context) (*pbxv1.RunResponse, error) {
	select {
	case m := <-p.told:
		return m, nil
	case <-p.ended:
		return nil, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Report is Next when that is a report.
func (p *Phones) Report(ctx context.Context) (*pbxv1.Report, error) {
	m, err := p.Next(ctx)
	if err != nil {
		return nil, err
	}
	if m.GetReport() == nil {
		return nil, errNoReport
	}
	return m.GetReport(), nil
}

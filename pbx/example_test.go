package pbx_test

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
)

// A phone that rings once: what a driver can be at the least.
type bell struct{ rung chan struct{} }

func (b bell) Run(ctx context.Context, board pbx.Board) error {
	err := board.Do(ctx, func() {
		board.Leg(pbx.Leg{ID: "1", Number: "300", State: pbx.LegRinging, Peer: pbx.Party{Number: "79161234567", External: true}})
	})
	close(b.rung)
	<-ctx.Done()
	return err
}

func (bell) Dial(context.Context, pbx.DialRequest) error    { return pbx.ErrOffline }
func (bell) Answer(context.Context, string) error           { return pbx.ErrOffline }
func (bell) Hangup(context.Context, string) error           { return pbx.ErrOffline }
func (bell) Transfer(context.Context, string, string) error { return pbx.ErrOffline }

func Example() {
	dir, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "alice", Name: "Alice", Numbers: []string{"300"}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	driver := bell{rung: make(chan struct{})}
	sw := pbx.NewSwitch(pbx.Options{Driver: driver, Directory: dir})
	sw.Subscribe(func(e pbx.Event) {
		if ring, ok := e.What.(pbx.RingStarted); ok {
			fmt.Println(e.Login, "is called by", ring.Leg.Peer.Number)
		}
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- sw.Run(ctx) }()

	<-driver.rung
	fmt.Println(sw.Line("alice").State)
	stop()
	fmt.Println(<-ended)
	// Output:
	// alice is called by 79161234567
	// lsRinging
	// <nil>
}

package sim_test

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func Example() {
	dir, err := pbx.NewDirectory(pbx.Config{Users: []pbx.User{{Login: "alice", Numbers: []string{"300"}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	phones := sim.New(sim.Options{})
	sw := pbx.NewSwitch(pbx.Options{Driver: phones, Directory: dir})
	sw.Subscribe(func(e pbx.Event) { fmt.Printf("%s: %T\n", e.Login, e.What) })
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- sw.Run(ctx) }()

	if _, err := phones.Ring(ctx, "79161234567", "300"); err != nil { // somebody calls
		fmt.Println(err)
	}
	if err := sw.Answer(ctx, "alice"); err != nil { // alice presses a button in her browser
		fmt.Println(err)
	}
	stop()
	<-ended
	// Output:
	// alice: pbx.RingStarted
	// alice: pbx.LineChanged
	// alice: pbx.RingStopped
	// alice: pbx.TalkStarted
	// alice: pbx.LineChanged
}

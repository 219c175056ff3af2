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

// A flow answers, asks for a key and says good-bye.
func Example_flow() {
	dir, err := pbx.NewDirectory(pbx.Config{Flows: []pbx.FlowNumber{{Match: "900", Flow: "menu", Fallback: "hangup"}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	phones := sim.New(sim.Options{Instant: true})
	sw := pbx.NewSwitch(pbx.Options{Driver: phones, Directory: dir})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- sw.Run(ctx) }()

	over := make(chan struct{})
	sw.Lead(func(c *pbx.Led) {
		go func() {
			defer close(over)
			defer c.Fallback(ctx) //nolint:errcheck // there is nothing left to do about it
			key, err := c.Digits(ctx, pbx.DigitsRequest{Prompt: pbx.Prompt{Text: "Press a key"}})
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(c.Info().From.Number, "presses", key)
			if _, err := c.Play(ctx, pbx.Prompt{Text: "Good-bye"}); err != nil {
				fmt.Println(err)
			}
		}()
	})
	if _, err := phones.Ring(ctx, "79161234567", "900"); err != nil { // somebody calls
		fmt.Println(err)
	}
	if err := phones.Press(ctx, "79161234567", "5"); err != nil { // kept, if the flow has not asked yet
		fmt.Println(err)
	}
	<-over
	stop()
	<-ended
	// Output:
	// 79161234567 presses 5
}

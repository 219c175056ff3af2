package protocol_test

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/protocol"
)

// printer is a connection that shows what is written to it.
type printer struct{}

func (printer) Info() protocol.Info { return protocol.Info{Remote: "127.0.0.1:4050"} }

func (printer) Write(frames []protocol.Frame) (int, error) {
	for _, f := range frames {
		fmt.Printf("< %s%s%s\n", f.Head, f.Body, f.Tail)
	}
	return len(frames), nil
}

func (printer) Close(code protocol.CloseCode, reason string) { fmt.Println("closed:", code, reason) }

// A method is one line in a table. A transport opens a channel for each connection and pushes its
// frames.
func Example() {
	type greetIn struct {
		Name string `wire:"name,required" doc:"who is greeted"`
	}
	type greetOut struct {
		Text string `wire:"text"`
	}
	table := protocol.NewTable(
		protocol.Def("greet", protocol.Anyone, "Greets somebody.",
			func(_ context.Context, _ *protocol.Client, in greetIn) (greetOut, error) {
				return greetOut{"Hello, " + in.Name}, nil
			}).Quick(),
	)
	engine := protocol.NewEngine(protocol.Options{Table: table, Events: protocol.NewEvents()})

	channel := engine.Open(printer{})
	channel.Frame([]byte(`["greet",{"qid":"1","name":"Alice"}]`))
	channel.Frame([]byte(`["greet",{"qid":2}]`))
	channel.Frame([]byte(`["dance",{"qid":"3"}]`))
	channel.Closed(nil)
	// Output:
	// < ["greetresult",{"qid":"1","result":1,"text":"Hello, Alice"}]
	// < ["greetresult",{"qid":2,"result":0,"error":400,"errorcode":400,"errormsg":"field \"name\" is missing"}]
	// < ["danceresult",{"qid":"3","result":0,"error":401,"errorcode":401,"errormsg":"Not logged in"}]
}

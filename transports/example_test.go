package transports_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/transports"
)

// greeter is an engine that greets each client and logs it out.
type greeter struct{}

func (greeter) Open(c protocol.Conn) protocol.Sink {
	if _, err := c.Write([]protocol.Frame{{Body: []byte(`["welcome",{}]`)}}); err != nil {
		fmt.Println(err)
	}
	return &greeted{c}
}

type greeted struct{ c protocol.Conn }

func (g *greeted) Frame(b []byte) {
	fmt.Printf("server got %s\n", b)
	g.c.Close(protocol.CloseNormal, "bye")
}
func (g *greeted) Writable()    {}
func (g *greeted) Closed(error) {}

// A server with a client channel, and a client that uses it.
func Example() {
	h := transports.NewClientHandler(greeter{}, transports.Options{})
	s := transports.NewServer(transports.ServerOptions{Handler: h})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()

	ctx := context.Background()
	c, err := transports.Dial(ctx, "ws://"+l.Addr().String(), transports.DialOptions{Subprotocol: "json"})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, _ := c.Receive()
	fmt.Printf("client got %s\n", b)
	_ = c.Send([]byte(`["thanks",{}]`))
	_, err = c.Receive()
	fmt.Println(err)

	if err := s.Shutdown(ctx); err != nil {
		fmt.Println(err)
	}
	if err := h.Wait(ctx); err != nil {
		fmt.Println(err)
	}
	if err := <-served; err != nil {
		fmt.Println(err)
	}
	// Output:
	// client got ["welcome",{}]
	// server got ["thanks",{}]
	// transports: closed with code 1000: bye
}

// A question to a CRM over HTTP.
func ExampleNewPost() {
	crm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked in", r.FormValue("format"), "with", r.FormValue("data"))
		fmt.Fprint(w, `["pong",{"qid":"1"}]`)
	}))
	defer crm.Close()

	p, err := transports.NewPost(transports.LinkOptions{Name: "crm", Mode: transports.ModeHTTP, URL: crm.URL})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := p.Exchange(ctx, []byte(`["ping",{"qid":"1"}]`))
	fmt.Printf("%s %v\n", answer, err)
	// Output:
	// asked in json with WyJwaW5nIix7InFpZCI6IjEifV0=
	// ["pong",{"qid":"1"}] <nil>
}

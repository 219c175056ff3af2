package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	contract "github.com/octolink/octolink/plugins/proto"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

// The tests start their own binary as a plugin; the first argument says how it behaves.
func TestMain(m *testing.M) {
	if os.Getenv(contract.Handshake().MagicCookieKey) != "" && len(os.Args) > 1 {
		behave(os.Args[1])
		return
	}
	os.Exit(m.Run())
}

func behave(how string) {
	switch how {
	case "good":
		serveGood()
	case "phones":
		servePhones()
	case "exit":
		fmt.Fprintln(os.Stderr, "I do not want to")
		os.Exit(3)
	case "hang":
		select {}
	case "garbage":
		fmt.Println("hello world")
		fmt.Println(strings.Repeat("long ", 100_000))
		os.Stdout.Write([]byte{0xff, 0xfe, 0, '\n'})
		serveGood()
	case "only garbage":
		fmt.Println("1 2 3")
		select {}
	case "version 2":
		serveRaw(raw{}, 2)
	case "bad catalogue":
		serveRaw(raw{catalog: badCatalog()}, 1)
	case "big":
		serveRaw(raw{catalog: one("big"), answer: answerBig}, 1)
	case "flood":
		serveRaw(raw{catalog: one("flood"), answer: flood}, 1)
	case "deaf":
		serveRaw(raw{catalog: one("deaf"), answer: func(stream) error { select {} }}, 1)
	case "nonsense":
		serveRaw(raw{catalog: one("nonsense"), answer: answerNothing}, 1)
	}
}

type (
	none struct{}
	text struct {
		Text string `crm:"text"`
	}
	number struct {
		N int `crm:"n"`
	}
)

// serveGood is a plugin as its author would write it.
func serveGood() {
	var waiting atomic.Int64
	sdk.Serve(sdk.Plugin{Name: "good", Version: "1.0.0", Summary: "Is good."},
		sdk.Method("echo", "Gives back.", func(_ context.Context, in text) (text, error) { return in, nil }),
		sdk.Method("double", "Doubles.", func(_ context.Context, in number) (number, error) { return number{2 * in.N}, nil }),
		sdk.Method("pid", "Tells its process.", func(context.Context, none) (number, error) { return number{os.Getpid()}, nil }),
		sdk.Method("fail", "Fails.", func(context.Context, none) (none, error) { return none{}, &sdk.Error{Code: 42, Text: "no"} }),
		sdk.Method("forever", "Answers when nobody wants it any more.", func(ctx context.Context, _ none) (none, error) {
			waiting.Add(1)
			defer waiting.Add(-1)
			<-ctx.Done()
			<-time.After(20 * time.Millisecond)
			return none{}, nil
		}),
		sdk.Method("waiting", "Says how many calls of forever there are.", func(context.Context, none) (number, error) {
			return number{int(waiting.Load())}, nil
		}),
		sdk.Method("sleep", "Takes a while, whatever is wanted.", func(_ context.Context, in number) (number, error) {
			<-time.After(time.Duration(in.N) * time.Millisecond)
			return number{os.Getpid()}, nil
		}),
		sdk.Method("mine", "Is for a user.", func(ctx context.Context, _ none) (text, error) { return text{sdk.CallOf(ctx).User}, nil }).ForUser(),
		sdk.Method("panic", "Panics.", func(context.Context, none) (none, error) { panic("oh") }),
		sdk.Method("die", "Panics where nobody can help.", func(context.Context, none) (none, error) {
			go panic("no rescue")
			select {}
		}),
		sdk.Method("freeze", "Stops the process without ending it.", func(context.Context, none) (none, error) {
			return none{}, syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}),
		sdk.Method("print", "Writes lines.", func(_ context.Context, in number) (none, error) {
			for i := range in.N {
				fmt.Println("line", i)
			}
			return none{}, nil
		}),
		sdk.Method("environment", "Tells a variable.", func(_ context.Context, in text) (text, error) { return text{os.Getenv(in.Text)}, nil }),
		sdk.Method("account", "Tells who runs it.", func(context.Context, none) (number, error) { return number{os.Getuid()}, nil }),
		sdk.Settings(func(_ context.Context, s struct {
			Refuse bool `crm:"refuse"`
		}) error {
			if s.Refuse {
				return errors.New("refuse: is set")
			}
			return nil
		}),
		sdk.Form[text, text]("card", "Shows a text.", sdk.FormOptions{AllowCancel: true}),
		sdk.HTTP(webHandler()),
		sdk.Method("host", "Asks the server for something.", askHost),
	)
}

type stream = grpc.BidiStreamingServer[crmv1.InvokeRequest, crmv1.InvokeResponse]

// raw is a plugin that does not keep to what the SDK does.
type raw struct {
	plugin.NetRPCUnsupportedPlugin
	basev1.UnimplementedPluginServiceServer
	crmv1.UnimplementedCRMServiceServer
	catalog *crmv1.CatalogResponse
	answer  func(stream) error
}

func serveRaw(r raw, version int) {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  contract.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{version: {contract.Set: r}},
		GRPCServer:       plugin.DefaultGRPCServer,
	})
}

func (r raw) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	basev1.RegisterPluginServiceServer(s, r)
	crmv1.RegisterCRMServiceServer(s, r)
	return nil
}

func (raw) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("not here")
}

func (raw) Info(context.Context, *basev1.InfoRequest) (*basev1.InfoResponse, error) {
	return &basev1.InfoResponse{Name: "raw", Kinds: []string{contract.KindCRM, "of the future"}}, nil
}

func (raw) Configure(context.Context, *basev1.ConfigureRequest) (*basev1.ConfigureResponse, error) {
	return &basev1.ConfigureResponse{}, nil
}

func (r raw) Catalog(context.Context, *crmv1.CatalogRequest) (*crmv1.CatalogResponse, error) {
	return r.catalog, nil
}

func (r raw) Invoke(s stream) error { return r.answer(s) }

func one(method string) *crmv1.CatalogResponse {
	return &crmv1.CatalogResponse{Methods: []*crmv1.Method{{Key: method}}}
}

func badCatalog() *crmv1.CatalogResponse {
	return &crmv1.CatalogResponse{
		Methods: []*crmv1.Method{
			{Key: "fine", In: []*crmv1.Param{{Key: "a"}, {Key: "a"}, {Key: ""}}},
			{Key: "fine"}, {Key: ""}, {Key: "with.dot"}, {Key: strings.Repeat("x", 1000)},
		},
		Forms: []*crmv1.Form{{Key: "card"}, {Key: "card"}, {Key: "über"}},
	}
}

func answerBig(s stream) error {
	in, err := s.Recv()
	if err != nil {
		return err
	}
	v := &basev1.Value{Kind: &basev1.Value_Text{Text: strings.Repeat("x", 50<<20)}}
	out := &basev1.Object{Fields: []*basev1.Field{{Key: "text", Value: v}}}
	return s.Send(&crmv1.InvokeResponse{Results: []*crmv1.Result{{Id: in.GetCalls()[0].GetId(), What: &crmv1.Result_Out{Out: out}}}})
}

func answerNothing(s stream) error {
	for {
		in, err := s.Recv()
		if err != nil {
			return err
		}
		for _, c := range in.GetCalls() {
			if err := s.Send(&crmv1.InvokeResponse{Results: []*crmv1.Result{{Id: c.GetId()}, {Id: c.GetId()}, nil}}); err != nil {
				return err
			}
		}
	}
}

func flood(s stream) error {
	if _, err := s.Recv(); err != nil {
		return err
	}
	for id := uint64(1 << 40); ; id++ {
		if err := s.Send(&crmv1.InvokeResponse{Results: []*crmv1.Result{{Id: id}}}); err != nil {
			return err
		}
	}
}

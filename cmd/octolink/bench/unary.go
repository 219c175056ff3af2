package bench

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/octolink/octolink/plugins/proto"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
	"github.com/octolink/octolink/plugins/sdk"
)

// echo is what the plugin of the measurement gets and gives back; payload fills it.
type echo struct {
	Phone string `crm:"phone"`
	Name  string `crm:"name"`
	Kind  int    `crm:"kind"`
	Note  string `crm:"note"`
	VIP   bool   `crm:"vip"`
}

// ServePlugin is the plugin of the measurement.
func ServePlugin(how string) {
	if how == "stream" {
		sdk.Serve(sdk.Plugin{Name: "bench", Version: "1"},
			sdk.Method("echo", "Gives back.", func(_ context.Context, in echo) (echo, error) { return in, nil }))
		return
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: proto.Handshake(), VersionedPlugins: unarySet(), GRPCServer: plugin.DefaultGRPCServer, Logger: hclog.NewNullLogger(),
	})
}

// unaryPlugin is go-plugin with a plain unary call and nothing else.
type unaryPlugin struct{ plugin.NetRPCUnsupportedPlugin }

func unarySet() map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{1: {"unary": unaryPlugin{}}}
}

const unaryMethod = "/octolink.bench.Unary/Echo"

// GRPCServer implements [plugin.GRPCPlugin]: an echo without any other work.
func (unaryPlugin) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "octolink.bench.Unary", HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: answerUnary}},
	}, struct{}{})
	return nil
}

func answerUnary(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) { //nolint:staticcheck // the order is gRPC's
	in := &crmv1.Start{}
	if err := decode(in); err != nil {
		return nil, err
	}
	return &crmv1.Result{What: &crmv1.Result_Out{Out: in.GetIn()}}, nil
}

// GRPCClient implements [plugin.GRPCPlugin].
func (unaryPlugin) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

// startUnary starts the other side of the comparison.
func startUnary(command []string) (asker, func(), error) {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: proto.Handshake(), VersionedPlugins: unarySet(), Cmd: unaryCommand(command), AutoMTLS: true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC}, Logger: hclog.NewNullLogger(), Stderr: os.Stderr,
	})
	rpc, err := client.Client()
	if err != nil {
		client.Kill()
		return nil, nil, fmt.Errorf("the plain plugin does not start: %w", err)
	}
	made, err := rpc.Dispense("unary")
	if err != nil {
		client.Kill()
		return nil, nil, err
	}
	conn := made.(*grpc.ClientConn)
	in := &crmv1.Start{Method: "echo", In: unaryPayload()}
	return func(ctx context.Context) error {
		out := &crmv1.Result{}
		if err := conn.Invoke(ctx, unaryMethod, in, out); err != nil {
			return err
		}
		if len(out.GetOut().GetFields()) != len(in.GetIn().GetFields()) {
			return errors.New("the plain plugin answers something else")
		}
		return nil
	}, client.Kill, nil
}

// unaryPayload is the same as payload.
func unaryPayload() *basev1.Object {
	out, err := sdk.Encode(echo{"+7 (916) 123-45-67", "Anna Petrovna Sidorova", 3, "has asked for a call back tomorrow at ten", true})
	if err != nil {
		panic(err) // a struct of texts
	}
	return out
}

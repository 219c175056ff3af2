package sdk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	contract "github.com/octolink/octolink/plugins/proto"
)

// Serve is a plugin's main function: it serves until the server ends it. What the plugin writes to
// standard output and standard error is in the server's log.
func Serve(p Plugin, parts ...Part) {
	s, err := New(p, parts...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if h := contract.Handshake(); os.Getenv(h.MagicCookieKey) != h.MagicCookieValue {
		fmt.Fprintf(os.Stderr, "%s is a plugin of octolink and does nothing by itself.\nTry it with: octolink plugin try %s\n", p.Name, os.Args[0])
		os.Exit(1)
	}
	// A plugin's heap is small; with the usual setting it is swept dozens of times a second under load.
	debug.SetGCPercent(400)
	go orphan()
	provider, certificate, err := identify()
	if err == nil && provider != nil {
		err = greet(certificate)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", p.Name, err)
		os.Exit(1)
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  contract.Handshake(),
		TLSProvider:      provider,
		VersionedPlugins: map[int]plugin.PluginSet{contract.Version1: {contract.Set: glue{s: s}}},
		GRPCServer: func(o []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(o, grpc.MaxRecvMsgSize(contract.MaxMessage),
				grpc.InitialWindowSize(contract.Window), grpc.InitialConnWindowSize(contract.Window))...)
		},
		Logger: hclog.NewNullLogger(),
	})
}

// orphan ends the process with the server: that holds the other end of standard input.
func orphan() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// glue is a service for go-plugin.
type glue struct {
	plugin.NetRPCUnsupportedPlugin
	s *Service
}

// GRPCServer implements [plugin.GRPCPlugin].
func (g glue) GRPCServer(b *plugin.GRPCBroker, server *grpc.Server) error {
	g.s.Register(server, b)
	return nil
}

// GRPCClient implements [plugin.GRPCPlugin]; a plugin calls no plugin.
func (glue) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("sdk: this is the plugin's end")
}

// report writes a line to the server's log.
func report(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

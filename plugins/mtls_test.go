package plugins_test

import (
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
	contract "github.com/octolink/octolink/plugins/proto"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
)

// Nobody but the server that started it can call an encrypted plugin, although he can reach its socket:
// neither in the clear nor with a certificate of his own.
func TestNobodyElseCallsAPlugin(t *testing.T) {
	own, err := contract.Identity()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := contract.MutualTLS(own, "")
	if err != nil {
		t.Fatal(err)
	}
	stranger.InsecureSkipVerify = true // he takes whoever answers
	for _, tt := range []struct {
		name, manifest string
		as             credentials.TransportCredentials
		works          bool
	}{
		{"in the clear", "", insecure.NewCredentials(), false},
		{"with another certificate", "", credentials.NewTLS(stranger), false},
		{"where it is allowed", "mtls: false", insecure.NewCredentials(), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			h.add("a", "good", tt.manifest)
			h.run()
			h.state("a", plugins.Running)
			out, err := h.call("a.environment", crm.Value{Key: "text", Value: "PLUGIN_UNIX_SOCKET_DIR"})
			if err != nil {
				t.Fatal(err)
			}
			dir, _ := out.Get("text")
			sockets, err := filepath.Glob(filepath.Join(dir.(string), "plugin*"))
			if err != nil || len(sockets) != 1 {
				t.Fatalf("got %v %v", sockets, err)
			}
			conn, err := grpc.NewClient("unix:"+sockets[0], grpc.WithTransportCredentials(tt.as))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_, err = basev1.NewPluginServiceClient(conn).Info(t.Context(), &basev1.InfoRequest{})
			if works := err == nil; works != tt.works {
				t.Errorf("got %v, want it to work: %t", err, tt.works)
			}
			h.works("a")
		})
	}
}

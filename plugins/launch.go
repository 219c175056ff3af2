package plugins

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/octolink/octolink/crm"
	contract "github.com/octolink/octolink/plugins/proto"
	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
	pbxv1 "github.com/octolink/octolink/plugins/proto/pbx/v1"
)

// byeWithin is how long Shutdown may take before the process is killed.
const byeWithin = 3 * time.Second

// A refusal is a reason not to run a plugin that trying again does not change.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// An instance is one process of a plugin, from its start to its end.
type instance struct {
	manifest Manifest
	out      *output
	process  *process
	spawned  atomic.Pointer[process] // the same, for who does not wait for the start
	client   *plugin.Client
	link     connection
	base     basev1.PluginServiceClient
	info     *basev1.InfoResponse
	catalog  crm.Catalog
	calls    *calls                  // nil: it is no CRM
	pbx      pbxv1.PBXServiceClient  // nil: it is not the telephone system
	phones   atomic.Pointer[session] // of a telephone system, once it is used
	socket   string                  // it serves HTTP there; "": none
	started  time.Time
	ended    chan struct{} // closed when the process is of no more use
	fault    error         // why; once ended is closed
	stopping atomic.Bool   // its end is wanted
	failing  chan error    // somebody found a reason to end it; room for one
}

// A connection is what go-plugin makes of a started process.
type connection struct {
	broker *plugin.GRPCBroker
	conn   *grpc.ClientConn
}

// services is the server's end of a plugin for go-plugin.
type services struct{ plugin.NetRPCUnsupportedPlugin }

// GRPCServer implements [plugin.GRPCPlugin]; the server serves no plugin.
func (services) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error {
	return errors.New("plugins: this is the server's end")
}

// GRPCClient implements [plugin.GRPCPlugin].
func (services) GRPCClient(_ context.Context, b *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return connection{b, c}, nil
}

// versions are the versions of the contract that this server speaks.
func versions() map[int]plugin.PluginSet {
	return map[int]plugin.PluginSet{contract.Version1: {contract.Set: services{}}}
}

// A launcher starts processes of a plugin.
type launcher struct {
	out    *output
	host   hostv1.HostServiceServer // nil: they are offered nothing
	within time.Duration            // from the start of the process to its catalogue
	phones bool                     // it is to be the telephone system
}

// launch starts what a manifest names and makes it ready to be called. The error is a [refusal] when
// it would be the same the next time.
func (l launcher) launch(ctx context.Context, m Manifest) (*instance, error) {
	if err := m.checkSum(); err != nil {
		return nil, refusal{err}
	}
	i := &instance{manifest: m, out: l.out, started: time.Now(), ended: make(chan struct{}), failing: make(chan error, 1)}
	ctx, cancel := context.WithTimeout(ctx, l.within)
	defer cancel()
	err := i.prepare(l.within)
	if err != nil {
		return nil, err
	}
	err = i.connect(ctx)
	if err == nil {
		err = i.introduce(ctx, l)
	}
	if err != nil {
		i.stopping.Store(true)
		i.client.Kill()
		return nil, i.whyNot(ctx, err, l.within)
	}
	go i.watch()
	return i, nil
}

// prepare sets go-plugin up; nothing runs yet.
func (i *instance) prepare(within time.Duration) error {
	m := i.manifest
	encryption, certificate, err := mutual(m)
	if err != nil {
		return err
	}
	sockets := &plugin.UnixSocketConfig{}
	if id, err := account(m.RunAs); m.RunAs != "" && err == nil {
		sockets.Group = fmt.Sprint(id.Gid)
	}
	i.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: contract.Handshake(), VersionedPlugins: versions(),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		TLSConfig:        encryption, SkipHostEnv: true, StartTimeout: within, UnixSocketConfig: sockets,
		SyncStdout: &lineWriter{out: i.out, from: "stdout"}, SyncStderr: &lineWriter{out: i.out, from: "stderr"},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(contract.MaxMessage)),
			grpc.WithInitialWindowSize(contract.Window), grpc.WithInitialConnWindowSize(contract.Window),
		},
		Logger: hclog.NewNullLogger(), // what it has to tell comes back as errors
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, dir string) (runner.Runner, error) {
			p, err := newProcess(m, i.out, append(spec.Env, certificate...))
			if err != nil {
				return nil, refusal{err}
			}
			i.spawned.Store(p)
			i.process, i.socket = p, filepath.Join(dir, "http.sock")
			return p, nil
		},
	})
	return nil
}

// mutual is the encryption of a connection to a plugin, and what tells the plugin of it. go-plugin puts the
// certificate of the plugin's greeting into it; until then nobody is trusted.
func mutual(m Manifest) (*tls.Config, []string, error) {
	if !m.MTLS {
		return nil, nil, nil
	}
	own, err := contract.Identity()
	if err != nil {
		return nil, nil, err
	}
	c, err := contract.MutualTLS(own, "")
	return c, []string{contract.ClientCert + "=" + contract.PEM(own)}, err
}

// connect starts the process and waits for its greeting.
func (i *instance) connect(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		if p := i.spawned.Load(); p != nil {
			_ = p.Kill(ctx)
		}
	})
	defer stop()
	rpc, err := i.client.Client()
	if err != nil {
		return err
	}
	made, err := rpc.Dispense(contract.Set)
	if err != nil {
		return err
	}
	i.link = made.(connection)
	i.base = basev1.NewPluginServiceClient(i.link.conn)
	return nil
}

// introduce asks who the plugin is and what it offers.
func (i *instance) introduce(ctx context.Context, l launcher) (err error) {
	if i.info, err = i.base.Info(ctx, &basev1.InfoRequest{}); err != nil {
		return fmt.Errorf("it does not say who it is: %w", plain(err))
	}
	settings, err := settingsObject(i.manifest.Settings)
	if err != nil {
		return refusal{fmt.Errorf("settings: %w", err)}
	}
	if err := i.openPBX(l.phones); err != nil {
		return err
	}
	order := &basev1.ConfigureRequest{Settings: settings, Host: i.offer(l.host)}
	if !i.does(contract.KindHTTP) || !i.manifest.Allow.HTTP && len(i.manifest.Allow.Paths) == 0 {
		i.socket = ""
	}
	order.HttpSocket = i.socket
	if _, err := i.base.Configure(ctx, order); err != nil {
		return fmt.Errorf("it does not take its settings: %w", plain(err))
	}
	if !i.does(contract.KindCRM) {
		return nil
	}
	return i.openCRM(ctx)
}

func (i *instance) does(kind string) bool {
	for _, k := range i.info.GetKinds() {
		if k == kind {
			return true
		}
	}
	return false
}

// offer serves the host's services to the plugin, as far as the manifest allows any.
func (i *instance) offer(host hostv1.HostServiceServer) uint32 {
	if host == nil {
		return 0
	}
	id := i.link.broker.NextId()
	go i.link.broker.AcceptAndServe(id, func(o []grpc.ServerOption) *grpc.Server {
		s := grpc.NewServer(append(o, grpc.MaxConcurrentStreams(64), grpc.MaxRecvMsgSize(1<<20))...)
		hostv1.RegisterHostServiceServer(s, host)
		return s
	})
	return id
}

func (i *instance) openCRM(ctx context.Context) error {
	service := crmv1.NewCRMServiceClient(i.link.conn)
	offered, err := service.Catalog(ctx, &crmv1.CatalogRequest{})
	if err != nil {
		return fmt.Errorf("it does not give its catalogue: %w", plain(err))
	}
	i.catalog = readCatalog(offered)
	for _, f := range i.catalog.Faults {
		i.out.note(slog.LevelWarn, "a fault in the plugin's catalogue", "err", errors.New(f))
	}
	// The stream lives as long as the process, not as long as its start.
	stream, err := service.Invoke(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("it does not take calls: %w", plain(err))
	}
	i.calls = openCalls(stream)
	return nil
}

// watch waits for the end of the process, or of its stream, and makes the one follow the other.
func (i *instance) watch() {
	broken := make(chan error, 1)
	if i.calls != nil {
		go func() { broken <- i.calls.run() }()
	}
	var err error
	select {
	case err = <-broken:
		err = i.lastWord(err)
	case err = <-i.failing:
		err = i.lastWord(err)
		if i.calls != nil {
			_ = i.link.conn.Close()
			<-broken //nolint:errcheck // the first reason counts
		}
	case <-i.process.exited:
		err = i.exit()
		if i.calls != nil {
			_ = i.link.conn.Close() // the stream with it
			<-broken                //nolint:errcheck // the end of the process is the reason
		}
	}
	i.fault = err
	close(i.ended)
	i.client.Kill() // frees what is left of it, its sockets too
}

// lastWord prefers the reason of a process that ended to that of its stream, which ends with it.
func (i *instance) lastWord(err error) error {
	wait := time.NewTimer(2 * lastWords)
	defer wait.Stop()
	select {
	case <-i.process.exited:
		return i.exit()
	case <-wait.C:
		_ = i.process.Kill(context.Background())
		return err
	}
}

func (i *instance) exit() error {
	if i.process.fault == nil {
		return errors.New("it ended by itself")
	}
	return fmt.Errorf("it ended: %w", i.process.fault)
}

// whyNot is why a start failed, in the words of an operator.
func (i *instance) whyNot(ctx context.Context, err error, within time.Duration) error {
	var no refusal
	switch {
	case errors.As(err, &no):
		return no
	case strings.Contains(err.Error(), "incompatible API version"):
		return refusal{fmt.Errorf("it speaks another version of the contract: %w", err)}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("it was not ready within %s", within)
	case i.process == nil || i.pid() == 0:
		return refusal{fmt.Errorf("it cannot be started: %w", err)}
	}
	if strings.Contains(err.Error(), "Unrecognized remote plugin message") || strings.Contains(err.Error(), "exited before") {
		<-i.process.exited
		return fmt.Errorf("before it greeted, %w", i.exit())
	}
	return err
}

// stop lets the calls in flight end within a time, then ends the process. It returns when that is over.
func (i *instance) stop(drain time.Duration) {
	if i.calls != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		i.calls.drain(ctx)
		cancel()
	}
	if s := i.phones.Load(); s != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drain)
		s.rest(ctx)
		cancel()
	}
	i.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), byeWithin)
	defer cancel()
	_, _ = i.base.Shutdown(ctx, &basev1.ShutdownRequest{}) // one that does not answer is ended too
	kill := time.AfterFunc(byeWithin, func() { _ = i.process.Kill(context.Background()) })
	defer kill.Stop()
	i.client.Kill()
	<-i.ended
}

// fail ends a process for a reason; the first one counts.
func (i *instance) fail(why error) {
	select {
	case i.failing <- why:
	default:
	}
}

// kill ends a process that is not worth a word.
func (i *instance) kill() {
	_ = i.process.Kill(context.Background())
	<-i.ended
}

// healthy asks the process whether it lives.
func (i *instance) healthy(ctx context.Context) error {
	r, err := grpc_health_v1.NewHealthClient(i.link.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	if err != nil {
		return plain(err)
	}
	if r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("it says %s", r.GetStatus())
	}
	return nil
}

// plain is an error without gRPC's clothes.
func plain(err error) error {
	if s, ok := status.FromError(err); ok {
		return fmt.Errorf("%s (%s)", s.Message(), s.Code())
	}
	return err
}

// pid is the number of the process.
func (i *instance) pid() int { return int(i.process.pid.Load()) }

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/octolink/octolink/crmsim"
)

// controlTimeout bounds an order that is given to a running crmsim.
const controlTimeout = 10 * time.Second

func crmsimFaultCommand() *cobra.Command {
	var control string
	c := &cobra.Command{
		Use:   "fault FAULT | clear | resume",
		Short: "Make a running crmsim misbehave",
		Long: `Fault tells a crmsim that was started with --control to misbehave, now or at the
next occasion. "resume" ends what lasts: it reads and takes connections again.
"clear" also forgets what has not happened yet.`,
		Example: `  octolink crmsim fault drop
  octolink crmsim fault late@executemethod:20s
  octolink crmsim fault 'silent@callrecord*3'
  octolink crmsim fault half-open:30s
  octolink crmsim fault clear`,
		Args: exactly(1),
		RunE: func(c *cobra.Command, args []string) error {
			return orderFault(c.Context(), control, args[0])
		},
	}
	c.Flags().StringVar(&control, "control", "127.0.0.1:8081", "where the crmsim takes orders")
	return c
}

func orderFault(ctx context.Context, control, what string) error {
	switch what {
	case "clear":
		return sendOrder(ctx, http.MethodDelete, control, "/fault", nil)
	case "resume":
		return sendOrder(ctx, http.MethodPost, control, "/resume", struct{}{})
	}
	if err := new(crmsim.Fault).UnmarshalText([]byte(what)); err != nil {
		return usageError{err}
	}
	return sendOrder(ctx, http.MethodPost, control, "/fault", map[string]string{"fault": what})
}

func sendOrder(ctx context.Context, method, control, path string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+control+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this machine
	resp, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("crmsim: %w (was it started with --control %s?)", err, control)
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if resp.StatusCode < 300 {
		return nil
	}
	var problem struct {
		Error string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxSecret)).Decode(&problem); err != nil || problem.Error == "" {
		return fmt.Errorf("crmsim: %s", resp.Status)
	}
	return errors.New(problem.Error)
}

// serveControl takes orders until the context ends.
func serveControl(ctx context.Context, w io.Writer, at string, h http.Handler) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("--control: %w", err)
	}
	fmt.Fprintf(w, "  %-8s http://%s/\n", "control", l.Addr())
	srv := &http.Server{Handler: h, ReadHeaderTimeout: controlTimeout}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })() // it has no more to say
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// banner tells where the CRM is and how octolink is configured for it.
func (f *crmsimFlags) banner(w io.Writer, addr string) {
	o := f.options
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-8s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(w, "crmsim is running.")
	link := ""
	switch o.Mode {
	case crmsim.WSIn, crmsim.WSSIn:
		row("dials", "%s", o.URL)
		return
	case crmsim.HTTP, crmsim.HTTPS:
		row("address", "%s://%s%s", o.Mode, addr, rooted(o.Path))
		link = fmt.Sprintf("url: %q", fmt.Sprintf("%s://%s%s", o.Mode, addr, rooted(o.Path)))
	default:
		row("address", "%s://%s%s", map[crmsim.Mode]string{crmsim.WSOut: "ws", crmsim.WSSOut: "wss"}[o.Mode], addr, rooted(o.Path))
		link = fmt.Sprintf("address: %q", addr+o.Path)
	}
	row("link", "{name: crmsim, mode: %s, %s, format: %s}", o.Mode, link, f.format)
	if o.TLS != nil && f.cert == "" {
		row("trust", "tls: {ca: %q}", absolute(f.certDir)+"/server.pem")
	}
}

// rooted is a path that is never empty.
func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

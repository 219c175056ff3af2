package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octolink/octolink/certs"
	"github.com/octolink/octolink/crmsim"
	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/protocol/wire"
	"github.com/octolink/octolink/web"
)

// crmsimFlags are the command line of a simulated CRM.
type crmsimFlags struct {
	options                        crmsim.Options
	mode, format, handshake        string
	scheme, passwordFile           string
	cert, key, ca, certDir, script string
	users, faults                  []string
	control                        string
	verbose, printScript           bool
}

func crmsimCommand() *cobra.Command {
	var f crmsimFlags
	c := &cobra.Command{
		Use:   "crmsim",
		Short: "Be a CRM to talk to, for trying links and connectors",
		Long: `Crmsim plays a CRM at the other end of a link, in any of the six modes and both
formats. It listens where octolink connects (http, https, ws-out, wss-out) and
dials where octolink listens (ws-in, wss-in).

Its dynamic methods and forms, and what they answer, stand in a script; without
one they are a small address book. Users log in through it with --user.

It misbehaves on demand: --fault from the beginning, "octolink crmsim fault"
while it runs with --control. A fault is KIND[@MESSAGE][*TIMES][:DELAY]; a lone *
means until it is cleared.

  link     drop reset close stop-reading half-open refuse
  answers  late silent garbage twice foreign fail
  http     status page empty endless redirect`,
		Example: `  octolink crmsim --mode ws-out --listen 127.0.0.1:8080 --user alice --verbose
  octolink crmsim --mode http --listen 127.0.0.1:8080 --script contacts.yaml
  octolink crmsim --mode wss-in --url wss://127.0.0.1:4067/ --ca octolink.pem \
      --auth digest --login crm --password-file crm.secret
  octolink crmsim --mode ws-out --listen 127.0.0.1:8080 --control 127.0.0.1:8081 \
      --deliver callrecord --fault late@executemethod:20s
  octolink crmsim --print-script > contacts.yaml`,
		Args: exactly(0),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.printScript {
				_, err := c.OutOrStdout().Write(crmsim.DemoYAML())
				return err
			}
			return f.run(c)
		},
	}
	f.add(c)
	c.AddCommand(crmsimFaultCommand())
	return c
}

func (f *crmsimFlags) add(c *cobra.Command) {
	o, fl := &f.options, c.Flags()
	fl.StringVar(&f.mode, "mode", string(crmsim.WSOut), "http, https, ws-out, wss-out, ws-in or wss-in")
	fl.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "where it listens")
	fl.StringVar(&o.Path, "path", "", "the only good path where it listens (default all are)")
	fl.StringVar(&o.URL, "url", "", "where it dials: ws://HOST:PORT/ or wss://")
	fl.StringVar(&f.format, "format", "json", "json or xml; http and https speak what they are asked in")
	fl.StringVar(&f.handshake, "handshake", string(crmsim.Echo), "manners with the subprotocol: echo, first-generation or second-generation")
	fl.StringVar(&o.Subprotocol, "subprotocol", "", "what it offers where it dials, - for none (default the format)")
	fl.StringVar(&o.Origin, "origin", "", "an Origin header where it dials, as a page in a browser sends it")
	fl.StringVar(&f.scheme, "auth", string(crmsim.NoAuth), "none, basic or digest: demanded where it listens, answered where it dials")
	fl.StringVar(&o.Auth.Login, "login", "", "login of the authorization")
	fl.StringVar(&f.passwordFile, "password-file", "", "file that holds the password of the authorization")
	fl.StringVar(&f.cert, "cert", "", "certificate; where it dials the client's")
	fl.StringVar(&f.key, "key", "", "its key")
	fl.StringVar(&f.ca, "ca", "", "whom it believes; where it listens this demands a client certificate")
	fl.StringVar(&f.certDir, "cert-dir", "octolink-crmsim", "where a certificate is made when there is no --cert")
	fl.StringVar(&f.script, "script", "", "methods and forms (default the demo script)")
	fl.StringArrayVar(&f.users, "user", nil, "user who logs in through it, LOGIN, or LOGIN=FILE with his password in the file; may be repeated")
	fl.StringSliceVar(&o.Deliver, "deliver", nil, "confirmed delivery that it asks for: callrecord, notification")
	fl.Int64Var(&o.Since, "since", -1, "number up to which it has the events; negative for events from now on")
	fl.StringArrayVar(&f.faults, "fault", nil, "misbehave; may be repeated")
	fl.StringVar(&f.control, "control", "", "where it takes orders, on this machine only: 127.0.0.1:8081")
	fl.BoolVar(&f.verbose, "verbose", false, "print every frame, secrets masked")
	fl.BoolVar(&f.printScript, "print-script", false, "write the demo script and end")
}

// run plays the CRM until it is interrupted.
func (f *crmsimFlags) run(c *cobra.Command) error {
	ctx, stop := interruptible(c)
	defer stop()
	f.options.Log = newLog(c.ErrOrStderr(), LogConfig{Level: level(slog.LevelInfo)}, false)
	if err := f.complete(c.OutOrStdout()); err != nil {
		return usageError{err}
	}
	crm := crmsim.New(f.options)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- crm.Run(ctx)
		cancel() // the control has nothing to control any more
	}()
	err := f.attend(ctx, c.OutOrStdout(), crm)
	cancel()
	return errors.Join(<-ended, err)
}

// attend tells where the CRM is and takes orders for it until the context ends.
func (f *crmsimFlags) attend(ctx context.Context, w io.Writer, crm *crmsim.CRM) error {
	addr := crm.Addr()
	if ctx.Err() != nil || addr == "" && f.options.URL == "" {
		return nil // Run says why
	}
	f.banner(w, addr)
	if f.control == "" {
		<-ctx.Done()
		return nil
	}
	return serveControl(ctx, w, f.control, crm.Control())
}

// complete turns the words of the command line into options.
func (f *crmsimFlags) complete(w io.Writer) error {
	o := &f.options
	o.Mode, o.Handshake, o.Auth.Scheme = crmsim.Mode(f.mode), crmsim.Handshake(f.handshake), crmsim.Scheme(f.scheme)
	if f.format != "json" && f.format != "xml" {
		return fmt.Errorf("--format %s: want json or xml", f.format)
	}
	o.Format, _ = wire.FormatOf(f.format)
	if o.URL != "" {
		o.Listen = ""
	}
	if f.verbose {
		o.Trace = func(frame crmsim.Frame) { printCRMFrame(w, frame) }
	}
	for _, step := range []func() error{f.readScript, f.readPassword, f.readUsers, f.readFaults, f.readTLS} {
		if err := step(); err != nil {
			return err
		}
	}
	return o.Check()
}

func (f *crmsimFlags) readScript() error {
	if f.script == "" {
		return nil
	}
	text, err := readSmall(f.script, maxConfig)
	if err != nil {
		return err
	}
	f.options.Script, err = crmsim.ParseScript(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.script, err)
	}
	return nil
}

func (f *crmsimFlags) readPassword() error {
	if f.passwordFile == "" {
		if f.scheme != string(crmsim.NoAuth) {
			return fmt.Errorf("--auth %s needs --login and --password-file", f.scheme)
		}
		return nil
	}
	text, err := readSmall(f.passwordFile, maxSecret)
	f.options.Auth.Password = strings.TrimRight(string(text), "\r\n")
	return err
}

func (f *crmsimFlags) readUsers() error {
	for _, u := range f.users {
		login, file, withPassword := strings.Cut(u, "=")
		user := crmsim.User{Login: login, Enters: true}
		if withPassword {
			text, err := readSmall(file, maxSecret)
			if err != nil {
				return fmt.Errorf("--user %s: %w", login, err)
			}
			user.PasswordMD5, _ = methods.PasswordMD5(strings.TrimRight(string(text), "\r\n"))
		}
		f.options.Users = append(f.options.Users, user)
	}
	return nil
}

func (f *crmsimFlags) readFaults() error {
	for _, text := range f.faults {
		var fault crmsim.Fault
		if err := fault.UnmarshalText([]byte(text)); err != nil {
			return err
		}
		f.options.Faults = append(f.options.Faults, fault)
	}
	return nil
}

// readTLS reads the certificates. A CRM that listens without one makes its own.
func (f *crmsimFlags) readTLS() error {
	o := &f.options
	listens := o.URL == ""
	if o.Mode != crmsim.HTTPS && o.Mode != crmsim.WSSOut && o.Mode != crmsim.WSSIn {
		return nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	var own *certs.Reloader
	var err error
	switch {
	case f.cert != "":
		own, err = certs.Load(f.cert, f.key)
	case listens:
		own, err = certs.LoadOrMake(f.certDir, nil)
	}
	if err != nil {
		return err
	}
	if own != nil {
		o.TLS.Certificates = []tls.Certificate{*own.Certificate()}
	}
	if f.ca == "" {
		return nil
	}
	authorities, err := certs.LoadAuthorities(f.ca)
	if err != nil {
		return err
	}
	o.TLS.RootCAs = authorities.Pool()
	if listens {
		o.TLS.ClientCAs, o.TLS.ClientAuth = authorities.Pool(), tls.RequireAndVerifyClientCert
	}
	return nil
}

// printCRMFrame prints a frame as the documents do: CRM> from the CRM, OKT> from octolink.
func printCRMFrame(w io.Writer, f crmsim.Frame) {
	who := "OKT>"
	if f.Dir == crmsim.Out {
		who = "CRM>"
	}
	text, _ := web.Mask(f.Format, f.Bytes)
	fmt.Fprintf(w, "%s %s %s\n", f.At.Format("15:04:05.000"), who, text)
}

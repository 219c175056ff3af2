package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/web"
	"github.com/spf13/cobra"
)

// flowRunFlags are the command line of flow run.
type flowRunFlags struct {
	server serverFlag
	user   string
	noWait bool
	asJSON bool
	scene  scene
	config string
	fakes  []string
	event  string
	data   string
}

func flowRunCommand() *cobra.Command {
	var f flowRunFlags
	c := f.server.add(&cobra.Command{
		Use:   "run FILE|NAME [PARAM …]",
		Short: "Play a flow's file here, or start a flow of the running server",
		Long: `Run with a FILE, something that ends in .ts or .js, plays it in this process: on a
simulated telephone system somebody calls --to from --from, the flow leads him,
and each thing that it does is printed. Users answer after --answer and talk for
--talk. Nothing is asked of a server; CRMs are those of --provider, scripts as
octolink crmsim takes them.

  --press KEYS is given once for each question of the flow, in their order;
  --no-call starts the flow without a call, --event does as a custom event does.

Run with a NAME starts this flow in the running server, without a call, waits for
its end and prints what it did.

The exit code is 1 when the flow did not end well.`,
		Example: `  octolink flow run flows/incoming.ts --from 79161234567 --provider contacts=contacts.yaml
  octolink flow run flows/balance.ts --press 100200# --press 2 --hangup-after 20s
  octolink flow run flows/account.ts --no-call 79161234567 --provider billing=billing.yaml
  octolink flow run account 79161234567        # in the running server`,
		Args: func(c *cobra.Command, args []string) error { return exactly(max(len(args), 1))(c, args) },
	})
	f.add(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if !isFlowFile(args[0]) {
			return f.start(c, args[0], args[1:])
		}
		return f.play(c, args[0], args[1:])
	}
	return c
}

// isFlowFile tells a file from the name of a flow.
func isFlowFile(arg string) bool {
	ext := filepath.Ext(arg)
	return ext == ".ts" || ext == ".js"
}

func (f *flowRunFlags) add(c *cobra.Command) {
	flags, s := c.Flags(), &f.scene
	flags.StringVar(&s.from, "from", "79161234567", "FILE: who calls")
	flags.StringVar(&s.to, "to", "700", "FILE: the number that he dials")
	flags.StringVar(&s.fallback, "fallback", "hangup", "FILE: what becomes of him when the flow ends without a word: queue:NUMBER, number:NUMBER, user:LOGIN, hangup")
	flags.StringArrayVar(&s.press, "press", nil, "FILE: keys that he presses, once for each question")
	flags.DurationVar(&s.hangUp, "hangup-after", 0, "FILE: he hangs up after so long")
	flags.DurationVar(&s.answer, "answer", 2*time.Second, "FILE: others answer after so long; 0s: nobody does")
	flags.DurationVar(&s.talk, "talk", 5*time.Second, "FILE: and hang up after so long")
	flags.BoolVar(&s.fast, "fast", false, "FILE: prompts take no time")
	flags.BoolVar(&s.noCall, "no-call", false, "FILE: start it without a call")
	flags.StringVar(&f.event, "event", "", "FILE: start it as this custom event does")
	flags.StringVar(&f.data, "data", "", "FILE: the event's data, JSON")
	flags.StringArrayVar(&f.fakes, "provider", nil, "FILE: a CRM, NAME=FILE with a script as octolink crmsim takes")
	flags.StringVar(&f.config, "people", "", "FILE: a configuration whose users and queues are there (default: the demonstration's)")
	flags.StringVarP(&f.user, "user", "u", "", "login of the user for whom the flow is started")
	flags.BoolVar(&f.noWait, "no-wait", false, "NAME: do not wait for its end")
	flags.BoolVar(&f.asJSON, "json", false, "print JSON: the trace, or what NAME came to")
}

// ofFiles are the flags that make sense with a file only.
var ofFiles = []string{"from", "to", "fallback", "press", "hangup-after", "answer", "talk", "fast", "no-call", "event", "data", "provider", "people"}

// start starts a flow in the running server.
func (f *flowRunFlags) start(c *cobra.Command, name string, params []string) error {
	for _, of := range ofFiles {
		if c.Flags().Changed(of) {
			return usageError{fmt.Errorf("--%s goes with a file: %s.ts plays it here, %s starts it in the running server", of, name, name)}
		}
	}
	return f.server.ask(func(c *cobra.Command, admin *web.AdminClient, _ []string) error {
		ctx, stop := interruptible(c)
		defer stop()
		a, err := admin.RunFlow(ctx, name, web.FlowOrder{User: f.user, Params: params, Wait: !f.noWait})
		if err != nil {
			return err
		}
		w := c.OutOrStdout()
		switch {
		case f.asJSON:
			err = printJSON(w, a)
		case f.noWait:
			_, err = fmt.Fprintf(w, "run %s\n", a.Run)
		default:
			err = showRun(c, admin, a)
		}
		if err == nil && a.Error != "" {
			err = fmt.Errorf("the flow ended with %q: %s", a.Outcome, a.Error)
		}
		return err
	})(c, nil)
}

// showRun prints the trace of a run that has ended.
func showRun(c *cobra.Command, admin *web.AdminClient, a web.FlowAnswer) error {
	list, err := admin.FlowTraces(c.Context(), web.TraceQuery{Run: a.Run})
	if err != nil {
		return err
	}
	for _, t := range list {
		printTrace(c.OutOrStdout(), t)
	}
	return nil
}

// play plays a flow's file in this process.
func (f *flowRunFlags) play(c *cobra.Command, file string, params []string) error {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return usageError{fmt.Errorf("no file %s", file)}
	}
	if f.noWait {
		return usageError{errors.New("--no-wait goes with the name of a flow of the running server")}
	}
	s := f.scene
	s.dir, s.flow = filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	s.params, s.user, s.crms = params, f.user, &crm.Directory{}
	if err := f.trigger(&s); err != nil {
		return usageError{err}
	}
	for _, arg := range f.fakes {
		fake, err := readFake(arg)
		if err != nil {
			return usageError{err}
		}
		s.crms.Put(fake)
	}
	var err error
	if s.people, err = f.people(); err != nil {
		return usageError{err}
	}
	ctx, stop := interruptible(c)
	defer stop()
	if f.asJSON {
		t, err := s.play(ctx, nil)
		if err != nil {
			return err
		}
		return errors.Join(printJSON(c.OutOrStdout(), t), endedWell(t))
	}
	t, err := s.play(ctx, c.OutOrStdout())
	if err != nil {
		return err
	}
	return endedWell(t)
}

// trigger reads what starts the flow, if it is no call.
func (f *flowRunFlags) trigger(s *scene) (err error) {
	if f.event != "" {
		s.noCall, s.event = true, f.event
	}
	if f.data == "" {
		return nil
	}
	if f.event == "" {
		return errors.New("--data goes with --event")
	}
	if !json.Valid([]byte(f.data)) {
		return fmt.Errorf("--data %s: this is no JSON", cut(f.data))
	}
	s.data, err = readValue([]byte(f.data))
	return err
}

// people are those whose telephones are there.
func (f *flowRunFlags) people() (*Config, error) {
	if f.config == "" {
		return demoConfig("")
	}
	c, _, err := loadConfig(f.config)
	return c, err
}

func endedWell(t web.FlowTrace) error {
	switch t.Outcome {
	case "threw", "limit", "refused":
		return fmt.Errorf("the flow ended with %q", t.Outcome)
	}
	return nil
}

package main

import (
	_ "embed"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	examples "github.com/octolink/octolink/flows"
)

// demoBillingYAML is the script of the demonstration's second CRM.
//
//go:embed demobilling.yaml
var demoBillingYAML []byte

// demoBilling is the link to it.
const demoBilling = "billing"

// The demonstration's flow numbers.
const (
	demoIncoming = "701" // routing to the responsible
	demoBalance  = "702" // an IVR with a balance from a CRM
	demoSurvey   = "703" // a mark after the talk, and a form
	demoQueue    = "700" // who gives up there is called back
)

// addDemoFlows writes the example flows into the data directory, those that are there already stay, and
// configures what starts them.
func addDemoFlows(c *Config) error {
	c.Flows.Dir = filepath.Join(c.Data, "flows")
	if err := writeExamples(c.Flows.Dir); err != nil {
		return err
	}
	c.Flows.Numbers = []FlowNumber{
		{Match: demoIncoming, Flow: "incoming", Fallback: "queue:" + demoQueue},
		{Match: demoBalance, Flow: "balance", Fallback: "queue:" + demoQueue},
		{Match: demoSurvey, Flow: "survey", Fallback: "user:" + demoWorker},
	}
	c.Flows.Queues = []FlowQueue{{Queue: demoQueue, On: "abandoned", Flow: "missed"}}
	c.Flows.Events = []FlowEvent{{Event: "rated", Flow: "review"}}
	c.Flows.Services = []FlowService{{Name: "balance", Flow: "account", Allow: []string{"alice"}}}
	return nil
}

// writeExamples copies the examples into a folder.
func writeExamples(dir string) error {
	return fs.WalkDir(examples.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if d.IsDir() {
			return os.MkdirAll(path, 0o700)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		text, err := examples.Files.ReadFile(name)
		if err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o600)
	})
}

// flowBanner says what to dial.
func (m *Main) flowBanner(row func(name, format string, args ...any), program, where string) {
	row("flows", "in %s; dial from outside, as here, or from a phone of the house:", absolute(m.config.Flows.Dir))
	for _, try := range []struct{ to, text string }{
		{demoIncoming, "whoever looks after the caller, else the queue"},
		{demoBalance, "the balance; press keys with " + program + " sim press 79161234567 1" + where},
		{demoSurvey, "Elena, and after the talk a mark"},
		{demoQueue, "the queue; who gives up is called back"},
	} {
		row("", "%s sim ring --from 79161234567 --to %s%s   # %s", program, try.to, where, try.text)
	}
	row("", "%s flow trace%s", program, where)
}

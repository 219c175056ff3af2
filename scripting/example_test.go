package scripting_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/scripting"
)

func Example() {
	dir, err := os.MkdirTemp("", "flows")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	flow := `export default function balance(start: Start) {
		const found = crm.contacts.find({ phone: start.params[0] });
		return found ? found.debt.toFixed(2) : "unknown";
	}`
	if err := os.WriteFile(filepath.Join(dir, "balance.ts"), []byte(flow), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	crms := &crm.Directory{}
	crms.Put(contacts())
	engine := scripting.New(scripting.Options{Dir: dir, Directory: crms})
	defer engine.Shutdown(context.Background())

	run, err := engine.Start(scripting.Trigger{Flow: "balance", Params: []string{"79161234567"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := run.Wait(context.Background())
	fmt.Println(result.Outcome, result.Value, err)
	for _, step := range run.Trace().Steps {
		fmt.Println(step.Name, step.Args, step.Result)
	}
	// Output:
	// returned 12.50 <nil>
	// crm.contacts.find {"params":{"phone":"79161234567"}} {"manager":"alice","debt":12.50}
}

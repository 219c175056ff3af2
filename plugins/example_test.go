package plugins_test

import (
	"context"
	"fmt"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/plugins"
)

// A manager looks after the plugins of a folder; who calls them knows only the directory.
func Example() {
	var directory crm.Directory
	m := plugins.NewManager(plugins.Options{Dir: "/etc/octolink/plugins", Enabled: []string{"contacts"}, Directory: &directory})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	stop()
	fmt.Println(<-ended, m.List()[0].Name)
	// Output: <nil> contacts
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/octolink/octolink/plugins"
	"github.com/octolink/octolink/plugins/contacts"
	"github.com/octolink/octolink/plugins/sdk"
)

// demoPlugin is the demonstration's plugin, and its folder's name.
const demoPlugin = "contacts"

// demoContacts are what it knows at first.
const demoContacts = `id,phone,name,company,responsible,note
1,79161234567,Anna Sidorova,Horns and Hooves,alice,calls in the morning
2,74951112233,Ivan Kuznetsov,Vector,boris,
3,78002000600,Hot line,,,ask for a person
`

// contactsCommand is the contacts plugin within this program, so that the demonstration needs no
// second one.
func contactsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "serve-contacts",
		Hidden: true,
		Args:   exactly(0),
		Run:    func(*cobra.Command, []string) { sdk.Serve(contacts.About(), contacts.Parts()...) },
	}
}

// addDemoPlugin writes a folder with this program as a plugin, and enables it. Contacts that are there
// already stay.
func addDemoPlugin(c *Config) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	sum, err := plugins.Sum(self)
	if err != nil {
		return err
	}
	c.Plugins = Plugins{Dir: filepath.Join(c.Data, "plugins"), Enabled: []string{demoPlugin}}
	dir := filepath.Join(c.Plugins.Dir, demoPlugin)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	manifest := fmt.Sprintf("# Written at each start of the demonstration.\nbinary: %q\nargs: [serve-contacts]\nsha256: \"%x\"\nsettings: {file: contacts.csv, responsible: alice}\n", self, sum)
	if err := os.WriteFile(filepath.Join(dir, plugins.ManifestName), []byte(manifest), 0o600); err != nil {
		return err
	}
	book := filepath.Join(dir, "contacts.csv")
	if _, err := os.Stat(book); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(book, []byte(demoContacts), 0o600)
}

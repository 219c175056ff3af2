package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/octolink/octolink/plugins"
)

// checkPlugins looks at the manifests of the plugins too. What only a start can show, the server tells
// then: it serves without a plugin that is not right.
func (k *checker) checkPlugins() {
	p := &k.c.Plugins
	names := seen{}
	for i := range k.c.Links {
		names.take(strings.ToLower(k.c.Links[i].Name), "link "+k.c.Links[i].Name)
	}
	for i := range p.Enabled {
		name := &p.Enabled[i]
		if !linkName.MatchString(*name) {
			k.fault(name, "plugins: %q is no name of a folder: letters, digits, dashes and underscores", cut(*name))
			continue
		}
		if other := names.take(strings.ToLower(*name), "plugin "+*name); other != "" {
			k.fault(name, "plugin %s has the name of %s", *name, other)
			continue
		}
		folder := filepath.Join(p.Dir, *name)
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			k.fault(name, "plugin %s: there is no folder %s", *name, folder)
			continue
		}
		if _, err := plugins.ReadManifest(folder); errors.Is(err, fs.ErrNotExist) {
			k.fault(name, "plugin %s: %s", *name, err)
		} else if err != nil {
			k.warn("plugin %s: %s", *name, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
}

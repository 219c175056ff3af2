package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A configError is everything that is wrong with a configuration file, in the order of the file.
type configError struct {
	path   string
	faults []fault
}

// Error has one line for each mistake: path, line, column, text.
func (e *configError) Error() string {
	var b strings.Builder
	for i, f := range e.faults {
		if i > 0 {
			b.WriteByte('\n')
		}
		if f.line == 0 {
			fmt.Fprintf(&b, "%s: %s", e.path, f.text)
			continue
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s", e.path, f.line, f.column, f.text)
	}
	return b.String()
}

// maxConfig bounds the configuration file: a directory of ten thousand users is below 3 MiB.
const maxConfig = 16 << 20

// loadConfig reads and checks a configuration file. Paths in it are relative to its folder. The
// error is a *configError when the file can be read but not used. Warnings are what an operator
// should know and may have meant.
func loadConfig(path string) (c *Config, warnings []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("configuration: %w", err)
	}
	if info.Size() > maxConfig {
		return nil, nil, fmt.Errorf("configuration: %s is larger than %d MiB", path, maxConfig>>20)
	}
	text, err := os.ReadFile(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, nil, fmt.Errorf("configuration: %w", err)
	}
	var faults []fault
	if info.Mode().Perm()&0o002 != 0 {
		faults = append(faults, fault{text: openToAll(path)})
	}
	c, warnings, err = parseConfig(path, text)
	var wrong *configError
	if errors.As(err, &wrong) {
		faults = append(faults, wrong.faults...)
	}
	if len(faults) > 0 {
		return nil, warnings, &configError{path, faults}
	}
	return c, warnings, err
}

// dataOf is the data directory that a configuration file names. Other mistakes in it do not matter: the
// server that runs there was started with a better one, and may have to be asked what is wrong.
func dataOf(path string) (string, error) {
	c, _, err := loadConfig(path)
	if err == nil {
		return c.Data, nil
	}
	var wrong *configError
	if !errors.As(err, &wrong) {
		return "", err
	}
	text, unread := os.ReadFile(path) // #nosec G304 -- the operator names the file
	found := defaults()
	if unread != nil || len(bindYAML(text, &found).faults) > 0 {
		return "", err
	}
	return under(filepath.Dir(path), found.Data), nil
}

// parseConfig reads and checks the text of a configuration file.
func parseConfig(path string, text []byte) (*Config, []string, error) {
	c := defaults()
	b := bindYAML(text, &c)
	dir := filepath.Dir(path)
	k := &checker{c: &c, places: b.places, faults: b.faults, broken: map[place]bool{}}
	for _, f := range b.faults {
		k.broken[f.place] = true
	}
	k.readSecrets(dir, b.files)
	c.resolvePaths(dir)
	k.checkAll()
	if len(k.faults) > 0 {
		slices.SortStableFunc(k.faults, func(a, b fault) int {
			return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
		})
		return nil, k.warnings, &configError{path, k.faults}
	}
	return &c, k.warnings, nil
}

// resolvePaths makes the paths of the configuration independent of the working directory.
func (c *Config) resolvePaths(dir string) {
	for _, p := range []*string{&c.Data, &c.Plugins.Dir, &c.Flows.Dir, &c.Flows.Files, &c.Listen.TLS.Cert, &c.Listen.TLS.Key} {
		*p = under(dir, *p)
	}
	for i := range c.Links {
		t := &c.Links[i].TLS
		t.Cert, t.Key, t.CA = under(dir, t.Cert), under(dir, t.Key), under(dir, t.CA)
	}
}

func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// maxSecret bounds a file that holds one secret.
const maxSecret = 64 << 10

// readSecrets reads the files of the *_file keys. The last line end is not a part of the secret.
func (k *checker) readSecrets(dir string, files []secretFile) {
	for _, f := range files {
		path := under(dir, f.path)
		text, err := readSmall(path, maxSecret)
		if err != nil {
			k.faults = append(k.faults, fault{f.place, fmt.Sprintf("%s: %v", f.key, err)})
			k.broken[f.place] = true // there is one, whatever it is
			continue
		}
		secret := strings.TrimRight(string(text), "\r\n")
		if secret == "" {
			k.faults = append(k.faults, fault{f.place, fmt.Sprintf("%s: %s is empty", f.key, path)})
			continue
		}
		*f.into = secret
	}
}

// readSmall reads a file of at most limit bytes that nobody but its owner and group may change.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a file")}
	}
	if info.Mode().Perm()&0o002 != 0 {
		return nil, errors.New(openToAll(path))
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s is larger than %d KiB", path, limit>>10)
	}
	return os.ReadFile(path) // #nosec G304 -- the operator names the file
}

func openToAll(path string) string {
	return fmt.Sprintf("everybody may write to %s: take that away (chmod o-w)", path)
}

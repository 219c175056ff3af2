package plugins

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// ManifestName is the file that makes a folder a plugin.
const ManifestName = "plugin.yaml"

// A Manifest is what an operator says about a plugin.
type Manifest struct {
	Name     string        // the folder's; what the plugin is called everywhere
	Dir      string        // the folder; the process works in it
	Binary   string        // what is run, absolute
	Args     []string      // its arguments
	SHA256   []byte        // of the binary
	RunAs    string        // account of the process. "" is the server's own.
	MTLS     bool          // the connection is encrypted and both ends are known
	Timeout  time.Duration // for a call whose caller sets no limit
	Restarts int           // deaths within an hour that switch the plugin off; 0: never
	Settings yaml.MapSlice // given to the plugin, in their order
	Allow    Permissions
}

// Permissions are what a plugin may ask of the server. The zero value allows nothing.
type Permissions struct {
	Events   []string // kinds of events; "*" all
	Commands []string // dial, answer, decline, hangup, transfer, state; "*" all
	Users    []string // logins on whose behalf it may command, and whom it may notify; "*" all
	Lookup   bool     // users and numbers
	Journal  bool
	Storage  bool
	Notify   bool
	PBX      bool              // be the telephone system, if pbx.driver names it
	HTTP     bool              // /NAME/…
	Paths    []string          // exact paths beside that
	Deliver  map[string]string // addresses outside that it may have requests delivered to, by name
}

// manifestFile is plugin.yaml as it is written.
type manifestFile struct {
	Binary   string        `yaml:"binary"`
	Args     []string      `yaml:"args"`
	SHA256   string        `yaml:"sha256"`
	RunAs    string        `yaml:"run_as"`
	MTLS     *bool         `yaml:"mtls"`
	Timeout  string        `yaml:"timeout"`
	Restarts *int          `yaml:"restarts_per_hour"`
	Settings yaml.MapSlice `yaml:"settings"`
	Allow    struct {
		Events   []string          `yaml:"events"`
		Commands []string          `yaml:"commands"`
		Users    []string          `yaml:"users"`
		Lookup   bool              `yaml:"lookup"`
		Journal  bool              `yaml:"journal"`
		Storage  bool              `yaml:"storage"`
		Notify   bool              `yaml:"notify"`
		PBX      bool              `yaml:"pbx"`
		HTTP     bool              `yaml:"http"`
		Paths    []string          `yaml:"paths"`
		Deliver  map[string]string `yaml:"deliver"`
	} `yaml:"allow"`
}

const (
	maxManifest     = 64 << 10
	defaultTimeout  = 15 * time.Second
	defaultRestarts = 3
)

// names are what plugins, methods and forms may be called; a dot would part a method's name.
var names = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// ReadManifest reads and checks the manifest of a plugin's folder, and who may write to what it
// names. It does not look into the binary.
func ReadManifest(dir string) (Manifest, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Manifest{}, err
	}
	if name := filepath.Base(dir); !names.MatchString(name) {
		return Manifest{}, fmt.Errorf("%q cannot be a plugin's name: letters, digits, _ and -, at most 64", name)
	}
	file := filepath.Join(dir, ManifestName)
	if err := errors.Join(guarded(dir), guarded(file)); err != nil {
		return Manifest{}, err
	}
	text, err := readLimited(file)
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(dir, text)
	if len(m.SHA256) != sha256.Size {
		err = errors.Join(err, errSum)
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", file, err)
	}
	return m, guarded(m.Binary)
}

// ReadUnsealed reads the manifest of a folder for a trial by hand: neither its hash nor who may write to
// it counts.
func ReadUnsealed(dir string) (Manifest, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Manifest{}, err
	}
	file := filepath.Join(dir, ManifestName)
	text, err := readLimited(file)
	if err != nil {
		return Manifest{}, err
	}
	m, err := parseManifest(dir, text)
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// errSum: the hash of a manifest is none.
var errSum = errors.New("sha256: want the 64 hex digits of the binary; octolink plugin seal writes them")

func readLimited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err == nil && len(text) > maxManifest {
		err = fmt.Errorf("%s: more than %d KiB", name, maxManifest>>10)
	}
	return text, err
}

// parseManifest reads the text of a manifest in a folder. All mistakes that it finds are told, but
// for a missing hash: who starts the binary looks at that.
func parseManifest(dir string, text []byte) (Manifest, error) {
	f, err := decodeManifest(text)
	if err != nil {
		return Manifest{}, err
	}
	m := Manifest{
		Name: filepath.Base(dir), Dir: dir, Binary: f.Binary, Args: f.Args, RunAs: f.RunAs,
		MTLS: f.MTLS == nil || *f.MTLS, Timeout: defaultTimeout, Restarts: defaultRestarts, Settings: f.Settings,
		Allow: Permissions(f.Allow),
	}
	if f.Restarts != nil {
		m.Restarts = *f.Restarts
	}
	if m.Binary != "" && !filepath.IsAbs(m.Binary) {
		m.Binary = filepath.Join(dir, m.Binary)
	}
	return m, errors.Join(m.readTexts(f), m.check())
}

// decodeManifest reads the YAML. The decoder panics over some malformed tags.
func decodeManifest(text []byte) (f manifestFile, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("no YAML that can be read: %v", p)
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict(), yaml.DisallowUnknownField())
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return f, errors.New(yaml.FormatError(err, false, false))
	}
	return f, nil
}

func (m *Manifest) readTexts(f manifestFile) error {
	var errs []error
	if f.Timeout != "" {
		d, err := time.ParseDuration(f.Timeout)
		if err != nil || d <= 0 {
			errs = append(errs, fmt.Errorf("timeout: %q is no time such as 15s", f.Timeout))
		}
		m.Timeout = d
	}
	m.SHA256, _ = hex.DecodeString(f.SHA256) // what is none is noticed by its length
	return errors.Join(errs...)
}

// Events and commands that a manifest may list.
var (
	commandKinds = []string{"dial", "answer", "decline", "hangup", "transfer", "state"}
	eventKinds   = []string{
		"ringstarted", "ringstopped", "talkstarted", "talkstopped", "callbackstarted", "callbackstopped",
		"ivrstarted", "ivrstopped", "linechanged", "flashchanged", "statechanged", "numberschanged",
		"conferencechanged", "memberchanged", "directorychanged", "callrecord", "notification",
	}
)

func (m *Manifest) check() error {
	var errs []error
	if m.Binary == "" {
		errs = append(errs, errors.New("binary: is missing"))
	}
	if m.Restarts < 0 {
		errs = append(errs, errors.New("restarts_per_hour: cannot be negative"))
	}
	errs = append(errs, known("allow.events", m.Allow.Events, eventKinds), known("allow.commands", m.Allow.Commands, commandKinds))
	if (len(m.Allow.Commands) > 0 || m.Allow.Notify) && len(m.Allow.Users) == 0 {
		errs = append(errs, errors.New(`allow.users: is missing: for whom are commands and notify? "*" for everybody`))
	}
	for name, address := range m.Allow.Deliver {
		errs = append(errs, checkEndpoint(name, address))
	}
	for _, p := range m.Allow.Paths {
		if !strings.HasPrefix(p, "/") || p == "/" || path.Clean(p) != p || strings.ContainsAny(p, "{}? #") {
			errs = append(errs, fmt.Errorf("allow.paths: %q is no exact path such as /vendor/hook", p))
		}
	}
	return errors.Join(errs...)
}

func known(key string, list, kinds []string) error {
	var errs []error
	for _, k := range list {
		if k != "*" && !slices.Contains(kinds, k) {
			errs = append(errs, fmt.Errorf("%s: %q is none of %s", key, k, strings.Join(kinds, ", ")))
		}
	}
	return errors.Join(errs...)
}

// allows reports whether a list of a manifest names something.
func allows(list []string, what string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return s == "*" || strings.EqualFold(s, what) })
}

// checkSum compares the binary with the manifest.
func (m *Manifest) checkSum() error {
	sum, err := Sum(m.Binary)
	if err != nil {
		return err
	}
	if !bytes.Equal(sum, m.SHA256) {
		return fmt.Errorf("%s has the SHA-256 %x, the manifest says %x", m.Binary, sum, m.SHA256)
	}
	return nil
}

// Sum is the SHA-256 of a file.
func Sum(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

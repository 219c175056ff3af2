package bench

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ReadUsers reads a file of users: a login and a password in each line, with a blank or a colon
// between them. Empty lines and lines with # are left out.
func ReadUsers(r io.Reader) ([]User, error) {
	var users []User
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.IndexAny(line, ": \t")
		if i < 1 {
			return nil, fmt.Errorf("line %d: wants a login and a password", n)
		}
		users = append(users, User{line[:i], strings.TrimSpace(line[i+1:])})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("no users")
	}
	return users, nil
}

// A Site is a configuration with many users, to be loaded.
type Site struct {
	Users int
	HTTP  string // listener
	Stats string // listener of the metrics
	Link  string // listener for a CRM
}

// WriteConfig writes a server's configuration.
func (s Site) WriteConfig(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "data: ./data\nlisten: {http: [%q], https: [], metrics: %q}\npbx: {sim: {answer: 1s}}\n", s.HTTP, s.Stats)
	if s.Link != "" {
		fmt.Fprintf(out, "links: [{name: bench, mode: ws-in, listen: %q, trust: true}]\n", s.Link)
	}
	fmt.Fprintln(out, "departments:")
	for i := 0; i < s.Users; i += teamSize {
		fmt.Fprintf(out, "  - {name: Team %d}\n", i/teamSize)
	}
	fmt.Fprintln(out, "users:")
	for i := range s.Users {
		fmt.Fprintf(out, "  - {login: %s, name: User %d, password: %s, number: %q, department: Team %d}\n",
			siteLogin(i), i, sitePassword, siteNumber(i), i/teamSize)
	}
	return out.Flush()
}

// WriteUsers writes the file that ReadUsers reads.
func (s Site) WriteUsers(w io.Writer) error {
	out := bufio.NewWriter(w)
	for i := range s.Users {
		fmt.Fprintf(out, "%s %s\n", siteLogin(i), sitePassword)
	}
	return out.Flush()
}

const (
	sitePassword = "bench"
	teamSize     = 25
)

func siteLogin(i int) string  { return fmt.Sprintf("user%04d", i) }
func siteNumber(i int) string { return fmt.Sprint(10000 + i) }

// SiteUser is the user with that number of every site.
func SiteUser(i int) User { return User{siteLogin(i), sitePassword} }

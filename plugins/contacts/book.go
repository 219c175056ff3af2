package contacts

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/octolink/octolink/plugins/sdk"
)

// significant is how many last digits of two numbers must agree: 8 916 123-45-67 and +7 916 123 45 67
// are one.
const significant = 10

// The columns of a new file.
var columns = []string{"id", "phone", "name", "company", "responsible", "note"}

// A book is the CSV file in memory.
type book struct {
	path string

	mu      sync.Mutex
	stamp   string // of the file that was read
	columns []string
	rows    []map[string]string
	byPhone map[string]map[string]string // by the significant digits
}

// open reads a file; one that is not there begins empty.
func open(path string) (*book, error) {
	b := &book{path: path}
	return b, b.refresh()
}

// refresh reads the file if it is another one than before. Under mu, or before anybody else knows b.
func (b *book) refresh() error {
	stamp := "none"
	if info, err := os.Stat(b.path); err == nil {
		stamp = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if stamp == b.stamp {
		return nil
	}
	next := book{columns: columns, byPhone: map[string]map[string]string{}}
	if stamp != "none" {
		if err := next.read(b.path); err != nil {
			return fmt.Errorf("%s: %w", b.path, err)
		}
	}
	b.stamp, b.columns, b.rows, b.byPhone = stamp, next.columns, next.rows, next.byPhone
	return nil
}

func (b *book) read(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		return nil
	}
	b.columns = lines[0]
	b.columns[0] = strings.TrimPrefix(b.columns[0], "\uFEFF") // spreadsheets write it
	for _, needed := range []string{"phone", "name"} {
		if !slices.Contains(b.columns, needed) {
			return fmt.Errorf("the first line has no column %q", needed)
		}
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range b.columns {
			row[name] = line[i]
		}
		b.put(row)
	}
	return nil
}

// put adds a row to the memory; the first one of a number counts.
func (b *book) put(row map[string]string) {
	b.rows = append(b.rows, row)
	if key := tail(row["phone"]); key != "" && b.byPhone[key] == nil {
		b.byPhone[key] = row
	}
}

func tail(phone string) string {
	d := digits(phone)
	return d[max(0, len(d)-significant):]
}

// find is the contact of a number; nil: there is none.
func (b *book) find(phone string) (map[string]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refresh(); err != nil {
		return nil, err
	}
	return b.byPhone[tail(phone)], nil
}

// add keeps a new contact; the file is whole at every moment.
func (b *book) add(row map[string]string) (id string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refresh(); err != nil {
		return "", err
	}
	if old := b.byPhone[tail(row["phone"])]; old != nil {
		return "", &sdk.Error{Code: 409, Text: fmt.Sprintf("%s is %s's number already", row["phone"], old["name"])}
	}
	row["id"] = b.nextID()
	all := append(slices.Clone(b.rows), row)
	if err := b.write(all); err != nil {
		return "", err
	}
	b.put(row)
	if info, err := os.Stat(b.path); err == nil {
		b.stamp = fmt.Sprint(info.ModTime().UnixNano(), info.Size())
	}
	return row["id"], nil
}

func (b *book) nextID() string {
	last := 0
	for _, row := range b.rows {
		if n, err := strconv.Atoi(row["id"]); err == nil {
			last = max(last, n)
		}
	}
	return strconv.Itoa(last + 1)
}

// write makes a new file beside the old one and puts it in its place.
func (b *book) write(rows []map[string]string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(b.path), ".contacts-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	w := csv.NewWriter(f)
	_ = w.Write(b.columns) // Error tells
	for _, row := range rows {
		line := make([]string, len(b.columns))
		for i, name := range b.columns {
			line[i] = row[name]
		}
		_ = w.Write(line)
	}
	w.Flush()
	if err := errors.Join(w.Error(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), b.path)
}

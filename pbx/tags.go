package pbx

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Bounds of the tags of one call.
const (
	maxTags     = 32
	maxTagKey   = 64   // bytes
	maxTagValue = 1024 // bytes
)

// A Tag is what a flow noted about a call.
type Tag struct{ Key, Value string }

// tags are those of one call, in the order in which their keys came.
type tags struct {
	mu     sync.Mutex
	list   []Tag // never changed in place: journal entries share it
	closed bool  // the call is over
}

func (t *tags) set(key, value string) error {
	if key == "" || len(key) > maxTagKey || len(value) > maxTagValue || !utf8.ValidString(key+value) || strings.ContainsFunc(key, unicode.IsControl) {
		return invalid("a tag %.64q with a value of %d bytes", key, len(value))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return fmt.Errorf("pbx: tag %s: %w", key, ErrHungUp)
	}
	list := slices.Clone(t.list)
	if i := slices.IndexFunc(list, func(o Tag) bool { return o.Key == key }); i >= 0 {
		list[i].Value = value
	} else if len(list) < maxTags {
		list = append(list, Tag{key, value})
	} else {
		return invalid("tag %s: a call has %d tags already", key, maxTags)
	}
	t.list = list
	return nil
}

func (t *tags) snapshot() []Tag {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list
}

func (t *tags) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
}

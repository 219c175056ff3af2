package scripting

import (
	"context"
	"fmt"
	"sync"
)

// maxKeys is how many keys a flow may have in a Memory.
const maxKeys = 10_000

// A Memory is a KV that forgets everything with the process. Make it with NewMemory.
type Memory struct {
	mu     sync.Mutex
	values map[string]map[string][]byte
}

var _ KV = (*Memory)(nil)

// NewMemory makes an empty one.
func NewMemory() *Memory { return &Memory{values: map[string]map[string][]byte{}} }

// Get implements KV.
func (m *Memory) Get(_ context.Context, flow, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, found := m.values[flow][key]
	return v, found, nil
}

// Set implements KV.
func (m *Memory) Set(_ context.Context, flow, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	own := m.values[flow]
	if own == nil {
		own = map[string][]byte{}
		m.values[flow] = own
	}
	if _, there := own[key]; !there && len(own) >= maxKeys {
		return fmt.Errorf("%w keys: %d", ErrFull, len(own))
	}
	own[key] = append([]byte(nil), value...)
	return nil
}

// Delete implements KV.
func (m *Memory) Delete(_ context.Context, flow, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values[flow], key)
	return nil
}

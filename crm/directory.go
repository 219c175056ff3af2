package crm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A Directory knows which providers there are now. Its zero value is empty and ready.
type Directory struct {
	mu        sync.RWMutex
	providers map[string]Provider
}

// Put adds a provider, or replaces the one of its name.
func (d *Directory) Put(p Provider) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.providers == nil {
		d.providers = make(map[string]Provider)
	}
	d.providers[p.Name()] = p
}

// Drop forgets a provider, unless another one has taken its name meanwhile.
func (d *Directory) Drop(p Provider) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.providers[p.Name()] == p {
		delete(d.providers, p.Name())
	}
}

// Provider finds one by name; ErrNoProvider.
func (d *Directory) Provider(name string) (Provider, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	p := d.providers[name]
	if p == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoProvider, name)
	}
	return p, nil
}

// Providers are all of them, by name.
func (d *Directory) Providers() []Provider {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]Provider, 0, len(d.providers))
	for _, p := range d.providers {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Provider) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// Invoke runs "provider.method". A name without a provider is looked for everywhere, and must be
// offered once. Errors are those of [Provider.Invoke], and [ErrNoProvider].
func (d *Directory) Invoke(ctx context.Context, name string, call Call) (Values, error) {
	p, key, err := d.find(name, func(c Catalog, key string) bool { _, ok := c.Method(key); return ok }, ErrNoMethod)
	if err != nil {
		return nil, err
	}
	call.Method = key
	return p.Invoke(ctx, call)
}

// Form finds "provider.form", or a form without the provider's name that is offered once.
func (d *Directory) Form(name string) (Provider, Form, error) {
	p, key, err := d.find(name, func(c Catalog, key string) bool { _, ok := c.Form(key); return ok }, ErrNoForm)
	if err != nil {
		return nil, Form{}, err
	}
	form, _ := p.Catalog().Form(key)
	return p, form, nil
}

func (d *Directory) find(name string, offers func(Catalog, string) bool, none error) (Provider, string, error) {
	if provider, key, ok := strings.Cut(name, "."); ok {
		if p, err := d.Provider(provider); err == nil {
			if !offers(p.Catalog(), key) {
				return nil, "", fmt.Errorf("%w: %s", none, name)
			}
			return p, key, nil
		}
	}
	var found []Provider
	for _, p := range d.Providers() {
		if offers(p.Catalog(), name) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, "", fmt.Errorf("%w: %s", none, name)
	case 1:
		return found[0], name, nil
	}
	return nil, "", fmt.Errorf("%w: %s is offered by %s and %s; say which", none, name, found[0].Name(), found[1].Name())
}

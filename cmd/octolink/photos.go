package main

import (
	"context"
	"errors"
	"sync"

	"github.com/octolink/octolink/protocol/methods"
	"github.com/octolink/octolink/store"
	"github.com/octolink/octolink/web"
)

// photos join the pictures that the web server keeps with whose they are. All links are in memory:
// a directory of hundreds of users asks for them at each login.
type photos struct {
	store   *store.Store
	uploads *web.Uploads

	mu    sync.RWMutex
	paths map[string]string // mu; by folded login
}

var _ methods.Photos = (*photos)(nil)

func loadPhotos(ctx context.Context, s *store.Store, u *web.Uploads) (*photos, error) {
	all, err := s.Photos(ctx)
	if err != nil {
		return nil, err
	}
	p := &photos{store: s, uploads: u, paths: make(map[string]string, len(all))}
	for login, path := range all {
		p.paths[fold(login)] = path
	}
	return p, nil
}

// Links implements [methods.Photos].
func (p *photos) Links(login string) (full, small32, small96 string, ok bool) {
	p.mu.RLock()
	path, ok := p.paths[fold(login)]
	p.mu.RUnlock()
	if !ok {
		return "", "", "", false
	}
	full, small96, small32 = web.PhotoLinks(path)
	return full, small32, small96, full != ""
}

// Use implements [methods.Photos].
func (p *photos) Use(ctx context.Context, login, path string) error {
	kept, err := p.uploads.Photo(login, path)
	if errors.Is(err, web.ErrNoSuchUpload) {
		return methods.ErrNoUpload
	}
	if err != nil {
		return err
	}
	if err := p.store.SetPhoto(ctx, login, kept); err != nil {
		return storing(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paths[fold(login)] = kept
	return nil
}

// clean removes uploads that nobody uses any more.
func (p *photos) clean() (removed int, err error) {
	p.mu.RLock()
	used := make([]string, 0, len(p.paths))
	for _, path := range p.paths {
		used = append(used, path)
	}
	p.mu.RUnlock()
	return p.uploads.Clean(used)
}

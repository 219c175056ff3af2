package web

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const cleanPeriod = time.Hour

// PhotoStore remembers which upload is whose photo.
type PhotoStore interface {
	// Photos gives the path of every user's photo by login.
	Photos(ctx context.Context) (map[string]string, error)
	// SetPhoto replaces one.
	SetPhoto(ctx context.Context, login, path string) error
}

// Photos are the users' pictures: uploads that their users chose [P 6.2]. Its methods may be called
// from any goroutine; Links answers from memory.
type Photos struct {
	uploads *Uploads
	store   PhotoStore
	log     *slog.Logger

	using sync.Mutex // held while a photo is chosen and while unused ones are removed

	mu    sync.RWMutex
	paths map[string]string // by login in lower case
}

// LoadPhotos reads who has which photo. A nil log means that nothing is logged.
func LoadPhotos(ctx context.Context, u *Uploads, s PhotoStore, log *slog.Logger) (*Photos, error) {
	stored, err := s.Photos(ctx)
	if err != nil {
		return nil, fmt.Errorf("web: photos: %w", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Photos{uploads: u, store: s, log: log, paths: make(map[string]string, len(stored))}
	for login, path := range stored {
		p.paths[strings.ToLower(login)] = path
	}
	return p, nil
}

// Links are paths on this web server for the three sizes; ok is false without a photo.
func (p *Photos) Links(login string) (full, small32, small96 string, ok bool) {
	p.mu.RLock()
	m := uploadPath.FindStringSubmatch(p.paths[strings.ToLower(login)])
	p.mu.RUnlock()
	if m == nil {
		return "", "", "", false
	}
	at := "/" + photoPrefix
	return at + sized(m[1], 0, m[2]), at + sized(m[1], 2, m[2]), at + sized(m[1], 1, m[2]), true
}

// Use makes an upload of the same user his photo. Errors: [ErrNoSuchUpload], those of the store.
func (p *Photos) Use(ctx context.Context, login, path string) error {
	p.using.Lock()
	defer p.using.Unlock()
	kept, err := p.uploads.owned(login, path)
	if err != nil {
		return err
	}
	if err := p.store.SetPhoto(ctx, login, kept); err != nil {
		return fmt.Errorf("web: photo: %w", err)
	}
	p.mu.Lock()
	p.paths[strings.ToLower(login)] = kept
	p.mu.Unlock()
	return nil
}

// Run removes, now and then every hour until ctx ends, uploads that are older than a day and nobody's photo.
func (p *Photos) Run(ctx context.Context) error {
	tick := time.NewTicker(cleanPeriod)
	defer tick.Stop()
	for {
		p.clean()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *Photos) clean() {
	p.using.Lock()
	defer p.using.Unlock()
	p.mu.RLock()
	used := slices.Collect(maps.Values(p.paths))
	p.mu.RUnlock()
	removed, err := p.uploads.Clean(used)
	if err != nil {
		p.log.Error("clean uploads", "err", err)
		return
	}
	if removed > 0 {
		p.log.Debug("unused uploads removed", "count", removed)
	}
}

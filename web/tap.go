package web

import (
	"strings"
	"sync"
	"time"

	"github.com/octolink/octolink/protocol"
)

const tapBuffer = 1024 // lines that a slow watcher may be behind

// A TapLine is one frame that passed, as an operator sees it.
type TapLine struct {
	At     time.Time `json:"at"`
	Link   string    `json:"link,omitempty"` // name of the configured link; "" for client channels
	User   string    `json:"user,omitempty"` // login; "" before it is known
	Remote string    `json:"remote"`
	Dir    string    `json:"dir"` // "in" or "out", seen from octolink
	Format string    `json:"format"`
	Frame  string    `json:"frame"`          // written anew, secrets masked
	Lost   int64     `json:"lost,omitempty"` // frames before this one that the watcher was too slow for
}

// A TapFilter says what to watch. Empty fields mean everything.
type TapFilter struct {
	Link string
	User string // login, without regard to case
}

// Tapped is what can show its frames: the engine.
type Tapped interface{ SetTap(fn protocol.Tap) }

// Tap shows frames to those who watch. While nobody does, the engine does not even call it.
type Tap struct {
	engine Tapped
	mu     sync.Mutex
	now    map[*watcher]struct{}
	closed bool
}

type watcher struct {
	filter TapFilter
	lines  chan TapLine
	lost   int64 // mu of the Tap
}

// NewTap makes a tap of an engine.
func NewTap(engine Tapped) *Tap {
	return &Tap{engine: engine, now: map[*watcher]struct{}{}}
}

// Watch starts to show frames. The channel is closed by stop and by Close; frames that come faster
// than they are read are counted in the next line's Lost.
func (t *Tap) Watch(f TapFilter) (lines <-chan TapLine, stop func()) {
	w := &watcher{filter: f, lines: make(chan TapLine, tapBuffer)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		close(w.lines)
		return w.lines, func() {}
	}
	t.now[w] = struct{}{}
	if len(t.now) == 1 {
		t.engine.SetTap(t.frame)
	}
	return w.lines, func() { t.stop(w) }
}

func (t *Tap) stop(w *watcher) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, on := t.now[w]; !on {
		return
	}
	delete(t.now, w)
	close(w.lines)
	if len(t.now) == 0 {
		t.engine.SetTap(nil)
	}
}

// Close ends all watching, for good.
func (t *Tap) Close() {
	t.mu.Lock()
	t.closed = true
	watching := t.now
	t.now = map[*watcher]struct{}{}
	t.engine.SetTap(nil)
	for w := range watching {
		close(w.lines)
	}
	t.mu.Unlock()
}

func (t *Tap) frame(d protocol.Direction, login string, info protocol.Info, frame []byte) {
	text, about := Mask(info.Format, frame)
	if login == "" {
		login = about // before the login is answered the frame itself says whose it is
	}
	line := TapLine{At: time.Now(), Link: info.Link, User: login, Remote: info.Remote,
		Dir: string(d), Format: info.Format.String(), Frame: text}
	t.mu.Lock()
	defer t.mu.Unlock()
	for w := range t.now {
		if w.filter.wants(line) {
			w.show(line)
		}
	}
}

func (f TapFilter) wants(l TapLine) bool {
	return (f.Link == "" || f.Link == l.Link) && (f.User == "" || strings.EqualFold(f.User, l.User))
}

// show never blocks: it runs where the frame passes. Under the tap's mu.
func (w *watcher) show(l TapLine) {
	l.Lost = w.lost
	select {
	case w.lines <- l:
		w.lost = 0
	default:
		w.lost++
	}
}

package crmsim

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/gobwas/ws"
)

// Errors of requests.
var (
	ErrNoLink   = errors.New("crmsim: octolink is not connected and introduced")
	ErrLinkLost = errors.New("crmsim: the link broke before the reply")
	ErrNoReply  = errors.New("crmsim: no reply in time")
	ErrHTTP     = errors.New("crmsim: over HTTP the CRM cannot ask")
	ErrNoForm   = errors.New("crmsim: no such form is open")
)

// A CRM is one simulated CRM. Its methods may be called from any goroutine.
type CRM struct {
	opts      Options
	log       *slog.Logger
	listening chan struct{} // closed when addr is known
	known     sync.Once
	nonces    nonces
	tracing   sync.Mutex // one Trace at a time

	mu      sync.Mutex
	addr    string
	running bool
	tasks   *sync.WaitGroup // goroutines of this Run
	ending  chan struct{}   // closed when this Run ends
	changed chan struct{}   // closed and made anew when something happened
	link    *link           // where octolink was introduced last; nil when it is not
	links   map[*link]struct{}
	trouble disturbance
	faults  faultQueue
	users   map[string]*account // by login
	order   []string            // of users
	kept    record
	book    book
	forms   map[string]*openForm // by window
	runs    map[string]func()    // what cancels delayed answers, by execution
	pushes  []outgoing           // for the next HTTP answer
	stats   Stats
}

// An account is a user of the CRM. With CRM.mu held.
type account struct {
	User
	active bool
}

// New makes a CRM; Run brings it to life. Mistakes in the options are told by Run.
func New(o Options) *CRM {
	o = o.withDefaults()
	c := &CRM{
		opts:      o,
		log:       o.Log,
		listening: make(chan struct{}),
		links:     map[*link]struct{}{},
		users:     map[string]*account{},
		forms:     map[string]*openForm{},
		runs:      map[string]func(){},
		kept:      record{keep: o.Keep},
		book:      book{keep: o.Keep, since: o.Since},
	}
	for _, f := range o.Faults {
		if f.instant(o.Mode) {
			c.lasting(f) // there is nothing else to disturb yet
			continue
		}
		c.faults = append(c.faults, f)
	}
	for _, u := range o.Users {
		c.addUser(u)
	}
	if o.Mode.dials() {
		c.known.Do(func() { close(c.listening) })
	}
	return c
}

func (c *CRM) addUser(u User) {
	u.Type = either(u.Type, "crmsim-client")
	if c.users[u.Login] == nil {
		c.order = append(c.order, u.Login)
	}
	c.users[u.Login] = &account{User: u}
}

// Run listens or dials until the context ends, and returns nil then. It may be called again after
// that: it listens at the same address, and the CRM remembers everything.
func (c *CRM) Run(ctx context.Context) error {
	if err := c.opts.check(); err != nil {
		c.known.Do(func() { close(c.listening) })
		return err
	}
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return errors.New("crmsim: it runs already")
	}
	c.running, c.tasks, c.ending = true, &sync.WaitGroup{}, make(chan struct{})
	c.mu.Unlock()
	// The links end after their peers were told, not with the caller's context.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(done)
		c.stop(cancel)
	})
	defer func() {
		if !unhook() {
			<-done
		}
		c.stop(cancel)
	}()
	if c.opts.Mode.dials() {
		c.dialOn(life)
		return nil
	}
	return c.listen(life)
}

// stop ends everything that Run began, and waits for it.
func (c *CRM) stop(cancel func()) {
	c.mu.Lock()
	if c.running {
		c.running = false
		close(c.ending)
	}
	links := c.open()
	tasks := c.tasks
	c.mu.Unlock()
	for _, l := range links {
		l.sock.Leave(ws.StatusGoingAway)
	}
	cancel()
	tasks.Wait()
}

// spawn runs a task that Run waits for; false when Run is ending.
func (c *CRM) spawn(task func()) bool {
	leave, ok := c.enter()
	if !ok {
		return false
	}
	go func() {
		defer leave()
		task()
	}()
	return true
}

// enter makes Run wait for the caller until leave.
func (c *CRM) enter() (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running {
		return nil, false
	}
	c.tasks.Add(1)
	return c.tasks.Done, true
}

// Addr is where the CRM listens, host:port. It waits for Run to listen; "" when it cannot or dials.
func (c *CRM) Addr() string {
	<-c.listening
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addr
}

// Wait returns when cond is true; it is asked again after everything that happens.
func (c *CRM) Wait(ctx context.Context, cond func() bool) error {
	for {
		c.mu.Lock()
		if c.changed == nil {
			c.changed = make(chan struct{})
		}
		changed := c.changed
		c.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Ready waits until octolink is introduced on a live link.
func (c *CRM) Ready(ctx context.Context) error {
	return c.Wait(ctx, func() bool { return c.Stats().Ready })
}

// happened wakes those who Wait. With mu held.
func (c *CRM) happened() {
	if c.changed != nil {
		close(c.changed)
		c.changed = nil
	}
}

// update changes what mu guards and wakes those who Wait.
func (c *CRM) update(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	c.happened()
}

// Stats are counters since New, and what is now.
type Stats struct {
	Ready         bool  `json:"ready"`         // octolink is introduced; over HTTP: it was
	Links         int   `json:"links"`         // open connections
	Connections   int   `json:"connections"`   // ever; over HTTP: posts
	Introductions int   `json:"introductions"` // links on which octolink was introduced
	Denied        int   `json:"denied"`        // answered with 401
	Received      int   `json:"received"`      // messages
	Bad           int   `json:"bad"`           // frames that are no messages
	Sent          int   `json:"sent"`          // messages
	Runs          int   `json:"runs"`          // executemethod
	Cancelled     int   `json:"cancelled"`     // answers that were no longer wanted
	Shown         int   `json:"shown"`         // forms
	Faults        int   `json:"faults"`        // that happened
	Delivered     int   `json:"delivered"`     // different numbers of confirmed delivery
	Doubles       int   `json:"doubles"`       // numbers that came again
	Disorder      int   `json:"disorder"`      // new numbers below one that came before
	Since         int64 `json:"since"`         // everything up to this number is confirmed
}

// Stats are the counters now.
func (c *CRM) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Links = len(c.links)
	s.Ready = c.link != nil || c.opts.Mode.posted() && s.Introductions > 0
	s.Delivered, s.Doubles, s.Disorder, s.Since = c.book.delivered, c.book.doubles, c.book.disorder, c.book.reached()
	return s
}

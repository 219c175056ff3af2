package methods

import (
	"context"
	"sync"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// watchers are the clients that want to hear of a conference's participants.
type watchers struct {
	mu     sync.Mutex
	byConf map[string]map[*protocol.Client]bool
}

func (w *watchers) set(conference string, c *protocol.Client, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !on {
		w.drop(conference, c)
		return
	}
	if w.byConf == nil {
		w.byConf = make(map[string]map[*protocol.Client]bool)
	}
	if w.byConf[conference] == nil {
		w.byConf[conference] = make(map[*protocol.Client]bool)
	}
	w.byConf[conference][c] = true
}

func (w *watchers) drop(conference string, c *protocol.Client) { // mu is held
	delete(w.byConf[conference], c)
	if len(w.byConf[conference]) == 0 {
		delete(w.byConf, conference)
	}
}

// forget drops a client that is no more.
func (w *watchers) forget(c *protocol.Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for conference := range w.byConf {
		w.drop(conference, c)
	}
}

// of are the clients that watch a conference; after its end nobody does.
func (w *watchers) of(conf pbx.Conference) []*protocol.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	clients := make([]*protocol.Client, 0, len(w.byConf[conf.ID]))
	for c := range w.byConf[conf.ID] {
		clients = append(clients, c)
	}
	if len(conf.Members) == 0 {
		delete(w.byConf, conf.ID)
	}
	return clients
}

type handleEventsIn struct {
	ID     string `wire:"conferenceid,required" doc:"the conference"`
	Type   string `wire:"eventtype" doc:"competitors is the only one"`
	Handle bool   `wire:"handle" doc:"start or stop"`
}

func (a *API) handleConferenceEvents(_ context.Context, c *protocol.Client, in handleEventsIn) (struct{}, error) {
	if in.Type != "" && in.Type != "competitors" {
		return struct{}{}, badField("eventtype", "competitors")
	}
	if in.Handle {
		if _, err := a.mine(c, in.ID); err != nil {
			return struct{}{}, err
		}
	}
	a.watchers.set(in.ID, c, in.Handle)
	return struct{}{}, nil
}

type compositionEvent struct {
	Info compositionInfo `wire:"eventinfo" doc:"the conference"`
}

type compositionInfo struct {
	ID      string       `wire:"conferenceid" doc:"the conference"`
	Members []competitor `wire:"competitorlist" doc:"all its participants"`
}

func (a *API) tellComposition(conf pbx.Conference) {
	if clients := a.watchers.of(conf); len(clients) > 0 {
		body := compositionEvent{compositionInfo{conf.ID, competitorsOf(conf)}}
		a.hub.Publish(compositionChanged.For(protocol.These(clients...), body))
	}
}

type competitorEvent struct {
	Info competitorInfo `wire:"eventinfo" doc:"the conference and the participant"`
}

type competitorInfo struct {
	Conference conferenceID `wire:"conference" doc:"the conference"`
	Member     competitor   `wire:"competitor" doc:"the participant"`
}

type conferenceID struct {
	ID string `wire:"id" doc:"the conference"`
}

func (a *API) tellMember(m pbx.MemberChanged) {
	if clients := a.watchers.of(m.Conference); len(clients) > 0 {
		body := competitorEvent{competitorInfo{conferenceID{m.Conference.ID}, competitorOf(m.Member)}}
		a.hub.Publish(competitorChanged.For(protocol.These(clients...), body))
	}
}

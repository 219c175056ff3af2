package main

import (
	"time"

	"github.com/octolink/octolink/pbx"
)

// recordShown is a call record as `octolink events` shows it.
type recordShown struct {
	ID         string        `json:"id"`
	Chain      string        `json:"chainid"`
	Talk       string        `json:"commutationid,omitempty"`
	Login      string        `json:"login,omitempty"`
	Number     string        `json:"number"`
	Peer       string        `json:"abonent"`
	PeerName   string        `json:"abonentname,omitempty"`
	PeerLogin  string        `json:"abonentlogin,omitempty"`
	External   bool          `json:"isextline"`
	Direction  pbx.Direction `json:"connectiontype"`
	Queue      string        `json:"queue,omitempty"`
	Started    time.Time     `json:"datetimestart"`
	AnsweredAt time.Time     `json:"datetimeanswer,omitzero"`
	Ended      time.Time     `json:"datetimestop,omitzero"`
	Outcome    pbx.Outcome   `json:"outcome,omitempty"`
	Recorded   bool          `json:"recorded"`
	Conference string        `json:"conferenceid,omitempty"`
	Flow       string        `json:"flow,omitempty"`
	Tags       []pbx.Tag     `json:"tags,omitempty"`
}

// noticeShown is a notification as `octolink events` shows it.
type noticeShown struct {
	Login  string `json:"login"`
	ID     string `json:"id"`
	Sender string `json:"sender"`
	Text   string `json:"text"`
}

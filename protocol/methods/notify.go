package methods

import (
	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

var notified = protocol.NewEvent[notifyBody]("shownotifymessage", "", "A notice pops up at the user's screen.")

// notifyBody has the fields of a live capture [P 0.4].
type notifyBody struct {
	ID       string `wire:"id" doc:"the notice"`
	Sender   string `wire:"sender" doc:"who or what sent it"`
	Text     string `wire:"text" doc:"the text"`
	Type     int    `wire:"type" doc:"262144, as captured"`
	Time     string `wire:"dt" doc:"when"`
	Format   string `wire:"dtformat" doc:"how dt is written"`
	AutoHide bool   `wire:"autohide" doc:"it goes away by itself"`
	Save     bool   `wire:"savedb" doc:"always false"`
	Color    string `wire:"backcolor" doc:"colour behind it, ARGB"`
}

const (
	noticeType   = 262144
	noticeTime   = "02.01.2006 15:04:05"
	noticeFormat = "dd.MM.yyyy HH:mm:ss"
	noticeColor  = "FFFFFFFF"
)

func (a *API) noticeOf(ev pbx.Event, n pbx.Notice) notifyBody {
	return notifyBody{
		ID: n.ID, Sender: n.Sender, Text: n.Text, Type: noticeType, Time: ev.At.In(a.opts.Zone).Format(noticeTime),
		Format: noticeFormat, AutoHide: true, Color: noticeColor,
	}
}

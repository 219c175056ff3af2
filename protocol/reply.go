package protocol

import (
	"strings"

	"github.com/octolink/octolink/protocol/wire"
)

// isReply reports whether a message's name is one of those that answer something. They are never
// answered: two engines that face each other must fall silent [P 3.2] [P 9.2].
func isReply(name string) bool {
	if strings.HasSuffix(name, "result") {
		return true
	}
	switch name {
	case "pong", "iam", "activeusers", "availablemethods", "availableforms", "error":
		return true
	}
	return false
}

// maxEchoedName is how many characters of an unknown method's name an error reply repeats.
const maxEchoedName = 64

// A Renamed answer goes out under another name than the method's own [P 2.4].
type Renamed struct {
	Name   string // "" keeps the method's own
	Fields wire.Object
}

var tails = [2][]byte{wire.AppendTail(nil, wire.JSON), wire.AppendTail(nil, wire.XML)}

// badReply encodes an error under every name by which a client may look for it [P 3.3].
func badReply(c *Client, name string, msg *wire.Message, e *wire.Error) *Frame {
	f := c.ch.format
	b := wire.AppendHead(make([]byte, 0, 256), f, name, msg.QID)
	if c.ch.server != nil {
		b = appendAsker(b, c, msg)
	}
	return &Frame{Head: wire.AppendTail(appendError(b, f, e), f)}
}

// appendAsker writes for whom a CRM server asked: it finds its own user by that, not by the qid
// [P 4.2]. Somebody whom we do not know gets back the names that he came under.
func appendAsker(b []byte, c *Client, msg *wire.Message) []byte {
	if id := c.Identity(); id != nil {
		return appendUser(b, c.ch.format, id.Login, id.UserID)
	}
	if msg.UserLogin == "" && noID(msg.UserID) {
		return b // the CRM asked for itself
	}
	if id, refused := c.ch.engine.opts.Resolve(msg.UserLogin, msg.UserID); refused == nil {
		return appendUser(b, c.ch.format, id.Login, id.UserID) // not logged in, or just logged out
	}
	return appendUser(b, c.ch.format, msg.UserLogin, msg.UserID)
}

func appendError(b []byte, f wire.Format, e *wire.Error) []byte {
	b, _ = wire.AppendField(b, f, "result", 0)
	b, _ = wire.AppendField(b, f, "error", e.Code)
	b, _ = wire.AppendField(b, f, "errorcode", e.Code)
	b, _ = wire.AppendField(b, f, "errormsg", e.Text)
	b, _ = wire.AppendFields(b, f, e.Fields) // trees can always be encoded
	return b
}

// replyName is the name of the answer to a method that the table does not have.
func replyName(method string) string {
	characters := 0
	for i := range method {
		if characters == maxEchoedName {
			method = method[:i]
			break
		}
		characters++
	}
	return method + "result"
}

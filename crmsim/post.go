package crmsim

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/octolink/octolink/protocol/wire"
)

// post answers one message of octolink's [P 2.3].
func (c *CRM) post(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post data and format here", http.StatusMethodNotAllowed)
		return
	}
	number := 0
	c.update(func() {
		c.stats.Connections++
		number = c.stats.Connections
	})
	m, format, err := c.posted(w, r, number)
	if err != nil {
		c.log.Warn("post that is no message", "err", err)
		c.update(func() { c.stats.Bad++ })
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.take(Received{At: time.Now(), Link: number, Message: m})
	if m.Name == "whoareyou" {
		c.stats.Introductions++
	}
	c.mu.Unlock()
	p := &posting{crm: c, w: w, r: r, format: format, number: number}
	if !p.hang() {
		return
	}
	answer := c.answer(m)
	f, is := c.fault(m.Name, true) // every post has an answer
	if is && (f.link() || slices.Contains(httpFaults, f.Kind)) {
		p.disturb(f)
		return
	}
	p.reply(answer, f)
}

// posted reads the message out of a post.
func (c *CRM) posted(w http.ResponseWriter, r *http.Request, number int) (m wire.Message, f wire.Format, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, int64(c.opts.Message)*2) // base64, percent-encoded
	if err := r.ParseForm(); err != nil {
		return m, f, err
	}
	text, err := base64.StdEncoding.DecodeString(r.PostForm.Get("data"))
	if err != nil {
		return m, f, &wire.Error{Code: 400, Text: "data is not base64"}
	}
	f, known := wire.FormatOf(r.PostForm.Get("format"))
	if !known {
		return m, f, &wire.Error{Code: 400, Text: "format must be json or xml"}
	}
	c.trace(In, number, f, text)
	m, err = wire.Decode(f, text, wire.Limits{})
	return m, f, err
}

// A posting is one post that is being answered.
type posting struct {
	crm    *CRM
	w      http.ResponseWriter
	r      *http.Request
	format wire.Format
	number int
}

// hang waits as long as posts are not answered; false when the peer has gone meanwhile.
func (p *posting) hang() bool {
	p.crm.mu.Lock()
	hung := p.crm.trouble.hung
	p.crm.mu.Unlock()
	if hung == nil {
		return true
	}
	select {
	case <-hung:
		return true
	case <-p.r.Context().Done():
		return false
	}
}

// reply writes the answer, as the fault wants it, after its delay.
func (p *posting) reply(r *reply, f Fault) {
	if f.Kind == Garbage {
		p.write(garbage)
		return
	}
	if r == nil {
		p.write(nil)
		return
	}
	replies := []*reply{r}
	if f.Kind != "" {
		replies = r.spoilt(f)
	}
	if len(replies) == 0 {
		<-p.r.Context().Done() // the peer loses its patience
		return
	}
	if d := replies[0].delay; d > 0 {
		select {
		case <-time.After(d):
		case <-p.r.Context().Done():
			return
		}
	}
	messages := make([]outgoing, 0, len(replies))
	for _, one := range replies {
		messages = append(messages, one.outgoing())
	}
	if p.send(messages) && replies[0].sent != nil {
		replies[0].sent()
	}
}

// send writes messages as the body: one as it is, several as a list [P 2.3]. What waits to be sent
// goes along.
func (p *posting) send(messages []outgoing) bool {
	c := p.crm
	if p.format == wire.JSON {
		c.mu.Lock()
		messages = append(messages, c.pushes...)
		c.pushes = nil
		c.mu.Unlock()
	} else {
		messages = messages[:1] // there is no list of them in XML
	}
	var body []byte
	for i, m := range messages {
		frame, err := wire.Append(nil, p.format, m.name, m.qid, m.fields)
		if err != nil {
			c.log.Error("answer that cannot be written", "method", m.name, "err", err)
			http.Error(p.w, "the CRM fails", http.StatusInternalServerError)
			return false
		}
		c.trace(Out, p.number, p.format, frame)
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, frame...)
	}
	if len(messages) > 1 {
		body = append(append([]byte{'['}, body...), ']')
	}
	c.update(func() { c.stats.Sent += len(messages) })
	return p.write(body)
}

func (p *posting) write(body []byte) bool {
	p.w.Header().Set("Content-Type", "text/"+p.format.String()+"; charset=utf-8")
	p.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, err := p.w.Write(body)
	return err == nil
}

// disturb answers a post in a way that is no answer.
func (p *posting) disturb(f Fault) {
	switch f.Kind {
	case Status:
		http.Error(p.w, "the CRM fails on demand", http.StatusInternalServerError)
	case Page:
		p.w.Header().Set("Content-Type", "text/html")
		_, _ = p.w.Write([]byte("<!doctype html><title>Log in</title><h1>Please log in</h1>")) // for show
	case Empty:
		p.w.WriteHeader(http.StatusOK)
	case Redirect:
		http.Redirect(p.w, p.r, "/elsewhere", http.StatusTemporaryRedirect)
	case Endless:
		p.endless()
	case Drop, Reset, Refuse:
		p.crm.disturb(f)
		p.cut(f.Kind == Reset)
	default: // StopReading, HalfOpen
		p.crm.disturb(f)
		if p.hang() {
			p.cut(false)
		}
	}
}

// endless writes 100 MiB, or until the peer has had enough.
func (p *posting) endless() {
	chunk := make([]byte, 1<<20)
	for i := range chunk {
		chunk[i] = ' '
	}
	for range 100 {
		if _, err := p.w.Write(chunk); err != nil {
			return
		}
	}
}

// cut ends the connection without an answer.
func (p *posting) cut(reset bool) {
	conn, _, err := http.NewResponseController(p.w).Hijack()
	if err != nil {
		return
	}
	if reset {
		linger(conn)
	}
	conn.Close()
}

package web

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/octolink/octolink/pbx"
)

// RecordPath begins the address of a recording; the ID of the journal entry follows. It is the
// recordlink of an entry of getpbxcalljournal, to which a client adds ?temppass=.
const RecordPath = "/record/"

// slowReader is how long a listener may take for one piece of a recording.
const slowReader = 30 * time.Second

// Records finds entries of the call journal.
type Records interface {
	// RecordByID gives an entry; fs.ErrNotExist when there is none.
	RecordByID(ctx context.Context, id string) (pbx.CallRecord, error)
}

func (s *Server) recordRoutes(mux *http.ServeMux) {
	if s.o.Passes == nil || s.o.Records == nil || s.o.Recorder == nil || s.o.Directory == nil {
		return
	}
	mux.HandleFunc(RecordPath+"{id}", openToPages("GET, HEAD", s.record))
}

// record plays the recording of a journal entry to a user who shows a one-time password and may hear it.
func (s *Server) record(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "GET a recording", http.StatusMethodNotAllowed)
		return
	}
	login, _, ok := s.o.Passes.Take(r.URL.Query().Get("temppass"))
	if !ok {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	rec, err := s.o.Records.RecordByID(r.Context(), r.PathValue("id"))
	// An entry of others looks like no entry at all: who guesses learns nothing.
	if err == nil && !mayHear(s.o.Directory(), login, rec) {
		err = fs.ErrNotExist
	}
	if err == nil {
		err = s.play(w, r, rec)
	}
	if err != nil {
		s.recordFailure(w, r, err, login)
	}
}

// mayHear is the rule of the journal: one's own calls and subordinates', a supervisor all.
func mayHear(d *pbx.Directory, login string, r pbx.CallRecord) bool {
	u := d.UserByLogin(login)
	if u == nil {
		return false
	}
	if u.Supervisor || (r.Login != "" && strings.EqualFold(r.Login, login)) {
		return true
	}
	return r.Login != "" && d.Supervises(login, r.Login)
}

func (s *Server) play(w http.ResponseWriter, r *http.Request, rec pbx.CallRecord) error {
	sound, mediaType, err := s.o.Recorder.Recording(r.Context(), rec)
	if err != nil {
		return err
	}
	defer sound.Close()
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	http.ServeContent(&paced{ResponseWriter: w}, r, "", rec.Ended, sound)
	// The limit must not hit the connection's next request.
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) //nolint:errcheck // best effort: the answer is out
	return nil
}

func (s *Server) recordFailure(w http.ResponseWriter, r *http.Request, err error, login string) {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, pbx.ErrUnsupported):
		http.Error(w, "no such recording", http.StatusNotFound)
	case errors.Is(err, pbx.ErrOffline):
		http.Error(w, "the telephone system is away", http.StatusServiceUnavailable)
	case r.Context().Err() != nil: // nobody listens any more
	default:
		s.log.Error("recording", "user", login, "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// paced gives up on a reader that takes nothing for half a minute.
type paced struct{ http.ResponseWriter }

func (p *paced) Write(b []byte) (int, error) {
	err := http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(slowReader))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return p.ResponseWriter.Write(b)
}

package web

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	uploadTime     = time.Minute
	uploadOverhead = 64 << 10 // of the form around the file
)

func (s *Server) uploadRoutes(mux *http.ServeMux) {
	if s.o.Uploads == nil {
		return
	}
	mux.HandleFunc("GET /photo/{name}", s.o.Uploads.servePhoto)
	if s.o.Passes != nil {
		mux.HandleFunc("/upload", openToPages("POST", s.upload))
	}
}

// A refusal is an answer to a request that failed: the status and what to tell.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

// upload takes a picture from a user who shows a one-time password [P 11]. The password may stand
// after a double ampersand.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST, OPTIONS")
		http.Error(w, "POST a form with a file", http.StatusMethodNotAllowed)
		return
	}
	password := r.URL.Query().Get("temppass")
	login, copyTo, ok := s.o.Passes.Take(password)
	if !ok {
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	}
	status := http.StatusOK
	body, err := s.takeUpload(w, r, login)
	if err != nil {
		status, body = s.uploadFailure(err, login)
	}
	answerUpload(w, status, body)
	if copyTo != nil {
		copyTo(password, strconv.Itoa(status)+" "+http.StatusText(status), body)
	}
}

func answerUpload(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	// Old pages upload into an invisible frame, of another origin than ours.
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if status == http.StatusOK {
		h.Set("Content-Type", "text/xml; charset=utf-8")
	}
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, body) //nolint:errcheck // the peer is gone
}

func (s *Server) takeUpload(w http.ResponseWriter, r *http.Request, login string) (string, error) {
	q := r.URL.Query()
	// Where the picture is kept is our business in every storage mode, and its path is opaque in
	// both path modes [P 8.6].
	if !oneOf(q.Get("storagemode"), "", "storage", "temp", "script", "scriptplain") {
		return "", &refusal{http.StatusBadRequest, "storagemode is storage, temp, script or scriptplain"}
	}
	if !oneOf(q.Get("pathmode"), "", "absolute", "relative") {
		return "", &refusal{http.StatusBadRequest, "pathmode is absolute or relative"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), uploadTime)
	defer cancel()
	deadline, _ := ctx.Deadline()
	if err := http.NewResponseController(w).SetReadDeadline(deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return "", err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload+uploadOverhead)
	name, file, err := formFile(r)
	if err != nil {
		return "", err
	}
	path, err := s.o.Uploads.Save(ctx, login, file)
	if err != nil {
		return "", err
	}
	return uploadResult(name, path), nil
}

// formFile finds the field "file" of a multipart form.
func formFile(r *http.Request) (name string, file []byte, err error) {
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, &refusal{http.StatusBadRequest, "not a multipart form"}
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, &refusal{http.StatusBadRequest, "the form has no field named file"}
		}
		if err != nil {
			return "", nil, broken(err)
		}
		if part.FormName() != "file" {
			continue
		}
		file, err := io.ReadAll(io.LimitReader(part, maxUpload+1))
		if err != nil {
			return "", nil, broken(err)
		}
		if len(file) > maxUpload {
			return "", nil, &refusal{http.StatusRequestEntityTooLarge, "the file is larger than 5 MiB"}
		}
		return part.FileName(), file, nil
	}
}

func broken(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &refusal{http.StatusRequestEntityTooLarge, "the file is larger than 5 MiB"}
	}
	return &refusal{http.StatusBadRequest, "the form is broken"}
}

// uploadResult is the text in which oktell.js looks for `uploadfilesresult count="1"` and `path="…"` [P 11].
func uploadResult(name, path string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(name)) //nolint:errcheck // a Builder takes everything
	return fmt.Sprintf(`<uploadfilesresult count="1"><file name="%s" path="%s" /></uploadfilesresult>`, b.String(), path)
}

func (s *Server) uploadFailure(err error, login string) (int, string) {
	var no *refusal
	switch {
	case errors.As(err, &no):
		return no.status, no.text
	case errors.Is(err, ErrPicture):
		return http.StatusUnsupportedMediaType, ErrPicture.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, "the server is busy with other pictures"
	}
	s.log.Error("upload", "user", login, "err", err)
	return http.StatusInternalServerError, "the picture could not be kept"
}

func oneOf(v string, words ...string) bool {
	for _, w := range words {
		if v == w {
			return true
		}
	}
	return false
}

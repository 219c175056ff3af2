package web

import (
	"mime"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// serviceHeaders are the headers that a service may set, beside those that begin with X-: nothing
// that frames the answer, opens it to other sites, sets cookies or sends the client elsewhere.
var serviceHeaders = map[string]bool{
	"Content-Type": true, "Content-Disposition": true, "Content-Language": true,
	"Cache-Control": true, "Expires": true, "Last-Modified": true, "Etag": true, "Retry-After": true,
}

// ownHeaders begin with X- and are the server's all the same.
var ownHeaders = map[string]bool{
	"X-Content-Type-Options": true, "X-Frame-Options": true, "X-Accel-Redirect": true, "X-Sendfile": true,
}

// maxServiceHeaders is how many headers a service may set.
const maxServiceHeaders = 32

// answerPlain answers with what a service returned: value 1 is the body, value 2 the status or "file",
// value 3 has more headers, a line each [P 11].
func (s *Server) answerPlain(w http.ResponseWriter, r *http.Request, call ServiceCall, returned []string) {
	if !call.Wait {
		w.WriteHeader(http.StatusOK)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	s.setHeaders(h, call, value(returned, 2))
	kind := strings.TrimSpace(value(returned, 1))
	if strings.EqualFold(kind, "file") {
		s.answerFile(w, r, call, value(returned, 0))
		return
	}
	status := http.StatusOK
	if kind != "" {
		n, err := strconv.Atoi(kind)
		if err != nil || n < 200 || n > 599 {
			s.log.Warn("a service's second value is neither a status of 200 to 599 nor file", "service", call.Name, "value", short(kind))
			http.Error(w, "the service returned no status", http.StatusInternalServerError)
			return
		}
		status = n
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent && status != http.StatusNotModified {
		w.Write([]byte(value(returned, 0))) //nolint:errcheck // the peer is gone
	}
}

// setHeaders takes the headers that a service may set and leaves the others out.
func (s *Server) setHeaders(h http.Header, call ServiceCall, text string) {
	set := 0
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, content, found := strings.Cut(line, ":")
		name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
		content = strings.TrimSpace(content)
		allowed := serviceHeaders[name] || strings.HasPrefix(name, "X-") && !ownHeaders[name]
		if set++; !found || !allowed || set > maxServiceHeaders || !isToken(name) || !isHeaderText(content) {
			s.log.Warn("a service's header is left out", "service", call.Name, "header", short(name))
			continue
		}
		h.Set(name, content)
	}
}

// isToken reports whether a text can be a header's name.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isHeaderText reports whether a text can be a header's value: nothing in it ends the line.
func isHeaderText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// short keeps what a service returned from filling the log.
func short(text string) string {
	const most = 64
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// answerFile answers with a file of the services' folder. What lies elsewhere cannot be reached, over
// a link in the folder neither.
func (s *Server) answerFile(w http.ResponseWriter, r *http.Request, call ServiceCall, name string) {
	file, info, err := openUnder(s.o.Services.Files(), name)
	if err != nil {
		s.log.Warn("a service's file cannot be read", "service", call.Name, "file", short(name), "err", err)
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	defer file.Close()
	h := w.Header()
	base := filepath.Base(info.Name())
	if t := mime.TypeByExtension(filepath.Ext(base)); t != "" {
		h.Set("Content-Type", t)
	} else {
		h.Set("Content-Type", "application/octet-stream")
	}
	if h.Get("Content-Disposition") == "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": base}))
	}
	http.ServeContent(&paced{ResponseWriter: w}, r, "", info.ModTime(), file)
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) //nolint:errcheck // best effort: the answer is out
}

// openUnder opens a plain file in or below a folder. Backslashes are slashes, as clients of the
// original write them.
func openUnder(folder, name string) (*os.File, os.FileInfo, error) {
	if folder == "" || name == "" {
		return nil, nil, os.ErrNotExist
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	name = filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))
	// Asked before it is opened: opening a pipe would wait for its writer.
	info, err := root.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, os.ErrNotExist
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return file, info, nil
}

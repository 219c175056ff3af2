package web

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

// Demo is what the page tells a newcomer who has just started the demo.
type Demo struct {
	Users    []string `json:"users"`    // logins to choose from
	Password string   `json:"password"` // of all of them
}

//go:embed page
var pageFiles embed.FS

// pageSettings is what the page asks for before it shows itself.
type pageSettings struct {
	Simulator bool        `json:"simulator"` // /sim/ obeys this browser
	Queues    []pageQueue `json:"queues,omitempty"`
	Demo      *Demo       `json:"demo,omitempty"`
}

type pageQueue struct {
	Number string `json:"number"`
	Name   string `json:"name"`
}

func (s *Server) pageRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, files, "index.html")
	})
	mux.HandleFunc("GET /page/settings", s.settings)
	mux.HandleFunc("GET /page/{file}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("file")
		if _, err := fs.Stat(files, name); err != nil || strings.HasSuffix(name, ".html") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, files, name)
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "icon.svg")
	})
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request) {
	out := pageSettings{Simulator: s.simAllowed(r)}
	if out.Simulator {
		out.Demo = s.o.Demo
		out.Queues = s.queues()
	}
	answerJSON(w, http.StatusOK, out)
}

func (s *Server) queues() []pageQueue {
	if s.o.Directory == nil {
		return nil
	}
	var list []pageQueue
	for _, q := range s.o.Directory().Queues() {
		list = append(list, pageQueue{Number: q.Number, Name: q.Name})
	}
	return list
}

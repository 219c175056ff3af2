// Command gobwas is a peer for octolink's measurements: a goroutine for each connection over
// gobwas/ws, with encoding/json for every message. The answers are those that octolink gave, with the
// number of the request.
//
//	gobwas PORT ANSWERS
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"

	"github.com/gobwas/ws"
)

type fields = map[string]any

// A server knows the answers and who listens to what.
type server struct {
	answers map[string]answer // by the method's name

	mu          sync.Mutex
	subscribers map[string]map[net.Conn]bool
}

type answer struct {
	name   string
	fields fields
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("gobwas PORT ANSWERS")
	}
	s := &server{subscribers: make(map[string]map[net.Conn]bool)}
	if err := s.read(os.Args[2]); err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go s.serve(conn)
	}
}

func (s *server) read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var messages map[string]json.RawMessage
	if err := json.Unmarshal(text, &messages); err != nil {
		return err
	}
	s.answers = make(map[string]answer, len(messages))
	for method, m := range messages {
		name, fields, err := decode(m)
		if err != nil {
			return err
		}
		s.answers[method] = answer{name, fields}
	}
	return nil
}

// decode takes a message apart: a list of its name and its fields.
func decode(text []byte) (name string, f fields, err error) {
	var message []any
	if err := json.Unmarshal(text, &message); err != nil {
		return "", nil, err
	}
	if len(message) == 2 {
		name, _ = message[0].(string)
		f, _ = message[1].(fields)
	}
	if name == "" || f == nil {
		return "", nil, fmt.Errorf("not a message: %s", text)
	}
	return name, f, nil
}

// serve lives as long as a connection.
func (s *server) serve(conn net.Conn) {
	defer conn.Close()
	upgrader := ws.Upgrader{Protocol: func(p []byte) bool { return string(p) == "json" }}
	if _, err := upgrader.Upgrade(conn); err != nil {
		return
	}
	defer s.forget(conn)
	in := bufio.NewReader(conn)
	for {
		h, err := ws.ReadHeader(in)
		if err != nil || h.OpCode == ws.OpClose {
			return
		}
		text := make([]byte, h.Length)
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		ws.Cipher(text, h.Mask, 0)
		if s.message(conn, text) != nil {
			return
		}
	}
}

func (s *server) message(conn net.Conn, text []byte) error {
	method, in, err := decode(text)
	if err != nil {
		return err
	}
	a, ok := s.answers[method]
	if !ok {
		a = answer{method + "result", fields{"result": 0, "error": 404}}
	}
	if method == "subscribeevent" {
		s.subscribe(conn, in)
	}
	out, err := encode(a, fields{"qid": in["qid"]})
	if err != nil {
		return err
	}
	frame, err := ws.CompileFrame(ws.NewTextFrame(out)) // head and body in one write
	if err != nil {
		return err
	}
	if _, err := conn.Write(frame); err != nil {
		return err
	}
	if method == "triggercustomevent" {
		return s.publish("customevent", fields{"qid": rand.Text(), "eventparam": in["eventparam"]})
	}
	return nil
}

// encode builds a message from one that octolink sent, with some fields of its own.
func encode(a answer, own fields) ([]byte, error) {
	out := make(fields, len(a.fields)+1)
	for key, value := range a.fields {
		out[key] = value
	}
	for key, value := range own {
		out[key] = value
	}
	return json.Marshal([]any{a.name, out})
}

func (s *server) subscribe(conn net.Conn, in fields) {
	names, _ := in["eventmethod"].([]any)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range names {
		name, _ := n.(string)
		if s.subscribers[name] == nil {
			s.subscribers[name] = make(map[net.Conn]bool)
		}
		s.subscribers[name][conn] = true
	}
}

func (s *server) forget(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conns := range s.subscribers {
		delete(conns, conn)
	}
}

// publish builds the frame once and writes it to all, one event after the other.
func (s *server) publish(name string, own fields) error {
	text, err := encode(s.answers[name], own)
	if err != nil {
		return err
	}
	frame, err := ws.CompileFrame(ws.NewTextFrame(text))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var broken []net.Conn
	for conn := range s.subscribers[name] {
		if _, err := conn.Write(frame); err != nil {
			broken = append(broken, conn)
		}
	}
	for _, conn := range broken {
		conn.Close() // its own goroutine forgets it
	}
	return nil
}

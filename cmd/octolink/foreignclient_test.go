package main

import (
	"path/filepath"
	"testing"
)

// A user's program on another library takes a call on the client channel.
func TestForeignClientTakesACall(t *testing.T) {
	needsPython(t, "websockets")
	s := start(t, t.TempDir(), people)
	plain, secure := "ws://"+s.address("listen.http")+"/", "wss://"+s.address("listen.https")+"/"
	for _, tt := range []struct {
		name string
		args []string
	}{
		{"json", []string{"--format", "json", "--login", "alice", "--password", "demo", "--number", "300", plain}},
		{"xml", []string{"--format", "xml", "--login", "boris", "--password", "Пароль1", "--number", "301", plain}},
		{"tls", []string{"--ca", filepath.Join(s.dir, "data", "certs", "server.pem"), "--login", "alice", "--password", "demo", "--number", "300", secure}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			python(t, "client.py", append(tt.args, "--sim", "http://"+s.address("listen.http")+"/sim/")...).line("closed 1000")
		})
	}
}

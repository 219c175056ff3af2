package main

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestLogMasksSecrets(t *testing.T) {
	const secret = "s3cr3t"
	for _, tt := range []struct {
		name string
		log  func(*slog.Logger)
	}{
		{"attribute", func(l *slog.Logger) { l.Info("x", "password", secret) }},
		{"attribute in a group", func(l *slog.Logger) { l.WithGroup("login").Info("x", "sessionid", secret) }},
		{"kept attribute", func(l *slog.Logger) { l.With("temppass", secret).Info("x") }},
		{"json frame", func(l *slog.Logger) {
			l.Info("x", "frame", `["login",{"Password":"s3cr3t","password" : "s3cr3t","sessionid":"s3cr3t"}]`)
		}},
		{"frame as bytes", func(l *slog.Logger) { l.Info("x", "frame", []byte(`{"sippass":"s3cr3t"}`)) }},
		{"quoted frame", func(l *slog.Logger) { l.Info(`got {\"password\":\"s3cr3t\"}`) }},
		{"query", func(l *slog.Logger) { l.Info("GET /upload?temppass=s3cr3t&x=1") }},
		{"error", func(l *slog.Logger) { l.Info("x", "err", errors.New(`dial: password="s3cr3t"`)) }},
		{"header", func(l *slog.Logger) { l.Info("x", "h", "Authorization: Basic s3cr3t") }},
	} {
		for _, format := range []string{"text", "json"} {
			t.Run(tt.name+" "+format, func(t *testing.T) {
				var out bytes.Buffer
				tt.log(newLog(&out, LogConfig{Format: format}, false))
				if got := out.String(); strings.Contains(got, secret) || !strings.Contains(got, masked) {
					t.Errorf("got %s", got)
				}
			})
		}
	}
}

func TestLogKeepsTheRest(t *testing.T) {
	var out bytes.Buffer
	newLog(&out, LogConfig{Format: "text"}, false).Info("password changed", "user", "alice")
	if got := out.String(); !strings.Contains(got, `msg="password changed" user=alice`) {
		t.Errorf("got %s", got)
	}
}

func TestLogLevels(t *testing.T) {
	for _, tt := range []struct {
		name  string
		level level
		debug bool
		want  string
	}{
		{"info", level(slog.LevelInfo), false, "info warn "},
		{"warn", level(slog.LevelWarn), false, "warn "},
		{"debug flag", level(slog.LevelWarn), true, "debug info warn "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			l := newLog(&out, LogConfig{Level: tt.level, Format: "text"}, tt.debug)
			l.Debug("debug")
			l.Info("info")
			l.Warn("warn")
			var got strings.Builder
			for line := range strings.Lines(out.String()) {
				_, msg, _ := strings.Cut(strings.TrimSpace(line), "msg=")
				got.WriteString(msg + " ")
			}
			if got.String() != tt.want {
				t.Errorf("got %q, want %q", got.String(), tt.want)
			}
		})
	}
}

package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/octolink/octolink/protocol/wire"
)

// This file says what a message is by means of encoding/json; the fuzz targets compare.

// standard decodes a frame with encoding/json by the rules of a message; nil when it is none.
func standard(frame []byte) []any {
	if !utf8.Valid(frame) || !json.Valid(frame) || depthOf(frame) > 32 {
		return nil
	}
	dec := json.NewDecoder(bytes.NewReader(frame))
	dec.UseNumber()
	var all []any
	if dec.Decode(&all) != nil || len(all) < 1 || len(all) > 2 {
		return nil
	}
	if name, ok := all[0].(string); !ok || name == "" {
		return nil
	}
	if len(all) == 1 {
		all = append(all, map[string]any{})
	}
	switch params := all[1].(type) {
	case map[string]any:
		return all
	case []any:
		if len(params) == 0 {
			all[1] = map[string]any{}
			return all
		}
	}
	return nil
}

// depthOf tells how deep valid JSON is nested.
func depthOf(frame []byte) int {
	dec := json.NewDecoder(bytes.NewReader(frame))
	depth, deepest := 0, 0
	for {
		token, err := dec.Token()
		if err != nil {
			return deepest
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		deepest = max(deepest, depth)
	}
}

// loose turns a tree into what encoding/json makes of the same text.
func loose(v any) any {
	switch v := v.(type) {
	case wire.Object:
		m := map[string]any{}
		for _, e := range v {
			m[e.Key] = loose(e.Value)
		}
		return m
	case wire.List:
		l := []any{}
		for _, e := range v {
			l = append(l, loose(e))
		}
		return l
	case wire.Number:
		return json.Number(v)
	}
	return v
}

func checkEnvelope(t *testing.T, m wire.Message, params map[string]any) {
	t.Helper()
	for key, got := range map[string]string{"userlogin": m.UserLogin, "userid": m.UserID} {
		want := ""
		switch v := params[key].(type) {
		case string:
			want = v
		case json.Number:
			want = string(v)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
	switch qid := params["qid"].(type) {
	case string, json.Number, bool:
		var got any
		dec := json.NewDecoder(strings.NewReader(string(m.QID)))
		dec.UseNumber()
		if err := dec.Decode(&got); err != nil || got != qid {
			t.Errorf("got the qid %s, %v, want %v", m.QID, err, qid)
		}
	default:
		if m.QID != "" {
			t.Errorf("got the qid %s, want none", m.QID)
		}
	}
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || e.Code != 400 || e.Text == "" || len(e.Text) > 300 {
		t.Errorf("got %#v, want a short error with code 400", err)
	}
}

package wire_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/octolink/octolink/protocol/wire"
)

// long is a message of more than n bytes with characters of every length.
func long(f wire.Format, n int) []byte {
	text := strings.Repeat("aяह😀", n/10+1)
	frame, err := wire.Append(nil, f, "report", `"q"`, wire.Object{{"text", text}})
	if err != nil {
		panic(err)
	}
	return frame
}

func decode(t *testing.T, f wire.Format, frame []byte) wire.Message {
	t.Helper()
	m, err := wire.Decode(f, frame, wire.Limits{})
	if err != nil {
		t.Fatalf("%v in %s", err, frame)
	}
	return m
}

// piece are the fields of a part as a peer sees them.
type piece struct {
	ID       string `wire:"message-id"`
	Count    int    `wire:"packetcount"`
	Number   int    `wire:"packetnumber"`
	Type     string `wire:"content-type"`
	Encoding string `wire:"content-transfer-encoding"`
	Length   int    `wire:"content-length"`
	Content  string `wire:"content"`
}

func TestSplit(t *testing.T) {
	for _, f := range []wire.Format{wire.JSON, wire.XML} {
		for _, limit := range []int{1, 8, 9, 10, 11, 12, 100, 2048} {
			whole := long(f, 5000)
			frames := wire.Split(f, whole, limit, "id-1")
			var joined []byte
			for i, frame := range frames {
				m := decode(t, f, frame)
				var p piece
				if err := m.Unmarshal(&p); err != nil {
					t.Fatal(err)
				}
				want := piece{"id-1", len(frames), i, "text/" + f.String() + "; charset=utf-8", "base64", len(p.Content), p.Content}
				if m.Name != "multipart" || p != want {
					t.Fatalf("got %+v, want %+v", p, want)
				}
				// A receiver decodes parts one by one, base64 and UTF-8.
				b, err := base64.StdEncoding.DecodeString(p.Content)
				if err != nil || !utf8.Valid(b) || len(p.Content)%4 != 0 || len(p.Content) > max(limit, 8) {
					t.Fatalf("limit %d: part %d cannot stand alone: %q, %v", limit, i, b, err)
				}
				joined = append(joined, b...)
			}
			if !bytes.Equal(joined, whole) {
				t.Errorf("limit %d: got %s, want %s", limit, joined, whole)
			}
		}
	}
}

func TestSplitBytes(t *testing.T) {
	frames := wire.Split(wire.JSON, []byte(`["a",{"b":1}]`), 12, "m")
	want := []string{
		`["multipart",{"message-id":"m","packetcount":2,"packetnumber":0,"content-type":"text/json; charset=utf-8","content-transfer-encoding":"base64","content-length":12,"content":"WyJhIix7ImIi"}]`,
		`["multipart",{"message-id":"m","packetcount":2,"packetnumber":1,"content-type":"text/json; charset=utf-8","content-transfer-encoding":"base64","content-length":8,"content":"OjF9XQ=="}]`,
	}
	for i, frame := range frames {
		if string(frame) != want[i] {
			t.Errorf("got %s, want %s", frame, want[i])
		}
	}
}

func TestSplitLeavesShortFrames(t *testing.T) {
	whole := []byte(`["ping",{}]`)
	for _, limit := range []int{0, -1, len(whole), 2048} {
		if got := wire.Split(wire.JSON, whole, limit, "m"); len(got) != 1 || !bytes.Equal(got[0], whole) {
			t.Errorf("limit %d: got %q", limit, got)
		}
	}
	if got := wire.Split(wire.JSON, whole, 1<<20, "m"); len(got) != 1 {
		t.Errorf("got %d frames", len(got))
	}
}

func TestJoin(t *testing.T) {
	orders := map[string]func([][]byte){
		"in order":  func([][]byte) {},
		"backwards": slices.Reverse[[][]byte],
		"last first": func(f [][]byte) {
			f[0], f[len(f)-1] = f[len(f)-1], f[0]
		},
	}
	for name, order := range orders {
		for _, f := range []wire.Format{wire.JSON, wire.XML} {
			t.Run(name+" "+f.String(), func(t *testing.T) {
				whole := long(f, 5000)
				frames := wire.Split(f, whole, 256, "id")
				order(frames)
				var j wire.Joiner
				for i, frame := range frames {
					got, done, err := j.Add(decode(t, f, frame))
					if err != nil || done != (i == len(frames)-1) {
						t.Fatalf("part %d: got done %v, %v", i, done, err)
					}
					if done && !bytes.Equal(got, whole) {
						t.Errorf("got %s, want %s", got, whole)
					}
				}
				if messages, bytes := j.Unfinished(); messages != 0 || bytes != 0 {
					t.Errorf("%d messages and %d bytes are left", messages, bytes)
				}
			})
		}
	}
}

// TestJoinForeignParts: the base64 of the whole text, cut at 2048 characters, as a real CRM server
// does it; padding may be missing, everything may be text, slashes escaped.
func TestJoinForeignParts(t *testing.T) {
	whole := long(wire.JSON, 4000)
	text := base64.StdEncoding.EncodeToString(whole)
	var chunks []string
	for len(text) > 2048 {
		chunks, text = append(chunks, text[:2048]), text[2048:]
	}
	chunks = append(chunks, strings.TrimRight(text, "="))
	var j wire.Joiner
	for i, c := range chunks {
		c = strings.ReplaceAll(c, "/", `\/`)
		frame := fmt.Sprintf(`["multipart",{"qid":"x","message-id":42,"packetcount":"%d","packetnumber":"%d","content-transfer-encoding":"Base64","content":"%s"}]`, len(chunks), i, c)
		got, done, err := j.Add(decode(t, wire.JSON, []byte(frame)))
		if err != nil || done != (i == len(chunks)-1) {
			t.Fatalf("part %d: got done %v, %v", i, done, err)
		}
		if done && !bytes.Equal(got, whole) {
			t.Errorf("got %s, want %s", got, whole)
		}
	}
}

// part makes a part with changes: name and JSON value in turns.
func partOf(t *testing.T, id string, count, number int, changes ...any) wire.Message {
	t.Helper()
	fields := wire.Object{{"message-id", id}, {"packetcount", count}, {"packetnumber", number},
		{"content-transfer-encoding", "base64"}, {"content-length", 4}, {"content", "YWJj"}}
	for i := 0; i < len(changes); i += 2 {
		fields = append(fields, wire.Member{Key: changes[i].(string), Value: changes[i+1]})
	}
	frame, err := wire.Append(nil, wire.JSON, "multipart", "", fields)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, wire.JSON, frame)
}

func TestJoinRefuses(t *testing.T) {
	tests := []struct {
		name    string
		count   int
		number  int
		changes []any
		want    string
		lost    bool // the first part's message is lost with it
	}{
		{"no id", 2, 1, []any{"message-id", nil}, `field "message-id" is missing`, false},
		{"no count", 2, 1, []any{"packetcount", nil}, `field "packetcount" is missing`, false},
		{"no number", 2, 1, []any{"packetnumber", nil}, `field "packetnumber" is missing`, false},
		{"no content", 2, 1, []any{"content", ""}, `field "content" is missing`, false},
		{"count is a word", 2, 1, []any{"packetcount", "two"}, `field "packetcount" must be a whole number`, false},
		{"content is a list", 2, 1, []any{"content", wire.List{}}, `field "content" must be text`, false},
		{"counted from one", 2, 2, nil, `has part 2 of 2`, false},
		{"below zero", 2, -1, nil, `has part -1 of 2`, false},
		{"no parts", 0, 0, nil, `has part 0 of 0`, false},
		{"doubled", 2, 0, nil, `has part 0 twice`, false},
		{"other count", 3, 1, nil, `has 2 parts in one part and 3 in another`, true},
		{"parts without end", 1 << 40, 1, nil, `is too large`, true},
		{"wrong length", 2, 1, []any{"content-length", 5}, `has a part of 4 characters that claims 5`, false},
		{"wrong encoding", 2, 1, []any{"content-transfer-encoding", "quoted-printable"}, `the transfer encoding "quoted-printable"`, false},
		{"not base64", 2, 1, []any{"content", "Y!Jj"}, `that is not base64`, false},
		{"padding inside", 2, 1, []any{"content", "YQ=="}, ``, false},
		{"one character too many", 2, 1, []any{"content-length", 5, "content", "YWJjY"}, `that is not base64`, false},
		{"huge", 2, 1, []any{"content-length", 4000, "content", strings.Repeat("YWJj", 1000)}, `is too large`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := wire.Joiner{MaxBytes: 1000}
			if _, _, err := j.Add(partOf(t, "id", 2, 0)); err != nil {
				t.Fatal(err)
			}
			_, done, err := j.Add(partOf(t, "id", tt.count, tt.number, tt.changes...))
			if tt.want != "" {
				var e *wire.Error
				if done || !errors.As(err, &e) || e.Code != 400 || !strings.Contains(e.Text, tt.want) {
					t.Fatalf("got done %v, %v, want %s", done, err, tt.want)
				}
			}
			if tt.want == "" {
				return
			}
			whole, done, err := j.Add(partOf(t, "id", 2, 1))
			if tt.lost != (err != nil) || !tt.lost && (!done || string(whole) != "abcabc") {
				t.Errorf("then got %s, %v, %v, want lost %v", whole, done, err, tt.lost)
			}
		})
	}
}

func TestJoinOnePart(t *testing.T) {
	var j wire.Joiner
	whole, done, err := j.Add(partOf(t, "id", 1, 0))
	if err != nil || !done || string(whole) != "abc" {
		t.Errorf("got %s, %v, %v", whole, done, err)
	}
}

// TestJoinManyUnfinished: a peer that never sends the last parts costs only so much memory, and the
// oldest of its messages pay.
func TestJoinManyUnfinished(t *testing.T) {
	j := wire.Joiner{MaxBytes: 2000, MaxMessages: 4}
	lost := 0
	for i := range 100 {
		if _, _, err := j.Add(partOf(t, fmt.Sprint("id", i), 2, 0)); err != nil {
			lost++
			if !strings.Contains(err.Error(), fmt.Sprintf("\"id%d\" was given up with 1 of 2 parts", i-4)) {
				t.Errorf("message %d: got %v", i, err)
			}
		}
		if messages, bytes := j.Unfinished(); messages > 4 || bytes > 2000 {
			t.Fatalf("%d messages and %d bytes are held", messages, bytes)
		}
	}
	if lost != 96 {
		t.Errorf("got %d lost messages, want 96", lost)
	}
	if whole, done, err := j.Add(partOf(t, "id99", 2, 1)); err != nil || !done || string(whole) != "abcabc" {
		t.Errorf("the youngest: got %s, %v, %v", whole, done, err)
	}
}

// TestJoinManyBytes: the bound on bytes counts all unfinished messages together.
func TestJoinManyBytes(t *testing.T) {
	j := wire.Joiner{MaxBytes: 1000, MaxMessages: 100}
	content := strings.Repeat("YWJj", 100)
	for i := range 10 {
		_, _, err := j.Add(partOf(t, fmt.Sprint("id", i), 2, 0, "content-length", len(content), "content", content))
		if messages, bytes := j.Unfinished(); bytes > 1000 || messages > 2 {
			t.Fatalf("%d messages and %d bytes are held", messages, bytes)
		}
		if (err != nil) != (i >= 2) {
			t.Errorf("message %d: got %v", i, err)
		}
	}
}

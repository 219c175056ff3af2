package peers

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/octolink/octolink/protocol/wire"
)

// A question is a request as it goes out, but for its number.
type question struct {
	head, tail []byte
	answer     []byte // how its answer begins
}

// parts are the request with a number, which is written into scratch.
func (q *question) parts(n uint64, scratch []byte) [3][]byte {
	return [3][]byte{q.head, strconv.AppendUint(scratch[:0], n, 10), q.tail}
}

// A language is one of the two forms of messages.
type language struct {
	wire.Format
	before  []byte // what stands before the digits of a number
	success []byte // what an answer of success contains
}

func languageOf(f wire.Format) language {
	if f == wire.XML {
		return language{f, []byte(`key="qid" value="` + ours), []byte(`key="result" value="1"`)}
	}
	return language{f, []byte(`"qid":"` + ours), []byte(`"result":1`)}
}

const (
	ours   = "0." // begins our numbers, as it does those of browsers
	marker = "@number@"
)

// question builds a request and knows the name of its answer.
func (l language) question(name, answer string, fields wire.Object) question {
	whole := l.frame(name, wire.Text(ours+marker), fields)
	head, tail, _ := bytes.Cut(whole, []byte(marker))
	name = `"` + answer + `"`
	begin, _, _ := bytes.Cut(l.frame(answer, wire.Text(ours), nil), []byte(name))
	return question{head, tail, append(begin, name...)}
}

func (l language) frame(name string, qid wire.Token, fields wire.Object) []byte {
	frame, err := wire.Append(nil, l.Format, name, qid, fields)
	if err != nil {
		panic(fmt.Sprintf("peers: %s: %v", name, err)) // our own fields
	}
	return frame
}

// number finds the number of a request of ours in an answer, and how many digits it has.
func (l language) number(m []byte) (n uint64, digits int) {
	i := bytes.Index(m, l.before)
	if i < 0 {
		return 0, 0
	}
	for _, c := range m[i+len(l.before):] {
		if c < '0' || c > '9' {
			break
		}
		n, digits = n*10+uint64(c-'0'), digits+1
	}
	return n, digits
}

// text finds a text of an answer in JSON.
func text(m []byte, key string) string {
	_, rest, ok := bytes.Cut(m, []byte(`"`+key+`":"`))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(value)
}

package web

import (
	"strings"

	"github.com/octolink/octolink/protocol/wire"
)

const masked = "***"

// secrets are the fields whose values nobody may see, in lower case [P 5.2] [P 6.1] [P 7.4].
var secrets = map[string]bool{
	"password": true, "passwd": true, "sessionid": true, "sippass": true, "temppass": true,
	"newpwd": true, "oldpwd": true, "newpwdmd5": true, "oldpwdmd5": true,
	"secret": true, "token": true, "authorization": true, "cookie": true,
}

// Mask writes a frame anew without its secrets. What cannot be read is not shown at all, and
// neither is a part of a multipart message: nobody knows what is in it.
func Mask(f wire.Format, frame []byte) (text, userlogin string) {
	m, err := wire.Decode(f, frame, wire.Limits{})
	if err != nil {
		return unreadable, ""
	}
	tree, err := m.Tree()
	if err != nil {
		return unreadable, m.UserLogin
	}
	shown := make(wire.Object, 0, len(tree))
	for _, field := range tree {
		if field.Key == "qid" && m.QID != "" {
			continue // Append writes it
		}
		if m.Name == "multipart" && field.Key == "content" {
			field.Value = masked
		}
		shown = append(shown, maskMember(field))
	}
	out, err := wire.Append(nil, f, m.Name, m.QID, shown)
	if err != nil {
		return unreadable, m.UserLogin
	}
	return string(out), m.UserLogin
}

const unreadable = "(not a message)"

func maskMember(field wire.Member) wire.Member {
	if secrets[strings.ToLower(field.Key)] && field.Value != nil {
		field.Value = masked
		return field
	}
	field.Value = maskValue(field.Value)
	return field
}

func maskValue(v any) any {
	switch v := v.(type) {
	case wire.Object:
		out := make(wire.Object, len(v))
		for i, field := range v {
			out[i] = maskMember(field)
		}
		return out
	case wire.List:
		out := make(wire.List, len(v))
		for i, e := range v {
			out[i] = maskValue(e)
		}
		return out
	}
	return v
}

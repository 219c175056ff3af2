package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/octolink/octolink/pbx"
)

// A tagList is the column of a call's tags: a JSON object in the order of the tags, "" for none.
type tagList []pbx.Tag

// tagText is what is written there.
func tagText(tags []pbx.Tag) string {
	if len(tags) == 0 {
		return ""
	}
	var b bytes.Buffer
	for i, t := range tags {
		b.WriteByte("{,"[min(i, 1)])
		b.Write(jsonText(t.Key))
		b.WriteByte(':')
		b.Write(jsonText(t.Value))
	}
	b.WriteByte('}')
	return b.String()
}

func jsonText(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no text fails
	}
	return text
}

// Scan reads the column.
func (t *tagList) Scan(column any) error {
	*t = nil
	text, ok := column.(string)
	if raw, bytes := column.([]byte); bytes {
		text, ok = string(raw), true
	}
	if !ok {
		return fmt.Errorf("tags of a call are a %T", column)
	}
	if text == "" {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	if _, err := d.Token(); err != nil { // the brace
		return fmt.Errorf("tags of a call: %w", err)
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("tags of a call: %w", err)
		}
		tag := pbx.Tag{Key: fmt.Sprint(key)}
		if err := d.Decode(&tag.Value); err != nil {
			return fmt.Errorf("tags of a call: %w", err)
		}
		*t = append(*t, tag)
	}
	return nil
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/octolink/octolink/crm"
)

// readValues reads a JSON object with its fields in order; nothing is an empty one.
func readValues(text []byte) (crm.Values, error) {
	if len(text) == 0 {
		return nil, nil
	}
	v, err := readValue(text)
	if err != nil {
		return nil, err
	}
	values, ok := v.(crm.Values)
	if !ok {
		return nil, errors.New("not an object")
	}
	return values, nil
}

// readValue reads any JSON value as CRMs know them: numbers as they are written, fields in order.
func readValue(text []byte) (any, error) {
	// This also bounds the nesting; reading token by token does not.
	if !json.Valid(text) {
		return nil, errors.New("no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return nextValue(d)
}

// nextValue takes one value.
func nextValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return crm.Number(t), nil
	case json.Delim:
		if t == '[' {
			return nextList(d)
		}
		return nextObject(d)
	}
	return t, nil // nil, bool, string
}

func nextList(d *json.Decoder) (any, error) {
	list := crm.List{}
	for d.More() {
		v, err := nextValue(d)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func nextObject(d *json.Decoder) (any, error) {
	values := crm.Values{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := nextValue(d)
		if err != nil {
			return nil, err
		}
		values = append(values, crm.Value{Key: fmt.Sprint(key), Value: v})
	}
	_, err := d.Token()
	return values, err
}

// appendValue writes a CRM's value as JSON, fields in its order.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case crm.Values:
		dst = append(dst, '{')
		for i, field := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, field.Key)
			dst = appendValue(append(dst, ':'), field.Value)
		}
		return append(dst, '}')
	case crm.List:
		dst = append(dst, '[')
		for i, item := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, item)
		}
		return append(dst, ']')
	case crm.Number:
		if json.Valid([]byte(v)) {
			return append(dst, v...)
		}
		return appendValue(dst, string(v))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return append(dst, "null"...) // CRMs have no other values
	}
	return append(dst, bytes.TrimSuffix(b.Bytes(), []byte{'\n'})...)
}

package sdk

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	crmv1 "github.com/octolink/octolink/plugins/proto/crm/v1"
)

// A field is one field of a struct that goes in or comes out.
type field struct {
	index    int
	key      string
	required bool
	doc      string
	choices  string
}

var (
	plans    sync.Map // reflect.Type → []field
	timeType = reflect.TypeFor[time.Time]()
)

// planOf is how a struct is read and written.
func planOf(t reflect.Type) ([]field, error) {
	if p, ok := plans.Load(t); ok {
		return p.([]field), nil
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is no struct", t)
	}
	var fields []field
	seen := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("crm")
		if !ok || tag == "-" {
			continue
		}
		key, rest, _ := strings.Cut(tag, ",")
		switch {
		case !f.IsExported():
			return nil, fmt.Errorf("%s.%s has a tag but is not exported", t, f.Name)
		case key == "" || seen[key]:
			return nil, fmt.Errorf("%s.%s has no key, or one that is there already", t, f.Name)
		case rest != "" && rest != "required":
			return nil, fmt.Errorf("%s.%s has the unknown option %q", t, f.Name, rest)
		}
		seen[key] = true
		fields = append(fields, field{i, key, rest == "required", f.Tag.Get("doc"), f.Tag.Get("choices")})
	}
	plans.Store(t, fields)
	return fields, nil
}

// check looks for types that cannot be carried, once, when the plugin is put together.
func check(t reflect.Type, within ...reflect.Type) error {
	for _, outer := range within {
		if outer == t {
			return nil // a struct within itself
		}
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return nil
		}
	case reflect.Pointer, reflect.Slice:
		return check(t.Elem(), within...)
	case reflect.Struct:
		if t == timeType {
			return nil
		}
		fields, err := planOf(t)
		if err != nil {
			return err
		}
		for _, f := range fields {
			if err := check(t.Field(f.index).Type, append(within, t)...); err != nil {
				return fmt.Errorf("%s: %w", f.key, err)
			}
		}
		return nil
	}
	return fmt.Errorf("%s cannot be carried", t)
}

// params describe a struct for the catalogue.
func params(t reflect.Type) ([]*crmv1.Param, error) {
	if err := check(t); err != nil {
		return nil, err
	}
	if t == timeType {
		return nil, errors.New("a time is no struct of parameters")
	}
	fields, err := planOf(t)
	if err != nil {
		return nil, err
	}
	var all []*crmv1.Param
	for _, f := range fields {
		p := &crmv1.Param{Key: f.key, Name: f.doc, Description: describe(f), Type: paramType(t.Field(f.index).Type)}
		for choice := range strings.SplitSeq(f.choices, ",") {
			if choice == "" {
				continue
			}
			id, name, named := strings.Cut(choice, "=")
			if !named {
				name = id
			}
			p.Type = "list"
			p.Items = append(p.Items, &crmv1.Item{Id: id, Name: name})
		}
		all = append(all, p)
	}
	return all, nil
}

func describe(f field) string {
	if f.required {
		return "required"
	}
	return ""
}

// paramType is the catalogue's word for a Go type; what has none is a text there.
func paramType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return paramType(t.Elem())
	case reflect.Bool:
		return "bool"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "int"
	}
	if t == timeType {
		return "datetime"
	}
	return "string"
}

// Package contacts is a small CRM: contacts in a CSV file, as a plugin. It is useful as it is, and an
// example of a plugin.
//
// The file has a line of names first. The columns phone and name are needed; id, company, responsible
// and note are known, others are kept. Who edits the file by hand need not tell: it is read again when
// it has changed.
package contacts

import (
	"context"
	"fmt"
	"strings"

	"github.com/octolink/octolink/plugins/sdk"
)

// Version of the plugin.
const Version = "1.0.0"

// A settings is what plugin.yaml may set.
type settings struct {
	File        string `crm:"file,required" doc:"the CSV file; relative to the plugin's folder"`
	Responsible string `crm:"responsible" doc:"login for contacts that name nobody"`
}

type findIn struct {
	Phone string `crm:"phone,required" doc:"the number, in any spelling"`
}

type contactOut struct {
	Found       bool   `crm:"found" doc:"whether there is such a contact"`
	ID          string `crm:"id" doc:"the contact's number"`
	Phone       string `crm:"phone" doc:"its telephone number"`
	Name        string `crm:"name" doc:"its name"`
	Company     string `crm:"company" doc:"where it works"`
	Responsible string `crm:"responsible" doc:"login of the user who looks after it"`
	Note        string `crm:"note" doc:"what is to be known"`
}

type createIn struct {
	Phone       string `crm:"phone,required" doc:"its telephone number"`
	Name        string `crm:"name,required" doc:"its name"`
	Company     string `crm:"company" doc:"where it works"`
	Responsible string `crm:"responsible" doc:"login of the user who looks after it"`
	Note        string `crm:"note" doc:"what is to be known"`
}

type createOut struct {
	ID string `crm:"id" doc:"the new contact's number"`
}

type responsibleOut struct {
	User string `crm:"user" doc:"login; empty when nobody is"`
}

type cardIn struct {
	Phone string `crm:"phone" doc:"who is on the telephone"`
	Name  string `crm:"name" doc:"what is known of him"`
}

type cardOut struct {
	Name   string `crm:"name" doc:"name"`
	Note   string `crm:"note" doc:"note"`
	Result string `crm:"result" doc:"what became of it" choices:"done=Done,later=Call back,none=Not interested"`
}

// About says who the plugin is.
func About() sdk.Plugin {
	return sdk.Plugin{Name: "contacts", Version: Version, Summary: "Contacts in a CSV file."}
}

// Parts are what the plugin offers.
func Parts() []sdk.Part {
	c := &contacts{}
	return []sdk.Part{
		sdk.Settings(c.configure),
		sdk.Method("find", "Finds a contact by its telephone number.", c.find).Named("Find a contact"),
		sdk.Method("create", "Adds a contact.", c.create).Named("Add a contact"),
		sdk.Method("responsible", "Tells who looks after a caller.", c.responsible).Named("Who looks after a caller"),
		sdk.Form[cardIn, cardOut]("contact", "Shows who is on the telephone.", sdk.FormOptions{Name: "Contact card", AllowCancel: true}),
	}
}

// contacts are the methods.
type contacts struct {
	book     *book
	fallback string
}

func (c *contacts) configure(_ context.Context, s settings) error {
	b, err := open(s.File)
	c.book, c.fallback = b, s.Responsible
	return err
}

func (c *contacts) find(_ context.Context, in findIn) (contactOut, error) {
	row, err := c.book.find(in.Phone)
	if err != nil || row == nil {
		return contactOut{}, err
	}
	return contactOut{
		Found: true, ID: row["id"], Phone: row["phone"], Name: row["name"], Company: row["company"],
		Responsible: c.owner(row), Note: row["note"],
	}, nil
}

func (c *contacts) create(_ context.Context, in createIn) (createOut, error) {
	if digits(in.Phone) == "" {
		return createOut{}, &sdk.Error{Code: 400, Text: fmt.Sprintf("phone: %q has no digits", in.Phone)}
	}
	id, err := c.book.add(map[string]string{
		"phone": in.Phone, "name": in.Name, "company": in.Company, "responsible": in.Responsible, "note": in.Note,
	})
	return createOut{id}, err
}

func (c *contacts) responsible(_ context.Context, in findIn) (responsibleOut, error) {
	row, err := c.book.find(in.Phone)
	if err != nil || row == nil {
		return responsibleOut{c.fallback}, err
	}
	return responsibleOut{c.owner(row)}, nil
}

func (c *contacts) owner(row map[string]string) string {
	if row["responsible"] != "" {
		return row["responsible"]
	}
	return c.fallback
}

// digits is what counts of a telephone number.
func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
}

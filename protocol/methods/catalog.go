package methods

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/octolink/octolink/crm"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// A provider is a CRM behind a link, as the rest of the server sees it.
type provider struct {
	api     *API
	link    *protocol.Link
	peer    protocol.Peer
	catalog atomic.Pointer[crm.Catalog]
}

var _ crm.Provider = (*provider)(nil)

// Name is the link's name.
func (p *provider) Name() string { return p.link.Options().Name }

// Catalog is what the CRM said last.
func (p *provider) Catalog() crm.Catalog {
	if c := p.catalog.Load(); c != nil {
		return *c
	}
	return crm.Catalog{}
}

// providers are the CRMs behind links that are there now.
type providers struct {
	mu     sync.Mutex
	byPeer map[protocol.Peer]*provider
}

// providerOf is the provider of a peer, made when it is new.
func (a *API) providerOf(l *protocol.Link, p protocol.Peer) (_ *provider, fresh bool) {
	a.providers.mu.Lock()
	defer a.providers.mu.Unlock()
	if known := a.providers.byPeer[p]; known != nil {
		return known, false
	}
	if a.providers.byPeer == nil {
		a.providers.byPeer = make(map[protocol.Peer]*provider)
	}
	made := &provider{api: a, link: l, peer: p}
	a.providers.byPeer[p] = made
	return made, true
}

// dropProvider forgets a peer's, and reports whether there was one.
func (a *API) dropProvider(p protocol.Peer) bool {
	a.providers.mu.Lock()
	defer a.providers.mu.Unlock()
	known := a.providers.byPeer[p]
	if known == nil {
		return false
	}
	delete(a.providers.byPeer, p)
	a.crms.Drop(known)
	return true
}

// offer puts a provider into the directory, unless it was dropped meanwhile.
func (a *API) offer(p *provider) {
	a.providers.mu.Lock()
	defer a.providers.mu.Unlock()
	if a.providers.byPeer[p.peer] == p {
		a.crms.Put(p)
	}
}

// CRMs is who offers dynamic methods and forms.
func (a *API) CRMs() *crm.Directory { return &a.crms }

// learn reads what a CRM says that it offers, and puts it into the directory.
func (a *API) learn(p *provider, methodsAnswer, formsAnswer later) {
	methods := readPart(methodsAnswer, "availablemethods", "methods")
	forms := readPart(formsAnswer, "availableforms", "forms")
	c := &crm.Catalog{Faults: append(methods.faults, forms.faults...)}
	c.Raw = append(append(append(c.Raw, methods.raw...), '\n'), forms.raw...)
	for _, e := range methods.entries {
		c.Methods = append(c.Methods, methodOf(e))
	}
	for _, e := range forms.entries {
		c.Forms = append(c.Forms, formOf(e))
	}
	first := p.catalog.Swap(c) == nil
	a.offer(p)
	if !first {
		return // an HTTP link asks again and again; the operator sees the faults in its status
	}
	a.log.Info("a CRM's methods and forms are known", "link", p.Name(), "methods", len(c.Methods), "forms", len(c.Forms))
	for _, f := range c.Faults {
		a.log.Warn("a CRM's catalogue has a fault", "link", p.Name(), "err", f)
	}
}

// A catalogPart is one of the two lists.
type catalogPart struct {
	entries []wire.Object
	faults  []string
	raw     []byte
}

func readPart(answer later, reply, list string) (part catalogPart) {
	msg, err := answer()
	if err != nil {
		part.faults = []string{fmt.Sprintf("%s: %v", reply, err)}
		return part
	}
	tree, err := msg.Tree()
	if err != nil {
		part.faults = []string{fmt.Sprintf("%s: %v", reply, err)}
		return part
	}
	part.raw, _ = msg.AppendTo(nil, wire.JSON) // for the operator's eyes
	part.read(tree, reply, list)
	return part
}

// read is tolerant: field names of all kinds of CRMs, entries that are null are left out, those that
// cannot be read are told of [P 9.2].
func (part *catalogPart) read(tree wire.Object, reply, list string) {
	seen := make(map[string]bool)
	for i, item := range listOf(tree, list, "items") {
		e, isObject := item.(wire.Object)
		key := textOf(e, "key", "id", "name")
		switch {
		case item == nil:
		case !isObject:
			part.fault(reply, i, "not an object")
		case key == "":
			part.fault(reply, i, "has no key")
		case seen[key]:
			part.fault(reply, i, "the key "+key+" was there before")
		default:
			seen[key] = true
			part.entries = append(part.entries, e)
		}
	}
}

func (part *catalogPart) fault(reply string, entry int, what string) {
	part.faults = append(part.faults, fmt.Sprintf("%s: entry %d: %s", reply, entry+1, what))
}

func methodOf(e wire.Object) crm.Method {
	return crm.Method{
		Key: textOf(e, "key", "id", "name"), Name: textOf(e, "name"), Description: textOf(e, "description"),
		In: paramsOf(e, "inputparams", "inputparameters", "parameters"), Out: paramsOf(e, "outputparams", "outputparameters"),
		ForUser: truthOf(e, "defineuser"), Permanent: textOf(e, "connectiontype") == "websocket",
	}
}

func formOf(e wire.Object) crm.Form {
	m := methodOf(e)
	return crm.Form{
		Key: m.Key, Name: m.Name, Description: m.Description, In: m.In, Out: m.Out,
		ForUser: m.ForUser, Permanent: m.Permanent, AllowCancel: truthOf(e, "allowcancel"),
	}
}

func paramsOf(e wire.Object, names ...string) (params []crm.Param) {
	for _, item := range listOf(e, names...) {
		p, ok := item.(wire.Object)
		if key := textOf(p, "key", "id", "name"); ok && key != "" {
			params = append(params, crm.Param{
				Key: key, Name: textOf(p, "name"), Description: textOf(p, "description"),
				Type: typeOf(textOf(p, "type")), Items: itemsOf(p),
			})
		}
	}
	return params
}

func typeOf(name string) crm.Type {
	switch t := crm.Type(name); t {
	case crm.String, crm.Choice, crm.Int, crm.Float, crm.Bool, crm.DateTime, crm.GUID:
		return t
	}
	return crm.String
}

func itemsOf(p wire.Object) (items []crm.Item) {
	for _, item := range listOf(p, "items") {
		if o, ok := item.(wire.Object); ok {
			items = append(items, crm.Item{ID: textOf(o, "id", "key"), Name: textOf(o, "name")})
		}
	}
	return items
}

// listOf is the first of the fields that is a list; a single thing is a list of one.
func listOf(o wire.Object, names ...string) wire.List {
	for _, name := range names {
		v, _ := o.Get(name)
		switch v := v.(type) {
		case wire.List:
			return v
		case wire.Object:
			if len(v) > 0 {
				return wire.List{v}
			}
		}
	}
	return nil
}

// textOf is the first of the fields that has a text, or a number as text.
func textOf(o wire.Object, names ...string) string {
	for _, name := range names {
		v, _ := o.Get(name)
		switch v := v.(type) {
		case string:
			if v != "" {
				return v
			}
		case wire.Number:
			return string(v)
		}
	}
	return ""
}

func truthOf(o wire.Object, name string) bool {
	v, _ := o.Get(name)
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v == "1" || v == "true"
	case wire.Number:
		return v != "0"
	}
	return false
}

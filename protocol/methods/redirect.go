package methods

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

// maxRules is how many redirect rules a user may have, maxRuleBytes how large one may be.
const (
	maxRules     = 64
	maxRuleBytes = 4 << 10
)

// rules are the redirect rules of all users, as the storage has them.
type rules struct {
	mu     sync.Mutex
	byUser map[string][]pbx.RedirectRule // by lower-case login
}

// load gives the telephone side the rules that were stored.
func (r *rules) load(ctx context.Context, sw *pbx.Switch, stored map[string][]pbx.RedirectRule) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byUser = make(map[string][]pbx.RedirectRule, len(stored))
	for login, list := range stored {
		r.byUser[strings.ToLower(login)] = list
		if sw.Directory().UserByLogin(login) == nil {
			continue // kept for the day when he comes back
		}
		if err := sw.SetRules(ctx, login, list); err != nil {
			return err
		}
	}
	return nil
}

type rulesOut struct {
	Rules []wire.Object `wire:"redirectrules" doc:"the rules, with the fields that they were saved with"`
}

func (a *API) redirectRules(_ context.Context, c *protocol.Client, _ struct{}) (rulesOut, error) {
	a.rules.mu.Lock()
	defer a.rules.mu.Unlock()
	list := a.rules.byUser[strings.ToLower(c.Login())]
	out := rulesOut{Rules: make([]wire.Object, 0, len(list))}
	for _, r := range list {
		fields, err := decodeRule(r.Raw)
		if err != nil {
			return rulesOut{}, err
		}
		out.Rules = append(out.Rules, fields)
	}
	return out, nil
}

type saveRuleIn struct {
	Rule wire.Object `wire:"redirectrule,required" doc:"the rule: id, destinationnumber, isenabled, onlyforredirectstate, priority, and what the client likes to keep with it"`
}

// ruleFields are those fields of a rule that calls go by [P 6.3].
type ruleFields struct {
	ID          string `wire:"id,required" doc:"the rule's id, with or without hyphens"`
	UserID      string `wire:"userid" doc:"the user himself, or absent"`
	Destination string `wire:"destinationnumber,required" doc:"where his calls go"`
	Enabled     *bool  `wire:"isenabled" doc:"absent: yes"`
	OnlyInState bool   `wire:"onlyforredirectstate" doc:"only while redirect is on"`
	Priority    int    `wire:"priority" doc:"the lowest comes first"`
}

func (a *API) saveRedirectRule(ctx context.Context, c *protocol.Client, in saveRuleIn) (struct{}, error) {
	rule, err := a.readRule(c, in.Rule)
	if err != nil {
		return struct{}{}, err
	}
	a.rules.mu.Lock()
	defer a.rules.mu.Unlock()
	list := without(a.rules.byUser[strings.ToLower(rule.Login)], []string{rule.ID})
	if len(list) >= maxRules {
		return struct{}{}, badField("redirectrule", "too many rules")
	}
	if err := a.opts.Settings.SaveRule(ctx, rule); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, a.useRules(ctx, rule.Login, append(list, rule))
}

func (a *API) readRule(c *protocol.Client, rule wire.Object) (pbx.RedirectRule, error) {
	raw := encodeRule(rule)
	if len(raw) > maxRuleBytes {
		return pbx.RedirectRule{}, badField("redirectrule", "larger than 4 KiB")
	}
	msg, err := wire.Decode(wire.JSON, ruleMessage(raw), wire.Limits{})
	if err != nil {
		return pbx.RedirectRule{}, err
	}
	var f ruleFields
	if err := msg.Unmarshal(&f); err != nil {
		return pbx.RedirectRule{}, err
	}
	id := c.Identity()
	switch {
	case id == nil || (f.UserID != "" && f.UserID != zeroGUID && !strings.EqualFold(f.UserID, id.UserID)):
		return pbx.RedirectRule{}, errNotAllowed
	case !a.mayDial(id.Login, f.Destination):
		return pbx.RedirectRule{}, errNotAllowed
	}
	return pbx.RedirectRule{
		ID: f.ID, Login: id.Login, Destination: f.Destination, Enabled: f.Enabled == nil || *f.Enabled,
		OnlyInRedirect: f.OnlyInState, Priority: f.Priority, Raw: raw,
	}, nil
}

// mayDial keeps users from sending their callers where they may not call themselves.
func (a *API) mayDial(login, number string) bool {
	user := a.sw.Directory().UserByLogin(login)
	return user != nil && user.MayDial(number)
}

type deleteRulesIn struct {
	IDs []string `wire:"ids,required" doc:"ids of the rules"`
}

func (a *API) deleteRedirectRules(ctx context.Context, c *protocol.Client, in deleteRulesIn) (struct{}, error) {
	login := c.Login()
	a.rules.mu.Lock()
	defer a.rules.mu.Unlock()
	list := a.rules.byUser[strings.ToLower(login)]
	left := without(list, in.IDs)
	if len(left) == len(list) {
		return struct{}{}, pbx.ErrNoSuchRule
	}
	if err := a.opts.Settings.DeleteRules(ctx, login, ids(list, in.IDs)); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, a.useRules(ctx, login, left)
}

// useRules makes a list the user's rules; mu is held.
func (a *API) useRules(ctx context.Context, login string, list []pbx.RedirectRule) error {
	a.rules.byUser[strings.ToLower(login)] = list
	return a.sw.SetRules(ctx, login, list)
}

// sameRule compares ids as clients do: without hyphens and case [P 6.3].
func sameRule(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", ""))
}

// without copies the rules that are not named.
func without(list []pbx.RedirectRule, names []string) []pbx.RedirectRule {
	left := make([]pbx.RedirectRule, 0, len(list)+1)
	for _, r := range list {
		if !named(r, names) {
			left = append(left, r)
		}
	}
	return left
}

// ids are the stored spellings of the rules that are named.
func ids(list []pbx.RedirectRule, names []string) (out []string) {
	for _, r := range list {
		if named(r, names) {
			out = append(out, r.ID)
		}
	}
	return out
}

func named(r pbx.RedirectRule, names []string) bool {
	for _, n := range names {
		if sameRule(r.ID, n) {
			return true
		}
	}
	return false
}

// A rule is stored as the JSON object that it came as, so that fields which only clients
// understand come back unchanged.
func encodeRule(rule wire.Object) []byte {
	fields, err := wire.AppendFields(nil, wire.JSON, rule)
	if err != nil {
		return nil
	}
	return fmt.Appendf(nil, "{%s}", bytes.TrimPrefix(fields, []byte(",")))
}

func decodeRule(raw []byte) (wire.Object, error) {
	msg, err := wire.Decode(wire.JSON, ruleMessage(raw), wire.Limits{})
	if err != nil {
		return nil, err
	}
	return msg.Tree()
}

func ruleMessage(raw []byte) []byte { return fmt.Appendf(nil, `["rule",%s]`, raw) }

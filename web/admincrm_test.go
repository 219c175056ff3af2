package web_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/octolink/octolink/web"
)

// crms are CRMs made of functions.
type crms struct {
	list []web.CRM
	call func(context.Context, web.CRMOrder) (web.CRMAnswer, error)
	form func(context.Context, web.CRMOrder) (web.CRMAnswer, error)
}

func (c *crms) ListCRMs(context.Context) ([]web.CRM, error) { return c.list, nil }
func (c *crms) CallCRM(ctx context.Context, o web.CRMOrder) (web.CRMAnswer, error) {
	return c.call(ctx, o)
}
func (c *crms) ShowForm(ctx context.Context, o web.CRMOrder) (web.CRMAnswer, error) {
	return c.form(ctx, o)
}

func TestAdminOfCRMs(t *testing.T) {
	want := []web.CRM{{Name: "crm", Methods: []web.Offer{{Key: "find", In: []web.OfferParam{{Key: "phone", Type: "string"}}}}, Forms: []web.Offer{}, Faults: []string{"entry 2: has no key"}}}
	order := web.CRMOrder{Name: "crm.find", User: "alice", Params: []web.CRMParam{{Key: "phone", Text: "7916"}, {Key: "tags", JSON: []byte(`["a"]`)}}}
	var asked []web.CRMOrder
	c := listenAdmin(t, web.Options{CRMs: &crms{
		list: want,
		call: func(_ context.Context, o web.CRMOrder) (web.CRMAnswer, error) {
			asked = append(asked, o)
			return web.CRMAnswer{Values: []byte(`{"z":1,"a":"Олег"}`)}, nil
		},
		form: func(_ context.Context, o web.CRMOrder) (web.CRMAnswer, error) {
			asked = append(asked, o)
			return web.CRMAnswer{}, errors.New("no such form: card")
		},
	}})
	list, err := c.CRMs(t.Context())
	if err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("got %+v, %v, want %+v", list, err, want)
	}
	a, err := c.CallCRM(t.Context(), order)
	if err != nil || string(a.Values) != `{"z":1,"a":"Олег"}` {
		t.Errorf("got %s, %v: the order of fields is the CRM's", a.Values, err)
	}
	_, err = c.ShowForm(t.Context(), order)
	if err == nil || err.Error() != "no such form: card" {
		t.Errorf("got %v, want what the server said", err)
	}
	if !reflect.DeepEqual(asked, []web.CRMOrder{order, order}) {
		t.Errorf("the server was asked for %+v, want %+v twice", asked, order)
	}
}

func TestOrderEndsWithWhoeverAsked(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	c := listenAdmin(t, web.Options{CRMs: &crms{form: func(ctx context.Context, _ web.CRMOrder) (web.CRMAnswer, error) {
		close(begun)
		<-ctx.Done()
		ended <- ctx.Err()
		return web.CRMAnswer{}, ctx.Err()
	}}})
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-begun
		leave()
	}()
	if _, err := c.ShowForm(ctx, web.CRMOrder{Name: "card"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the order ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the order goes on although nobody waits for it")
	}
}

func TestLinkMetrics(t *testing.T) {
	links := []web.Link{
		{Name: "crm", State: web.LinkIntroduced, Users: 3, Refused: map[string]int{"origin": 2}},
		{Name: "other", State: web.LinkWaiting},
	}
	m := web.NewMetrics(web.MetricsOptions{Links: func() []web.Link { return links }})
	page := func() string {
		return textOf(t, ask(t, web.New(web.Options{Metrics: m}).Metrics(), "GET", "/metrics", ""))
	}
	text := page()
	for _, want := range []string{
		`octolink_link_up{link="crm"} 1`, `octolink_link_up{link="other"} 0`,
		`octolink_link_users{link="crm"} 3`, `octolink_refused_total{link="crm",reason="origin"} 2`,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no line %q", want)
		}
	}
	links = links[:1]
	if strings.Contains(page(), `link="other"`) {
		t.Error("a link that was removed is still there")
	}
}

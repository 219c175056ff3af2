package plugins

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	contract "github.com/octolink/octolink/plugins/proto"
	hostv1 "github.com/octolink/octolink/plugins/proto/host/v1"
)

// Deliveries keep what plugins want delivered. Keys are the plugins' own.
type Deliveries interface {
	// AddPluginDelivery has it on the disk when it returns. known: the endpoint had the key already.
	AddPluginDelivery(ctx context.Context, plugin, endpoint, key string, request []byte) (known bool, err error)
	// NextPluginDelivery is the oldest that is on its way; nil: there is none.
	NextPluginDelivery(ctx context.Context, plugin, endpoint string) (*Delivery, error)
	// EndPluginDelivery says that one was confirmed, or given up for a reason.
	EndPluginDelivery(ctx context.Context, n int64, failure string) error
	// PluginDeliveries is how many of a plugin are on their way, and how many were given up.
	PluginDeliveries(ctx context.Context, plugin string) (open, failed int, err error)
}

// A Delivery is one that is on its way.
type Delivery struct {
	N       int64
	Key     string
	At      time.Time // when the plugin gave it
	Request []byte    // an encoded HTTPRequest
}

// Deliver implements the contract.
func (s *scoped) Deliver(ctx context.Context, in *hostv1.DeliverRequest) (*hostv1.DeliverResponse, error) {
	base, listed := s.allow.Deliver[in.GetEndpoint()]
	switch {
	case len(s.allow.Deliver) == 0:
		return nil, s.refuse("deliver")
	case !listed:
		return nil, s.refuse("deliveries to " + in.GetEndpoint())
	case s.host.Deliveries == nil:
		return nil, missing("outbox")
	case in.GetKey() == "" || len(in.GetKey()) > maxKey || !printable(in.GetKey()):
		return nil, status.Errorf(codes.InvalidArgument, "a key has 1 to %d printable ASCII characters", maxKey)
	}
	if _, err := outgoing(ctx, base, in.GetKey(), in.GetRequest()); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	text, err := proto.Marshal(in.GetRequest())
	if err != nil {
		return nil, internal(err)
	}
	known, err := s.host.Deliveries.AddPluginDelivery(ctx, s.plugin, in.GetEndpoint(), in.GetKey(), text)
	if err != nil {
		return nil, internal(err)
	}
	s.host.courier.news(s.plugin, in.GetEndpoint())
	return &hostv1.DeliverResponse{Known: known}, nil
}

// methods that a delivery may have; a request that reads only needs none.
var methods = []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// keptHeaders are the server's own business.
var keptHeaders = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", keyHeader}

const keyHeader = "Idempotency-Key"

// outgoing is the request to an endpoint. An error says what is wrong with it.
func outgoing(ctx context.Context, base, key string, in *hostv1.HTTPRequest) (*http.Request, error) {
	method := in.GetMethod()
	if method == "" {
		method = http.MethodPost
	}
	switch {
	case !slices.Contains(methods, method):
		return nil, fmt.Errorf("method: %.16q is none of %s", method, strings.Join(methods, ", "))
	case len(in.GetBody()) > contract.MaxDelivery:
		return nil, fmt.Errorf("body: more than %d KiB", contract.MaxDelivery>>10)
	case len(in.GetHeaders()) > contract.MaxHeaders:
		return nil, fmt.Errorf("headers: more than %d", contract.MaxHeaders)
	}
	to, err := below(base, in.GetPath())
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(string(in.GetBody())))
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "octolink")
	for _, h := range in.GetHeaders() {
		name := http.CanonicalHeaderKey(h.GetName())
		if !token(name) || slices.Contains(keptHeaders, name) || len(h.GetName())+len(h.GetValue()) > maxNotice || !fieldValue(h.GetValue()) {
			return nil, fmt.Errorf("headers: %.64q cannot be set to that", h.GetName())
		}
		r.Header.Set(name, h.GetValue())
	}
	r.Header.Set(keyHeader, key)
	return r, nil
}

// below is an address with what follows it. Nothing leads away from the endpoint.
func below(base, rest string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || rest == "" {
		return base, err
	}
	more, err := url.Parse(rest)
	switch {
	case err != nil:
		return "", fmt.Errorf("path: %w", err)
	case more.Scheme != "" || more.Host != "" || more.User != nil || more.Fragment != "" || rest[0] != '/' && rest[0] != '?':
		return "", errors.New(`path: want "/…", "?…" or "/…?…"`)
	case more.Path != "" && path.Clean(more.Path) != strings.TrimSuffix(more.Path, "/") && more.Path != "/":
		return "", errors.New("path: it has empty steps or dots")
	}
	u = u.JoinPath(more.EscapedPath())
	if more.RawQuery != "" {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += more.RawQuery
	}
	return u.String(), nil
}

func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) })
}

func fieldValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// checkEndpoint checks an address that a manifest names.
func checkEndpoint(name, address string) error {
	u, err := url.Parse(address)
	switch {
	case !names.MatchString(name):
		return fmt.Errorf("allow.deliver: %q is no name: letters, digits, _ and -", name)
	case err != nil:
		return fmt.Errorf("allow.deliver: %s: %w", name, err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "" || u.User != nil:
		return fmt.Errorf("allow.deliver: %s: %q is no address such as https://crm.example/hook", name, u.Redacted())
	}
	return nil
}

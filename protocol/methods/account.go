package methods

import (
	"context"
	"crypto/md5" //nolint:gosec // the wire's form of a password [P 5.2]
	"encoding/hex"
	"errors"
	"regexp"
	"strings"

	"github.com/octolink/octolink/protocol"
	"github.com/octolink/octolink/protocol/wire"
)

type changePasswordIn struct {
	New  string `wire:"newpwdmd5,required" doc:"md5 of the new password, case kept"`
	Old  string `wire:"oldpwdmd5" doc:"md5 of the old one"`
	Text string `wire:"newpwd" doc:"the new password, a character per Windows-1251 byte; checked against its md5"`
}

var (
	md5Form  = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	emptyMD5 = md5Hex(nil)
)

func (a *API) changePassword(ctx context.Context, c *protocol.Client, in changePasswordIn) (struct{}, error) {
	cased := strings.ToLower(in.New)
	switch {
	case !md5Form.MatchString(cased):
		return struct{}{}, badField("newpwdmd5", "not an md5 in hex")
	case cased == emptyMD5:
		return struct{}{}, badField("newpwdmd5", "the password is empty")
	case in.Text != "" && md5Hex(latin1(in.Text)) != cased:
		return struct{}{}, badField("newpwd", "does not fit newpwdmd5")
	}
	id := c.Identity()
	if id == nil {
		return struct{}{}, errNotAllowed
	}
	ok, err := a.opts.Accounts.CheckPassword(ctx, id.Login, strings.ToLower(in.Old), "")
	if err != nil {
		return struct{}{}, err
	}
	if !ok {
		a.throttle.failed(ctx, c.Info().Remote, id.Login)
		return struct{}{}, errOldPassword
	}
	if err := a.opts.Accounts.ChangePassword(ctx, id.Login, cased); err != nil {
		return struct{}{}, err
	}
	return struct{}{}, a.endOtherSessions(ctx, id)
}

// endOtherSessions ends what was let in by the old password.
func (a *API) endOtherSessions(ctx context.Context, id *protocol.Identity) error {
	if err := a.opts.Accounts.EndSessions(ctx, id.Login, id.Session); err != nil {
		return err
	}
	for _, tab := range a.hub.Of(id.Login) {
		if other := tab.Identity(); other != nil && other.Session != id.Session {
			tab.LogOut()
			tab.Close(protocol.CloseNormal, "the password was changed")
		}
	}
	return nil
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // the wire's form of a password [P 5.2]
	return hex.EncodeToString(sum[:])
}

// latin1 takes the text that carries one byte in each character apart.
func latin1(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r)) //nolint:gosec // a character over 255 makes the md5 differ, as it should
	}
	return b
}

type tempPassIn struct {
	ToSocket bool `wire:"responsetowebsock" doc:"copy the answer of the HTTP request to this connection"`
}

type tempPassOut struct {
	Password string `wire:"password" doc:"good for one request within a minute, in the parameter temppass"`
}

func (a *API) tempPass(_ context.Context, c *protocol.Client, in tempPassIn) (tempPassOut, error) {
	var answered func(password, status, body string)
	if in.ToSocket {
		answered = func(password, status, body string) {
			a.hub.Publish(responseCopy.For(protocol.These(c), responseBody{status, password, body}))
		}
	}
	password, err := a.opts.Passes.Issue(c.Login(), answered)
	return tempPassOut{password}, err
}

type procedureIn struct {
	Name   string      `wire:"procedure,required" doc:"which query"`
	Params wire.Object `wire:"inputparams" doc:"its parameters by name"`
}

type procedureOut struct {
	ErrorCode int       `wire:"errorcode" doc:"0"`
	Dataset   wire.List `wire:"dataset" doc:"list of results; each a list whose first element has the column names"`
}

// execProcedure always answers with errorcode, without it clients take the call for failed [P 0.3].
func (a *API) execProcedure(ctx context.Context, c *protocol.Client, in procedureIn) (procedureOut, error) {
	params := make(map[string]any, len(in.Params))
	for _, p := range in.Params {
		params[strings.TrimLeft(p.Key, "@:$")] = p.Value
	}
	set, err := a.opts.Procedures.Run(ctx, strings.ToLower(in.Name), c.Login(), params)
	if err != nil {
		return procedureOut{}, err
	}
	result := make(wire.List, 0, len(set.Rows)+1)
	header := make(wire.List, len(set.Columns))
	for i, name := range set.Columns {
		header[i] = name
	}
	result = append(result, header)
	for _, row := range set.Rows {
		result = append(result, wire.List(row))
	}
	return procedureOut{Dataset: wire.List{result}}, nil
}

type photoIn struct {
	Mode string `wire:"mode" doc:"accepted; always page"`
}

type photoLinks struct {
	Link   string `wire:"link" doc:"path of the photo"`
	Small  string `wire:"link32x32" doc:"path of it, 32 pixels wide"`
	Middle string `wire:"link96x96" doc:"path of it, 96 pixels wide"`
}

type allPhotosOut struct {
	Links []userPhoto `wire:"links" doc:"users who have a photo"`
}

type userPhoto struct {
	ID string `wire:"id" doc:"the user"`
	photoLinks
}

func (a *API) allPhotoLinks(context.Context, *protocol.Client, photoIn) (allPhotosOut, error) {
	out := allPhotosOut{Links: []userPhoto{}}
	for _, u := range a.sw.Directory().Users() {
		if full, s32, s96, ok := a.opts.Photos.Links(u.Login); ok {
			out.Links = append(out.Links, userPhoto{u.ID, photoLinks{full, s32, s96}})
		}
	}
	return out, nil
}

func (a *API) userPhoto(_ context.Context, c *protocol.Client, _ photoIn) (photoLinks, error) {
	full, s32, s96, _ := a.opts.Photos.Links(c.Login())
	return photoLinks{full, s32, s96}, nil
}

type setPhotoIn struct {
	Path string `wire:"filepath,required" doc:"path that the upload's answer gave"`
}

func (a *API) setPhoto(ctx context.Context, c *protocol.Client, in setPhotoIn) (struct{}, error) {
	err := a.opts.Photos.Use(ctx, c.Login(), in.Path)
	if errors.Is(err, ErrNoUpload) {
		return struct{}{}, badField("filepath", "not an upload of this user")
	}
	return struct{}{}, err
}

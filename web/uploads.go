package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// ErrNoSuchUpload: a path names no upload of this user.
var ErrNoSuchUpload = errors.New("no such upload")

const (
	uploadLife  = 24 * time.Hour // of an upload that was never used
	photoPrefix = "photo/"
	ownerExt    = ".owner"
)

// uploadPath is what we give out: 128 random bits. Nothing else ever becomes a file's name.
var uploadPath = regexp.MustCompile(`^/?photo/([0-9a-f]{32})\.(jpg|png)$`)

// Uploads keeps pictures of users under names that nobody can guess, each in three sizes beside a
// small file that says whose it is. Its methods may be called from any goroutine.
type Uploads struct {
	dir  string
	turn chan struct{} // one picture is decoded at a time: it can take 200 MB for a moment
}

// OpenUploads makes the directory, readable by this account only, where it does not exist.
func OpenUploads(dir string) (*Uploads, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("web: uploads: %w", err)
	}
	return &Uploads{dir: dir, turn: make(chan struct{}, 1)}, nil
}

// Save keeps a picture for a user and gives the opaque path by which he may name it.
// Errors: [ErrPicture], those of ctx, those of the disk.
func (u *Uploads) Save(ctx context.Context, login string, file []byte) (path string, err error) {
	p, err := u.decode(ctx, file)
	if err != nil {
		return "", err
	}
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // crypto/rand never fails, it ends the program
	name := hex.EncodeToString(b[:])
	if err := u.write(name, login, p); err != nil {
		u.remove(name)
		return "", fmt.Errorf("web: keep upload: %w", err)
	}
	return photoPrefix + name + "." + p.ext, nil
}

func (u *Uploads) decode(ctx context.Context, file []byte) (*picture, error) {
	select {
	case u.turn <- struct{}{}:
		defer func() { <-u.turn }()
		return readPicture(file)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (u *Uploads) write(name, login string, p *picture) error {
	if err := u.writeFile(name+ownerExt, []byte(login)); err != nil {
		return err
	}
	for i, size := range p.sizes {
		if err := u.writeFile(sized(name, i, p.ext), size); err != nil {
			return err
		}
	}
	return nil
}

// writeFile returns when the bytes are on the disk: what we say we kept is kept.
func (u *Uploads) writeFile(name string, data []byte) error {
	f, err := os.OpenFile(u.file(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// sized is the file of a picture's size: 0 the large one, then as in squares.
func sized(name string, size int, ext string) string {
	if size > 0 {
		side := squares[size-1]
		name = fmt.Sprintf("%s-%dx%d", name, side, side)
	}
	return name + "." + ext
}

func (u *Uploads) file(name string) string { return filepath.Join(u.dir, name) }

// Photo checks that a path names an upload of this user, as setmyuserphoto needs it [P 6.2], and
// gives it in the form in which it is to be kept. Error: [ErrNoSuchUpload].
func (u *Uploads) Photo(login, path string) (kept string, err error) {
	m := uploadPath.FindStringSubmatch(strings.ReplaceAll(path, `\`, "/"))
	if m == nil {
		return "", ErrNoSuchUpload
	}
	owner, err := os.ReadFile(u.file(m[1] + ownerExt))
	if err != nil || !strings.EqualFold(string(owner), login) {
		return "", ErrNoSuchUpload
	}
	if _, err := os.Stat(u.file(m[1] + "." + m[2])); err != nil {
		return "", ErrNoSuchUpload
	}
	return photoPrefix + m[1] + "." + m[2], nil
}

// PhotoLinks are the three addresses of a photo, relative to the root of the web server [P 6.2]:
// the large one, 96×96 and 32×32. All are empty for what is no path of ours.
func PhotoLinks(path string) (link, link96x96, link32x32 string) {
	m := uploadPath.FindStringSubmatch(path)
	if m == nil {
		return "", "", ""
	}
	at := "/" + photoPrefix
	return at + sized(m[1], 0, m[2]), at + sized(m[1], 1, m[2]), at + sized(m[1], 2, m[2])
}

// Clean removes uploads that are older than a day and not in use: a path that used names.
// It returns how many it removed.
func (u *Uploads) Clean(used []string) (removed int, err error) {
	keep := make(map[string]bool, len(used))
	for _, path := range used {
		if m := uploadPath.FindStringSubmatch(path); m != nil {
			keep[m[1]] = true
		}
	}
	files, err := os.ReadDir(u.dir)
	if err != nil {
		return 0, fmt.Errorf("web: clean uploads: %w", err)
	}
	for _, f := range files {
		name, isOwner := strings.CutSuffix(f.Name(), ownerExt)
		if isOwner && !keep[name] && old(f) {
			u.remove(name)
			removed++
		}
	}
	return removed, nil
}

func old(f fs.DirEntry) bool {
	info, err := f.Info()
	return err == nil && time.Since(info.ModTime()) > uploadLife
}

// remove takes a picture away, its mark of ownership last, so that a half-removed one is found again.
func (u *Uploads) remove(name string) {
	for _, ext := range []string{"jpg", "png"} {
		for i := range len(squares) + 1 {
			os.Remove(u.file(sized(name, i, ext))) //nolint:errcheck // most of these do not exist
		}
	}
	os.Remove(u.file(name + ownerExt)) //nolint:errcheck // the next Clean tries again
}

// photoFile is what may follow /photo/ in a request.
var photoFile = regexp.MustCompile(`^[0-9a-f]{32}(-96x96|-32x32)?\.(jpg|png)$`)

// servePhoto gives a picture to whoever knows its name. The type is ours, never the uploader's, and a
// name never gets another content.
func (u *Uploads) servePhoto(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	m := photoFile.FindStringSubmatch(name)
	if m == nil {
		http.NotFound(w, r)
		return
	}
	f, err := os.Open(u.file(name))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", map[string]string{"jpg": "image/jpeg", "png": "image/png"}[m[2]])
	h.Set("Cache-Control", "private, max-age=604800, immutable")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // pages of CRMs show photos
	http.ServeContent(w, r, "", time.Time{}, f)
}

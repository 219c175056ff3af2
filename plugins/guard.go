package plugins

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrWritable: others may change what the server would run.
var ErrWritable = errors.New("others may write to it")

// guarded fails for a file or folder that an account other than root and the server's own may change.
func guarded(name string) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s: %w: its mode is %04o; chmod go-w", name, ErrWritable, info.Mode().Perm())
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s: %w: it belongs to account %d", name, ErrWritable, owner.Uid)
	}
	return nil
}

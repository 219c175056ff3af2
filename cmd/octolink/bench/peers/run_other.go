//go:build !linux

package peers

import (
	"context"
	"errors"
	"io"
)

var errLinux = errors.New("a comparison with peers is measured on Linux only")

// Run needs Linux: epoll, and a processor for each side.
func Run(context.Context, Options) (*Report, error) {
	return nil, errLinux
}

// Bystanders is a part of Run.
func Bystanders(context.Context, string, io.Reader, io.Writer) error { return errLinux }

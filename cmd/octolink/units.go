package main

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// duration is a length of time in the configuration: 300ms, 10s, 1h30m, 365d.
type duration time.Duration

// std is the same as the standard library has it.
func (d duration) std() time.Duration { return time.Duration(d) }

// UnmarshalText reads a duration; days are 24 hours.
func (d *duration) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "0" {
		*d = 0
		return nil
	}
	days, isDays := strings.CutSuffix(s, "d")
	if isDays {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > 36500 {
			return fmt.Errorf("%q is no duration: want something like 300ms, 10s, 24h or 365d (at most 36500d)", cut(s))
		}
		*d = duration(time.Duration(n) * 24 * time.Hour) // #nosec G115 -- at most 36500
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no duration: want something like 300ms, 10s, 24h or 365d", cut(s))
	}
	*d = duration(v)
	return nil
}

// size is a number of bytes in the configuration: 512, 16KiB, 1MiB, 2GiB.
type size int64

// UnmarshalText reads a size.
func (z *size) UnmarshalText(text []byte) error {
	s, shift := string(text), 0
	for i, unit := range []string{"KiB", "MiB", "GiB"} {
		if rest, ok := strings.CutSuffix(s, unit); ok {
			s, shift = strings.TrimSpace(rest), 10*(i+1)
			break
		}
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || n > math.MaxInt64>>shift {
		return fmt.Errorf("%q is no size: want something like 512, 16KiB or 1MiB", cut(string(text)))
	}
	*z = size(n << shift) // #nosec G115 -- checked above
	return nil
}

// network is a range of addresses, or a single one.
type network struct{ netip.Prefix }

// UnmarshalText reads 10.0.0.0/8 or 10.1.2.3.
func (n *network) UnmarshalText(text []byte) error {
	if p, err := netip.ParsePrefix(string(text)); err == nil {
		n.Prefix = p.Masked()
		return nil
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return fmt.Errorf("%q is no range of addresses: want something like 10.0.0.0/8", cut(string(text)))
	}
	n.Prefix = netip.PrefixFrom(a, a.BitLen())
	return nil
}

// ringing is how long a simulated phone rings before it answers by itself. Zero means never: it is
// answered by hand ("manual").
type ringing time.Duration

// UnmarshalText reads "manual" or a duration.
func (r *ringing) UnmarshalText(text []byte) error {
	if string(text) == "manual" {
		*r = 0
		return nil
	}
	var d duration
	if err := d.UnmarshalText(text); err != nil || d == 0 {
		return fmt.Errorf("%q: want manual, or how long a phone rings before it answers, such as 3s", cut(string(text)))
	}
	*r = ringing(d)
	return nil
}

// level is the least severe level that is logged.
type level slog.Level

// UnmarshalText reads debug, info, warn or error.
func (l *level) UnmarshalText(text []byte) error {
	var v slog.Level
	if err := v.UnmarshalText(text); err != nil {
		return fmt.Errorf("%q is no log level: want debug, info, warn or error", cut(string(text)))
	}
	*l = level(v)
	return nil
}

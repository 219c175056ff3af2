package pbx

import (
	"fmt"
	"strings"
)

// The most characters that a dialled number may have.
const maxNumber = 32

// cleanNumber drops what people write between digits. It is not ok when nothing dialable is left.
func cleanNumber(text string) (number string, ok bool) {
	number = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -()\u00a0.", r) {
			return -1
		}
		return r
	}, text)
	if number == "" || len(number) > maxNumber || strings.LastIndexByte(number, '+') > 0 || number == "+" {
		return "", false
	}
	for _, r := range number {
		if (r < '0' || r > '9') && !strings.ContainsRune("*#+", r) {
			return "", false
		}
	}
	return number, true
}

// Resolve turns what a client dials into a number: the number itself, the GUID of a user or the
// GUID of a number [P 6.4]. Fails with ErrNoSuchNumber.
func (d *Directory) Resolve(to string) (string, error) {
	if u := d.UserByID(to); u != nil {
		if u.Main() == "" {
			return "", fmt.Errorf("%s has no phone: %w", u.Login, ErrNoSuchNumber)
		}
		return u.Main(), nil
	}
	if n := d.NumberBy(to); n != nil {
		return n.Number, nil
	}
	if n, ok := cleanNumber(to); ok {
		return n, nil
	}
	return "", fmt.Errorf("%.64q: %w", to, ErrNoSuchNumber)
}

// MayDial reports whether one of the user's patterns allows the number. A pattern's last character
// may be "*" for any rest, "x" stands for one digit, everything else for itself.
func (u *User) MayDial(number string) bool {
	for _, pattern := range u.Dial {
		if matches(pattern, number) {
			return true
		}
	}
	return false
}

// MayDial reports whether a user may dial the number: by his patterns, or, when he has none, any
// internal number. Nothing configured must not open the way to paid lines.
func (d *Directory) MayDial(u *User, number string) bool {
	if len(u.Dial) == 0 {
		return d.byNumber[number] != nil
	}
	return u.MayDial(number)
}

func matches(pattern, number string) bool {
	if rest, open := strings.CutSuffix(pattern, "*"); open {
		if len(number) < len(rest) {
			return false
		}
		pattern, number = rest, number[:len(rest)]
	}
	if len(pattern) != len(number) {
		return false
	}
	for i := range len(pattern) {
		digit := number[i] >= '0' && number[i] <= '9'
		if pattern[i] != number[i] && (pattern[i]|0x20 != 'x' || !digit) {
			return false
		}
	}
	return true
}

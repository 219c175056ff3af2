package pbx

import (
	"fmt"
	"strings"
	"time"
)

// What a telephone has for keys.
const keys = "0123456789*#ABCD"

// The longest ID of a conference that a flow may name, in bytes.
const maxConferenceID = 64

func invalid(format string, args ...any) error {
	return fmt.Errorf("pbx: "+format+": %w", append(args, ErrInvalid)...)
}

// CheckKeys reports with ErrInvalid what is no key of a telephone.
func CheckKeys(pressed string) error {
	for _, k := range pressed {
		if !strings.ContainsRune(keys, k) {
			return invalid("%.32q is not a key of a telephone (%s)", string(k), keys)
		}
	}
	if len(pressed) > MaxDigits {
		return invalid("%d keys at once, the most are %d", len(pressed), MaxDigits)
	}
	return nil
}

func (p *Prompt) check(needed bool) error {
	if needed && p.File == "" && p.Text == "" {
		return invalid("a prompt without file and text")
	}
	if len(p.File) > MaxPrompt || len(p.Text) > MaxPrompt {
		return invalid("a prompt over %d bytes", MaxPrompt)
	}
	return CheckKeys(p.Keys)
}

// settle checks a duration and puts in what stands for zero.
func settle(what string, d *time.Duration, zero time.Duration) error {
	if *d < 0 || *d > MaxWait {
		return invalid("%s of %v is not between 0 and %v", what, *d, MaxWait)
	}
	if *d == 0 {
		*d = zero
	}
	return nil
}

func (r *DigitsRequest) check() error {
	if r.Max < 0 || r.Max > MaxDigits {
		return invalid("%d digits, the most are %d", r.Max, MaxDigits)
	}
	r.Max = max(r.Max, 1)
	if err := r.Prompt.check(false); err != nil {
		return err
	}
	if err := CheckKeys(r.Stop); err != nil {
		return err
	}
	if err := settle("a time for the first key", &r.First, defaultFirst); err != nil {
		return err
	}
	return settle("a time between keys", &r.Between, defaultBetween)
}

func (r *RecordRequest) check() error {
	if err := CheckKeys(r.Stop); err != nil {
		return err
	}
	if err := settle("a silence", &r.Silence, 0); err != nil {
		return err
	}
	return settle("a recording", &r.Max, defaultTake)
}

func (r *QueueRequest) check(d *Directory) error {
	if d.QueueByNumber(r.Number) == nil {
		return fmt.Errorf("pbx: queue %.32q: %w", r.Number, ErrNoSuchNumber)
	}
	return settle("a wait", &r.Timeout, 0)
}

// check returns the request with numbers only.
func (r RingRequest) check(d *Directory) (RingRequest, error) {
	if len(r.To) == 0 || len(r.To) > MaxTargets {
		return r, invalid("%d to be rung, it must be 1 to %d", len(r.To), MaxTargets)
	}
	numbers := make([]string, 0, len(r.To))
	for _, to := range r.To {
		n, err := d.numberOf(to)
		if err != nil {
			return r, err
		}
		if d.UserByNumber(n) == nil && d.NumberBy(n) != nil {
			return r, fmt.Errorf("pbx: %s is a queue's or a flow's and has no phone: %w", n, ErrNoSuchNumber)
		}
		numbers = append(numbers, n)
	}
	r.To = numbers
	return r, settle("a ringing", &r.Timeout, defaultTimeout)
}

// numberOf is the number behind a number, a login or a GUID. Fails with ErrNoSuchNumber, ErrNoPhone.
func (d *Directory) numberOf(to string) (string, error) {
	u := d.UserByLogin(to)
	if u == nil || d.NumberBy(to) != nil {
		number, err := d.Resolve(to)
		if err != nil {
			return "", fmt.Errorf("pbx: %w", err)
		}
		return number, nil
	}
	if u.Main() == "" {
		return "", fmt.Errorf("pbx: %s: %w", u.Login, ErrNoPhone)
	}
	return u.Main(), nil
}

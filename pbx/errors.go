package pbx

import "errors"

// What commands fail with. Every one is wrapped with its circumstances.
var (
	ErrNoSuchUser       = errors.New("no such user")
	ErrNoSuchNumber     = errors.New("no such number")
	ErrNoSuchConference = errors.New("no such conference")
	ErrNoSuchMember     = errors.New("no such participant")
	ErrNoSuchLeg        = errors.New("no such call")
	ErrNoSuchRule       = errors.New("no such redirect rule")
	ErrNoPhone          = errors.New("the user has no phone")
	ErrState            = errors.New("not possible in the present state of the phone")
	ErrBusy             = errors.New("busy")
	ErrForbidden        = errors.New("not allowed")
	ErrGhostRights      = errors.New("no right to listen to this user")
	ErrOffline          = errors.New("the telephone system is away")
	ErrUnsupported      = errors.New("the telephone system cannot do that")
	ErrInvalid          = errors.New("not possible with these values")
	ErrHungUp           = errors.New("the caller has hung up")
	ErrGivenAway        = errors.New("the call was given away")
)

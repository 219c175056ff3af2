package pbx

import "time"

// Kinds of numbers on the wire [P 0.4].
const (
	KindUser = 0 // "intRule": the number of a user
	KindIVR  = 3 // "intIVR": the number of a scenario, of a queue too
)

// A Number is what the directory shows under one internal number.
type Number struct {
	ID         string // lower-case GUID
	Number     string
	Caption    string // the user's or the queue's name
	Kind       int    // KindUser or KindIVR
	Group      bool   // several people are behind it
	User       *User  // nil: nobody's
	Department Department
}

// Strategy says which of the free members of a queue are rung.
type Strategy string

// The strategies. In each of them members who have not yet been asked come first.
const (
	LongestIdle Strategy = "longest-idle" // one at a time, who did nothing for the longest time
	RingAll     Strategy = "all"          // all of them at once
	InOrder     Strategy = "order"        // one at a time, in the order of Members
)

// A Queue is a number whose callers wait until one of its members is free.
type Queue struct {
	ID         string // lower-case GUID
	Number     string
	Name       string
	Members    []string      // logins
	Ring       time.Duration // how long one member is rung. Zero means 20 s.
	Retry      time.Duration // how long a member who did not answer is left in peace. Zero means 5 s.
	Strategy   Strategy      // Zero means LongestIdle.
	Department Department
}

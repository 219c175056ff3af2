package pbx

// A Department groups users and numbers in directories.
type Department struct {
	ID   string // lower-case GUID
	Name string
}

// A User is a person of the configuration. It never changes; a new configuration brings a new one.
type User struct {
	ID           string // lower-case GUID, the same for ever: CRMs store it
	Login        string // as configured; comparisons ignore case
	Name         string
	Numbers      []string // the first is the main one; empty: a user without a phone
	Department   Department
	Subordinates []string // logins whose calls this user may listen to, help in and join
	Supervisor   bool     // sees everybody's journal and all queues
	Operator     bool
	Dial         []string // patterns of numbers that this user may dial: "*" everything, "8*" a prefix, "x" one digit
}

// Main is the user's main number, "" for a user without a phone.
func (u *User) Main() string {
	if len(u.Numbers) == 0 {
		return ""
	}
	return u.Numbers[0]
}

// A Break is a reason for which an agent leaves his queue for a while.
type Break struct {
	ID   int
	Name string
}

// A Party is the other side of a leg as a phone's display shows it.
type Party struct {
	Number   string
	Name     string // what the telephone system knows: a caller's name, a queue's
	User     *User  // the colleague whose phone it is; nil: not one of ours
	External bool   // reached over an outside line
	IVR      bool   // a scenario answers, not a person
}

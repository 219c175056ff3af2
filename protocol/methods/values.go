package methods

import (
	"github.com/google/uuid"

	"github.com/octolink/octolink/pbx"
)

// zeroGUID is what clients take for "none" in chainid and departmentid, and only there [P 0.3].
const zeroGUID = "00000000-0000-0000-0000-000000000000"

// lineSpace makes line ids from user ids, so that they are the same for ever.
var lineSpace = uuid.MustParse("6f9f1f0e-7c7b-4c53-9a0b-2f6a1d6f3c11")

// lineID is the id of a user's line, "" for a user without a phone.
func lineID(u *pbx.User) string {
	if u.Main() == "" {
		return ""
	}
	return uuid.NewSHA1(lineSpace, []byte(u.ID)).String()
}

// lineNumber is the number of a user's line: his main number in five digits, as the original
// numbers its lines.
func lineNumber(u *pbx.User) string {
	const width = 5
	n := u.Main()
	for len(n) < width && n != "" {
		n = "0" + n
	}
	return n
}

// partyName is the best name for the other side.
func partyName(p pbx.Party) string {
	if p.User != nil {
		return p.User.Name
	}
	return p.Name
}

// An abonent is the other side of a call as clients read it [P 5.5]. Ids that are not there are
// empty, never zero GUIDs.
type abonent struct {
	Number     string `wire:"number" doc:"the other side's number"`
	CallerID   string `wire:"callerid" doc:"number of an outside caller"`
	UserID     string `wire:"userid" doc:"the other side, if it is a user"`
	UserLogin  string `wire:"userlogin" doc:"his login"`
	UserName   string `wire:"username" doc:"his name"`
	Name       string `wire:"name" doc:"name of an outside party"`
	ChainID    string `wire:"chainid" doc:"the call"`
	IsExtLine  bool   `wire:"isextline" doc:"the other side is outside"`
	IsIVR      bool   `wire:"isivr" doc:"the other side is a scenario"`
	IVRName    string `wire:"ivrname" doc:"its name"`
	WaitingSec int    `wire:"waitingsec,omitempty" doc:"how long a caller of a queue has waited"`
	Queue      string `wire:"queue,omitempty" doc:"number of the queue in which a caller waits"`
}

func abonentOf(p pbx.Party, chain string) abonent {
	a := abonent{Number: p.Number, ChainID: chain, IsExtLine: p.External, IsIVR: p.IVR}
	switch {
	case p.User != nil:
		a.UserID, a.UserLogin, a.UserName = p.User.ID, p.User.Login, p.User.Name
	case p.IVR:
		a.IVRName = p.Name
	default:
		a.Name = p.Name
	}
	if p.External {
		a.CallerID = p.Number
	}
	return a
}

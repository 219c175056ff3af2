package methods

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/protocol"
)

// directory keeps the answers that many clients ask for, encoded once per change.
type directory struct {
	mu      sync.Mutex
	version uint64 // of numbers
	numbers *protocol.Shared[numbersOut]
	users   map[string]*protocol.Shared[usersOut] // by the subordinates that are marked in it
}

// forget drops what depends on the configuration.
func (d *directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.numbers, d.users = nil, nil
}

type myInfoOut struct {
	Main     string `wire:"mainpbxnumber" doc:"main number"`
	Name     string `wire:"username" doc:"name"`
	HasLine  bool   `wire:"hasline" doc:"the user has a phone"`
	LineID   string `wire:"lineid" doc:"his line"`
	Line     string `wire:"linenumber" doc:"number of the line"`
	Operator bool   `wire:"isoperator" doc:"takes calls of queues"`
}

func (a *API) myUserInfo(_ context.Context, c *protocol.Client, _ struct{}) (myInfoOut, error) {
	user, err := a.me(c)
	if err != nil {
		return myInfoOut{}, err
	}
	return myInfoOut{
		Main: user.Main(), Name: user.Name, HasLine: user.Main() != "",
		LineID: lineID(user), Line: lineNumber(user), Operator: user.Operator,
	}, nil
}

type usersIn struct {
	Subordinates bool `wire:"fillsubordinates" doc:"mark the users whose calls the caller may listen to"`
}

type usersOut struct {
	Users []userRow `wire:"users" doc:"all users"`
}

type userRow struct {
	ID      string   `wire:"id" doc:"the user's id"`
	Name    string   `wire:"name" doc:"his name"`
	Main    string   `wire:"main" doc:"his main number, or empty"`
	Numbers []string `wire:"nums" doc:"all his numbers"`
	Sub     bool     `wire:"sub" doc:"the caller may listen to him"`
}

func (a *API) allUserNumbers(_ context.Context, c *protocol.Client, in usersIn) (*protocol.Shared[usersOut], error) {
	user, err := a.asker(c)
	if err != nil {
		return nil, err
	}
	var subs []string
	if in.Subordinates {
		subs = slices.Sorted(slices.Values(user.Subordinates))
	}
	d := &a.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	key := strings.Join(subs, "\x00")
	if d.users == nil {
		d.users = make(map[string]*protocol.Shared[usersOut])
	}
	if d.users[key] == nil {
		d.users[key] = protocol.Share(userRows(a.sw.Directory(), subs))
	}
	return d.users[key], nil
}

func userRows(dir *pbx.Directory, subs []string) usersOut {
	users := dir.Users()
	out := usersOut{Users: make([]userRow, len(users))}
	for i, u := range users {
		sub := slices.ContainsFunc(subs, func(login string) bool { return strings.EqualFold(login, u.Login) })
		out.Users[i] = userRow{ID: u.ID, Name: u.Name, Main: u.Main(), Numbers: u.Numbers, Sub: sub}
	}
	return out
}

type numbersIn struct {
	Mode string `wire:"mode" doc:"accepted; always full"`
}

type numbersOut struct {
	Mode    string      `wire:"mode" doc:"full"`
	Numbers []numberRow `wire:"numbers" doc:"all numbers"`
}

// numberRow has the fields of live captures, with the numbers sent as numbers [P 0.4].
type numberRow struct {
	ID           string `wire:"id" doc:"the number's id"`
	Number       string `wire:"number" doc:"the number"`
	Caption      string `wire:"caption" doc:"its name"`
	Type         int    `wire:"type" doc:"0 a user's, 3 a scenario's or queue's"`
	TypeName     string `wire:"typestr" doc:"intRule, intIVR"`
	State        int    `wire:"state" doc:"number of its state"`
	StateName    string `wire:"statestr" doc:"name of its state"`
	Group        bool   `wire:"isgroup" doc:"several phones ring"`
	UserID       string `wire:"userid" doc:"whose number it is, or empty"`
	DepartmentID string `wire:"departmentid" doc:"department, or zero"`
	Department   string `wire:"department" doc:"its name"`
}

func (a *API) pbxNumbers(context.Context, *protocol.Client, numbersIn) (*protocol.Shared[numbersOut], error) {
	d := &a.directory
	d.mu.Lock()
	defer d.mu.Unlock()
	version := a.sw.NumbersVersion() // before the states are read: what changes meanwhile makes the next answer new
	if d.numbers == nil || d.version != version {
		d.numbers, d.version = protocol.Share(a.numberRows()), version
	}
	return d.numbers, nil
}

func (a *API) numberRows() numbersOut {
	numbers := a.sw.Directory().Numbers()
	out := numbersOut{Mode: "full", Numbers: make([]numberRow, len(numbers))}
	for i, n := range numbers {
		state := a.sw.NumberState(n.Number)
		row := numberRow{
			ID: n.ID, Number: n.Number, Caption: n.Caption, Type: n.Kind, TypeName: kindName(n.Kind),
			State: int(state), StateName: state.String(), Group: n.Group,
			DepartmentID: n.Department.ID, Department: n.Department.Name,
		}
		if n.User != nil {
			row.UserID = n.User.ID
		}
		if row.DepartmentID == "" {
			row.DepartmentID = zeroGUID
		}
		out.Numbers[i] = row
	}
	return out
}

// kindName is a number kind's name on the wire [P 0.4].
func kindName(kind int) string {
	if kind == 0 {
		return "intRule"
	}
	return "intIVR"
}

package store

import (
	"context"
	"strings"

	"github.com/octolink/octolink/pbx"
)

// A Picture is what telephones and users do now, for the views of procedures. A *pbx.Switch is one.
// Its methods must not wait.
type Picture interface {
	User(login string) pbx.UserState
	NumberState(number string) pbx.StateID
}

// SetPicture says where the view states comes from. Until then everybody is logged out there.
func (s *Store) SetPicture(p Picture) { s.picture.Store(&p) }

// SetDirectory copies who exists to where the views of procedures look. Call it at each start and
// when the configuration changed.
func (s *Store) SetDirectory(ctx context.Context, d *pbx.Directory) error {
	return s.write(ctx, "set directory", func(t *tx) error {
		for _, query := range []string{`DELETE FROM users`, `DELETE FROM numbers`, `DELETE FROM queues`} {
			if _, err := t.exec(query); err != nil {
				return err
			}
		}
		for _, u := range d.Users() {
			if err := insertUser(t, u); err != nil {
				return err
			}
		}
		for _, n := range d.Numbers() {
			if err := insertNumber(t, n); err != nil {
				return err
			}
		}
		for _, q := range d.Queues() {
			if err := insertQueue(t, q); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

func insertUser(t *tx, u *pbx.User) error {
	_, err := t.exec(`INSERT INTO users (who, id, login, name, number, numbers, departmentid, department, supervisor, operator)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, fold(u.Login), u.ID, u.Login, u.Name, u.Main(), strings.Join(u.Numbers, ","),
		u.Department.ID, u.Department.Name, u.Supervisor, u.Operator)
	return err
}

func insertNumber(t *tx, n *pbx.Number) error {
	who := ""
	if n.User != nil {
		who = fold(n.User.Login)
	}
	_, err := t.exec(`INSERT INTO numbers (id, number, caption, kind, isgroup, who, departmentid, department)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, n.ID, n.Number, n.Caption, n.Kind, n.Group, who, n.Department.ID, n.Department.Name)
	return err
}

func insertQueue(t *tx, q *pbx.Queue) error {
	_, err := t.exec(`INSERT INTO queues (id, number, name, members, ring, retry, strategy, departmentid, department)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, q.ID, q.Number, q.Name, strings.Join(q.Members, ","),
		q.Ring.Seconds(), q.Retry.Seconds(), string(q.Strategy), q.Department.ID, q.Department.Name)
	return err
}

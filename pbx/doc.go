// Package pbx is the telephone side of octolink: who has which number, what every phone does at
// this moment, and the commands that users give to it.
//
// A [Switch] owns the live picture. All of it belongs to one goroutine, [Switch.Run]; what others
// read is an immutable snapshot that the goroutine replaces, so a read never waits.
// A [Driver] is a telephone system. It tells the Switch what its legs do, always as the whole
// present truth about one leg ([Board.Leg]), never as a difference: the Switch compares it with
// what it knew, changes the picture and then tells its subscribers what happened. So a driver
// that lost its telephone system for a minute only has to tell everything again.
//
//	user's command ─► Switch ─► Driver ─► telephone system
//	subscribers    ◄─ Switch ◄─ Board  ◄─ telephone system
package pbx

package peers

import "io"

// Keys are the names of all lines.
const Keys = "rpc, rpc16, fanout, bursts, idle, open, storm, start, xml"

// Options say what is measured.
type Options struct {
	Dir     string    // with the peers: bench/ of the source tree
	Self    string    // this program, to be started as a server
	Version string    // of this program
	Only    []string  // keys of lines; empty means all
	Quick   bool      // short windows and few tabs, for trying
	Pairs   int       // of windows. Zero means 5, or 2 in the quick form.
	Log     io.Writer // progress
	work    string    // what is made meanwhile
}

// Package flowtest runs tests of flows: files beside the flows whose names end in _test.ts or _test.js.
// A test says who calls, which keys he presses, who answers, and what CRMs say; then it plays a flow and
// looks at what it did. Everything happens at once, in a time of its own: a caller who waits an hour
// takes no time.
//
// A flow under test is run by the same engine as in a server. What is played is the world around it:
// [Run] puts a caller, telephones, CRMs, users' screens and a clock behind the engine's seams.
package flowtest

import _ "embed"

// Declarations are what tests can use, for the author's editor and for a compiler.
//
//go:embed octolink_test.d.ts
var Declarations string

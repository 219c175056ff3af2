// Package methods is the vocabulary of the protocol: what clients may ask and what they are told.
//
// [API.Table] is the table of methods, one line each; [Events] the table of events. The families
// follow the chapters of the protocol: session, state, users, calls, conferences, queues, journal.
// To add a method: a struct for what comes in, one for what goes out, a handler, a line in
// the table (methods.go), and a transcript in testdata.
package methods

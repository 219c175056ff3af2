// Package scripting runs call flows: TypeScript or JavaScript files, each with a default function
// that leads a call, or does what a timer, a state, an event or a service asks for.
//
// An [Engine] looks after the files of one folder. A file becomes a program once ([Engine.Reload], and
// by itself when it changes); each run gets a runtime and a goroutine of its own and keeps the program
// that it started with. What a flow may do is the table of host functions, [Functions]: they block, and
// end with the run. One line of the table gives the function, the checks of its arguments, its line in
// the declarations ([Engine.Types]) and in the reference ([WriteReference]).
//
// A run ends when its function returns or throws, when the caller is gone, and at its [Limits]. However
// it ends, its [Trace] says so, and a call that the flow neither ended nor gave away goes by its
// number's fallback.
//
// Limits are proof against accidents, not against malice: what is not trusted belongs into a plugin,
// which is a process of its own.
package scripting

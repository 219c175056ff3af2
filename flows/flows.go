// Package flows holds the example flows. Each leads a call, or does what is to be done without one, and
// is tested by the file beside it whose name ends in _test.ts. The demonstration runs them all.
//
// The texts of this folder are what an integrator begins with: TypeScript, its settings for an editor
// (tsconfig.json), and the declarations of what flows can use (octolink.d.ts).
package flows

import "embed"

// Files are the flows with their tests, the settings for an editor and the declarations.
//
//go:embed *.ts lib/*.ts tsconfig.json
var Files embed.FS

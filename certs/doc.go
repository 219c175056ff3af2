// Package certs keeps certificates: the server's own, read from the operator's files or made on the
// first start, exchanged without a restart when the files change, renewed before it ends; those that
// a link shows to its peer; and the authorities that may sign a peer's. It also has a small authority
// for tests; no key is ever part of the project.
package certs

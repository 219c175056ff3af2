// Package certs keeps the server's certificate: read from the operator's files or made on the first
// start, exchanged without a restart when the files change, renewed before it ends. It also has a
// small authority for tests; no key is ever part of the project.
package certs

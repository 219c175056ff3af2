// Package herd drives many WebSocket connections from one goroutine over epoll, so that a measurement
// spends its processor on the server and not on the load. It speaks just enough of RFC 6455 for a
// client that sends whole text messages to a server of its own machine.
package herd

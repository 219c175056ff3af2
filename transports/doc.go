// Package transports carries frames over sockets and knows nothing of what they say.
//
// Inbound WebSocket connections arrive at a Server, which guards the port against slow and foreign
// peers, and pass through a ClientHandler, which checks the handshake (RFC 6455, version 13) and
// opens a channel of the engine for each. Outbound ones are made by Dial, with blocking calls, and
// Attach, behind the same seam as the inbound ones.
//
// # Links
//
// A CRM is reached, or reaches us, in one of six modes [P 2.1] with three functions:
//
//	ws-in    wss-in    ServeLink  a port of its own for one CRM, which keeps the connection up
//	ws-out   wss-out   DialLink   we connect, again and again
//	http     https     NewPost    a question whenever there is one: protocol.Exchanger
//
// Who connects is asked for Basic or Digest, or for a client certificate, and is never a page in a
// browser. Failed authorizations are answered later and later, and only they. Whom we connect to
// gets the password when he asks for it in the configured way, and in no other: an authorization
// that is configured as digest is never sent as Basic. Certificates are always verified, and read
// again when their files change. The proxies of the environment do not count.
//
// How a link is, an operator reads from its LinkState.
//
// # One connection
//
// A connection has one goroutine, its reader. It waits without holding a buffer, takes one from a
// pool when bytes have come, finds all whole messages in them, unmasks each in place and pushes it
// into the Sink. What the engine writes meanwhile is collected and leaves in one system call when
// the last message of that read has been pushed: a peer that pipelines its requests gets its
// replies together.
//
// What is written at other times, or does not fit into the socket at once, is written by a second
// goroutine that lives only as long as there is something to write. A write that makes no progress
// for WriteTimeout ends the connection. The reader outlives the writer, closes the socket and makes
// the last call, Sink.Closed.
//
// # What is refused
//
// Broken framing is answered with close code 1002, text that is not UTF-8 with 1007, a message over
// the limit with 1009 (the sum of its fragments counts, and the frame's header is enough). Binary
// messages are taken as text when they are UTF-8, because some libraries send every message so;
// others are answered with 1003. Compression is not negotiated.
package transports

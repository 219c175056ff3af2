// Package transports carries frames over sockets and knows nothing of what they say.
//
// Inbound WebSocket connections arrive at a Server, which guards the port against slow and foreign
// peers, and pass through a ClientHandler, which checks the handshake (RFC 6455, version 13) and
// opens a channel of the engine for each. Outbound ones are made by Dial, with blocking calls, and
// Attach, behind the same seam as the inbound ones.
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

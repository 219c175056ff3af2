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
// # Event loops
//
// Plain connections that come to a Linux machine are served by event loops, one for each processor
// that the program uses. When the handshake is done, the socket gets a descriptor of its own, and
// with the old one go net/http's goroutine and buffers. From then on an idle connection is a few
// fields.
//
// A loop is one goroutine with one epoll instance, watched level-triggered, and one read buffer. A
// connection has a turn when its socket is ready, or when somebody wants something of it: the loop
// reads once, at most 16 KiB, unmasks each whole message in place and pushes it into the Sink; only
// the bytes of an unfinished message are kept. What the engine writes during the turn leaves in one
// system call at its end. What it writes at other times is asked for, by Sink.Writable, in a turn
// that is due soon: what comes together for a tab leaves together, and who tells an event to
// thousands only leaves notes. So nobody but the loop touches the socket. The room of a socket is
// watched (EPOLLOUT) only while something waits for it.
//
// Methods that answer from memory run in the turn; they must not wait for anything. How much one
// turn may do is bounded, so that a peer that pipelines thousands of requests delays the others by
// one read of its own at most. Loops have no timers: deadlines are looked at when the earliest is
// due. A loop ends with its last connection. Sink.Closed is called by another goroutine, as it may
// take its time.
//
// # A goroutine for each connection
//
// TLS, connections that we made, and other systems are served by a goroutine for each connection,
// its reader, behind the same seam and under the same tests. It waits without holding a buffer, takes
// one from a pool when bytes have come, finds all whole messages in them and pushes them. What the
// engine writes meanwhile is collected and leaves in one system call when the last message of that
// read has been pushed.
//
// What is written at other times, or does not fit into the socket at once, is written by a second
// goroutine that lives only as long as there is something to write. The reader outlives the writer,
// closes the socket and makes the last call, Sink.Closed.
//
// On both, a write that makes no progress for WriteTimeout ends the connection.
//
// # What is refused
//
// Broken framing is answered with close code 1002, text that is not UTF-8 with 1007, a message over
// the limit with 1009 (the sum of its fragments counts, and the frame's header is enough). Binary
// messages are taken as text when they are UTF-8, because some libraries send every message so;
// others are answered with 1003. Compression is not negotiated.
package transports

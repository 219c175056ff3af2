// Package protocol keeps the connections of octolink and brings every message to the method that
// answers it. It knows neither telephones nor CRMs: the vocabulary is package methods.
//
// The life of a message:
//
//	transports      a frame arrives                        Sink.Frame
//	channel.go      decoded: name, qid, who; faults        Channel.Frame
//	mailbox.go      in order per client, or answered here  Client.accept
//	method.go       access, fields, handler                Method.run
//	reply.go        result or error, the request's qid     Channel.reply
//	outbox.go       queued, flushed in one write           outbox.send
//	transports      written                                Conn.Write
//
// An event goes the other way: [Hub.Publish] finds the clients that subscribed, encodes it once for
// each format and puts the same bytes into every queue.
//
// A method is one line in a table made with [Def], an event one made with [NewEvent].
package protocol

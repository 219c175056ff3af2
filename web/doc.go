// Package web is everything that octolink says over plain HTTP.
//
// A [Server] has three faces, each an ordinary handler that the program puts on a listener of its own:
//
//	Public()   client channels on any path, the test page, uploads, photos, recordings, the
//	           simulator's switchboard, /healthz and /readyz
//	Metrics()  what an operator's Prometheus reads; profiles when debugging
//	Admin()    the commands behind DATA/admin.sock; [AdminClient] is the other end
//
// A request that wants to become a WebSocket goes to the client channels whatever its path is
// [P 2.4]. Every other one must name this server in its Host header and one of the few paths; the
// rest is 404. Query strings carry one-time passwords, so nothing here ever logs a URL.
//
// The package knows no store and no method of the protocol. What it needs from them it asks through
// small interfaces in [Options]; a part that is left out is simply not served.
package web

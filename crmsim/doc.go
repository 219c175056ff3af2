// Package crmsim is a CRM to talk to: the other end of a link, in all six modes and both formats.
//
// It behaves like CRM servers of the field [P 0.4, 4]: it asks whoareyou as soon as the connection is
// there, wants the number directory from everybody who introduces himself, answers the catalogue
// questions (as multipart when they are long), names its active users, runs dynamic methods and shows
// forms. What its methods and forms answer stands in a [Script].
//
// Users log in through it: [CRM.Login], [CRM.Request]. All that it receives is kept, so that a test
// can wait for it and look at it: [CRM.Wait], [CRM.Received], [CRM.Events], [CRM.Deliveries].
//
// # Faults
//
// A CRM that always behaves proves little. [CRM.Inject] makes it drop or reset the link, answer
// late, twice, garbage or not at all, stop reading, or fall silent while its socket stays open. Over
// HTTP it answers with errors, pages, redirects or without end. [CRM.Control] offers the same to
// other programs.
//
// # Its own wire
//
// The sockets, the handshake and the digest are not those of package transports: what is tested must
// not be tested against itself.
package crmsim

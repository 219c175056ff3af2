// Package wire is the message form of the protocol: what a frame says, in JSON or in XML.
//
// A message has a name and parameters: ["name",{…}] [P 3.1]. Decode checks a whole frame once, finds
// the name, the query id and the user by a scan, and leaves the parameters as they are. A handler's
// struct takes them later, straight from the bytes, by Message.Unmarshal; who does not know their
// shape asks for the ordered tree, Message.Tree.
//
// What comes in is read leniently: "1", 1 and true are the same flag, a lone value is a list of one,
// PHP's [] is an empty object. What goes out always has the declared type. Field names are matched
// byte by byte: login carries both Password and password [P 5.2].
//
// XML [P 3.5] carries the same tree, nothing is lost on the way there and back. Numbers travel as
// their JSON literal. Text that XML cannot carry goes as base64.
//
// Frames are put together from a head (name and query id), fields and a tail, so that the fields of
// an event are encoded once and shared by all its receivers.
package wire

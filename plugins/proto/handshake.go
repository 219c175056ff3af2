// Package proto is the contract between the server and its plugins: the services of the .proto files
// below it, and how a plugin's process is greeted.
package proto

import "github.com/hashicorp/go-plugin"

// Handshake tells a process that it was started as a plugin of octolink and not by hand. It is no
// secret.
func Handshake() plugin.HandshakeConfig {
	return plugin.HandshakeConfig{MagicCookieKey: "OCTOLINK_PLUGIN", MagicCookieValue: "4e7a1d0c-9b1f-4c55-8f0e-6f1b3f0d2a77"}
}

// The versions of the contract, as go-plugin negotiates them. A version 2 gets a set of services of
// its own; version 1 only grows.
const Version1 = 1

// Set is the name under which a plugin's services are in go-plugin's set.
const Set = "octolink"

// The kinds of [basev1.InfoResponse].
const (
	KindCRM    = "crm"
	KindHTTP   = "http"
	KindEvents = "events"
	KindPBX    = "pbx"
)

// The abilities of a plugin of the kind "pbx".
const (
	AbilityHold       = "hold"
	AbilityConference = "conference"
	AbilityListen     = "listen"
	AbilityRecord     = "record"
)

// The bounds of recordings, in bytes.
const (
	MaxPiece     = 1 << 20
	MaxRecording = 256 << 20
)

// The bounds of what a plugin delivers through the host.
const (
	MaxDelivery = 256 << 10 // bytes of a body
	MaxHeaders  = 32        // of a request
)

// MaxQuestions is how many questions a plugin may have without an answer on its Run stream.
const MaxQuestions = 1024

// The bounds of messages, in bytes. A result that is larger than MaxValue must be refused by the
// plugin itself; a message above MaxMessage ends the plugin.
const (
	MaxValue   = 4 << 20
	MaxBatch   = 1 << 20 // what is sent together, unless one value alone is larger
	MaxMessage = 8 << 20
)

// Window is how many bytes may be on the way unread. A fixed one spares gRPC's measuring pings.
const Window = 1 << 20

// Package plugins runs CRM adapters as processes of their own, so that whatever they do, the server
// stays up.
//
// A [Manager] looks after a folder of plugins. Each has a folder of its own with a manifest,
// plugin.yaml, that names the binary, its SHA-256, its settings and what it may ask of the server.
// A keeper per plugin starts the process, watches it, starts it again when it dies, and exchanges
// it when the manifest is replaced. What a plugin offers is registered in a [crm.Directory] as long
// as its process lives.
//
//	crm.Directory ─► provider ─► calls ══ one gRPC stream ══► plugin
//	Switch, journal, storage  ◄─ host services ◄── gRPC ────  plugin
//	browsers, vendors ─► http proxy ── unix socket ────────►  plugin
package plugins

// Package triggers starts call flows for what happens without a call to lead: in queues, to users'
// states, by the clock, and by events of clients and of flows.
//
// A [Set] hears everything and never makes anybody wait: what is to be started goes through a bounded
// queue to one goroutine, [Set.Run]. Who runs the flows is told by a function, so the package knows
// nothing of scripts.
package triggers

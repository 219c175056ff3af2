// Package bench is the load generator behind `octolink bench`: many client channels that behave as
// browsers do, against any server that speaks the protocol.
//
// Every answer is checked: it must carry the qid of a request that this channel has sent. What is
// reported was counted, never derived; the server's own CPU and memory come from its metrics.
package bench

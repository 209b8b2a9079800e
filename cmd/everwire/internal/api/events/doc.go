// Package events tells a backend in another language what happens on connections: that one is about to be
// made, which the backend may refuse, that a message was published on one, that one has ended.
//
//	chat ── Connect ─────────────────────────────▶ answer    the client waits, up to Timeout
//	     ── Message, Disconnect ─▶ lane ─▶ lane's goroutine ─▶ backend    nobody waits
//
//	events.go    Events, what chat calls; Connection, Welcome, Refusal
//	body.go      what is told, as JSON
//	lanes.go     queues between who tells and the backend: in order for each connection, bounded, with retries
//	webhook.go   Events by POST requests
//	reply.go     what the backend answers to a connect
//	sign.go      their signatures, by the Standard Webhooks specification
//	subject.go   Events on NATS subjects, through two functions
//
// A lane is a queue with a goroutine. All events of one connection go through one lane, chosen by the
// connection's ID, so that they arrive in order; a backend that is slow to answer for one connection holds
// up those of its lane alone.
//
// Docs/webhooks.md describes it for who writes the backend.
package events

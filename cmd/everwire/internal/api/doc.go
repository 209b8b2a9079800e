// Package api is the part of "everwire serve" under /api/: by it a backend in any language publishes to
// rooms, asks what they keep and who is in them, and disconnects people. Package events beside it is the
// way back: it tells a backend what happens on connections.
//
//	request ─▶ keys, attempts ─▶ routes ─▶ publish ──────────▶ hub
//	                                     ▶ rooms, history, presence
//	                                     ▶ disconnect ──▶ Sockets of this node
//	                                                └──▶ hub, room everwire.control ──▶ other nodes' Sockets
//
//	api.go           Options, New; who may ask, and how errors are answered
//	routes.go        which path and method leads where
//	reserved.go      rooms that are not for backends
//	keys.go          Keys: the API keys of a file, which may change while it is served
//	object.go        a JSON object from outside, read strictly
//	query.go         a query from outside, read strictly
//	answer.go        answers and errors
//	publish.go       POST publish
//	rooms.go         GET rooms
//	history.go       GET history
//	presence.go      GET presence
//	disconnect.go    POST disconnect, here
//	control.go       and on the other nodes
//	directory.go     Directory: which socket is whose
//	openapi.json     all of it for programs, served as it is (openapi.go)
//
// Docs/http-api.md describes it for who writes the backend.
package api

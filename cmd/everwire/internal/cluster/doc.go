// Package cluster joins the rooms of one "everwire serve" with those of others: by a NATS that there is, or by one that each of them brings
// along.
//
//	config.go   Config, and which combinations make no sense
//	link.go     Link: what was joined, and its end
//	broker.go   the hub's broker
//	state.go    where an embedded server keeps what it keeps, if nobody says
package cluster

// Package metrics counts what "everwire serve" does and shows it to Prometheus.
//
//	metrics.go     Metrics: the registry, and the handler of /metrics
//	endpoints.go   what is counted of each endpoint, as a websocket.Observer
//	stripes.go     counters for what happens often: no lock, and no two processors at the same
//	histogram.go   durations, by bounds
//	handshakes.go  how a handshake went, in words
//	closes.go      how a connection ended, in words
//	drops.go       messages given up, and peers that had to wait
//	collect.go     every metric of an endpoint: its name, its help, and how a scrape reads it
//	hub.go         those of rooms, and of the broker behind them
//	events.go      those of what a backend is told, by a webhook or over NATS
//	shed.go        those of handshakes that were refused for want of room
//	build.go       which build this is
//
// What a client can choose, such as a close code, never makes a label: whatever comes, there are as many time series as
// these files let there be.
package metrics

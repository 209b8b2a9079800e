//go:build linux

package main

import (
	"github.com/everwire/everwire/bench/internal/servers"
	"github.com/everwire/everwire/cmd/everwire/load"
)

// A figure is what a scenario is about.
type figure int

const (
	cpuPerMessage figure = iota
	bytesPerConnection
	switchesPerMessage
)

// A scenario is something to measure servers by.
type scenario struct {
	name, title string
	figure      figure
	plan        load.Plan // but for the URL and what the flags say
	server      servers.Settings
	secure      bool // over TLS
	streams     bool // contestants that stream take part

	goal     float64 // the most that Everwire's best should come to: a ratio, or octets; 0: none
	goalNote string  // what µWebSockets in C++ came to, as a ratio to gorilla in the same way
	rounds   int     // at most so many; 0: as many as are asked for
}

// idleConnections stands for the flag -idle.
const idleConnections = -1

var scenarios = []scenario{
	{name: "echo-64-100", title: "echo 64 B, 100 connections", goal: 0.75, goalNote: "0.67–0.73",
		plan: load.Plan{Connections: 100, Size: 64, Text: true}},
	{name: "echo-64-1000", title: "echo 64 B, 1,000 connections", goal: 0.75, goalNote: "0.67–0.73",
		plan: load.Plan{Connections: 1_000, Size: 64, Text: true}},
	{name: "echo-64-10000", title: "echo 64 B, 10,000 connections", goal: 0.77, goalNote: "0.73",
		plan: load.Plan{Connections: 10_000, Size: 64, Text: true}},
	{name: "pipelined-64-100", title: "echo 64 B, 100 connections, 32 in flight", goal: 0.045, goalNote: "0.037",
		plan: load.Plan{Connections: 100, Size: 64, Text: true, InFlight: 32}},
	{name: "echo-16k-100", title: "echo 16 KiB, 100 connections", goal: 0.75, goalNote: "0.67",
		plan: load.Plan{Connections: 100, Size: 16 << 10}},
	{name: "echo-1m-8", title: "echo 1 MiB, 8 connections", goal: 0.72, goalNote: "1.04", streams: true,
		plan: load.Plan{Connections: 8, Size: 1 << 20}},
	{name: "broadcast-128-10000", title: "broadcast 128 B to 10,000", goal: 0.76, goalNote: "0.73",
		plan: load.Plan{Scenario: load.Broadcast, Connections: 10_000, Size: 128, Text: true}},
	{name: "broadcast-128-10000-8", title: "broadcast 128 B to 10,000, 8 in flight", goal: 0.15, goalNote: "0.11",
		plan: load.Plan{Scenario: load.Broadcast, Connections: 10_000, Size: 128, Text: true, InFlight: 8}},
	{name: "upgrade-100", title: "connect, upgrade, close; 100 at a time", goal: 0.78, goalNote: "0.69",
		plan: load.Plan{Scenario: load.Handshake, Connections: 100}},
	{name: "deflate-1k-100", title: "echo 1 KiB of JSON, compressed, 100 connections", goal: 0.66, goalNote: "0.45–0.52",
		plan:   load.Plan{Connections: 100, Payload: order, Text: true, Deflate: true},
		server: servers.Settings{Deflate: true}},
	{name: "deflate-1k-100-takeover", title: "echo 1 KiB of JSON, compressed with context takeover, 100 connections",
		plan:   load.Plan{Connections: 100, Payload: order, Text: true, Deflate: true, Takeover: true},
		server: servers.Settings{Deflate: true, Takeover: true}},
	{name: "wss-echo-64-100", title: "echo 64 B over TLS, 100 connections", secure: true,
		plan: load.Plan{Connections: 100, Size: 64, Text: true}},
	{name: "switches-64-100", title: "echo 64 B, 100 connections, two processors, 30 % load", figure: switchesPerMessage,
		plan: load.Plan{Connections: 100, Size: 64, Text: true}},
	{name: "idle", title: "an idle connection", figure: bytesPerConnection, goal: 380, rounds: 3,
		plan: load.Plan{Scenario: load.Idle, Connections: idleConnections, Size: 64, Text: true}},
	{name: "idle-wss", title: "an idle connection over TLS", figure: bytesPerConnection, secure: true, rounds: 3,
		plan: load.Plan{Scenario: load.Idle, Connections: idleConnections, Size: 64, Text: true}},
	{name: "idle-deflate", title: "an idle connection with compression", figure: bytesPerConnection, rounds: 3,
		plan:   load.Plan{Scenario: load.Idle, Connections: idleConnections, Payload: order, Text: true, Deflate: true},
		server: servers.Settings{Deflate: true}},
}

// path is where the server does what the scenario needs.
func (s scenario) path() string {
	if s.plan.Scenario == load.Broadcast {
		return "/broadcast"
	}
	return "/echo"
}

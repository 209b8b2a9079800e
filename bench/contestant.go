//go:build linux

package main

import "github.com/everwire/everwire/bench/internal/servers"

// A contestant is a library's server in one of its ways.
type contestant struct {
	servers.Library
	stream bool // passes messages on as they arrive
}

// baseline is the contestant that ratios are to.
const baseline = "gorilla"

func contestants() (all []contestant) {
	for _, l := range servers.All {
		all = append(all, contestant{l, false})
		if l.Streams {
			all = append(all, contestant{l, true})
		}
	}
	return all
}

func (c contestant) name() string {
	if c.stream {
		return c.Name + "-stream"
	}
	return c.Name
}

func (c contestant) title() string {
	if c.stream {
		return c.Title + ", streamed"
	}
	return c.Title
}

//go:build everwire_kqueue && (amd64 || arm64) && (darwin || dragonfly || freebsd || netbsd || openbsd)

package websocket

// handOver is not called: nobody is greeted where package net accepts the connections.
func (*greeter) handOver(*loopDriver) {}

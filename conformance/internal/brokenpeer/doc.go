// Package brokenpeer is a WebSocket peer that echoes, as a server and as a client, and that can be given one
// fault. It proves that the suite's cases can fail: without a fault it is in order wherever a case looks, and
// with one exactly the cases that are about it may turn red.
//
// It is plain on purpose: a goroutine and a few blocking reads for each connection, frames, UTF-8 and
// inflating of its own. Only what compresses is the product's.
package brokenpeer

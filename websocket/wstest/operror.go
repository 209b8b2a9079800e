package wstest

import "net"

// opError dresses err as package net does, so that what a program prints, and what it finds with errors.Is,
// errors.As and Timeout, is what it would be on a socket. Local or remote may be nil.
func opError(op string, local, remote net.Addr, err error) error {
	e := &net.OpError{Op: op, Source: local, Addr: remote, Err: err}
	switch {
	case local != nil:
		e.Net = local.Network()
	case remote != nil:
		e.Net = remote.Network()
	}
	return e
}

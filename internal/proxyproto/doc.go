// Package proxyproto reads the header of the PROXY protocol, by which a proxy that passes octets on, such as
// HAProxy or a cloud's load balancer, tells the server whose connection it is. The header stands before
// everything else, TLS included; its form is that of HAProxy's proxy-protocol.txt, version 1 (a line of text) and
// version 2 (binary).
//
// [Parse] is the format: octets in, a [Header] out. [Listener] puts it below a server: the connections it accepts
// have the client's address as their RemoteAddr.
//
// Who may send a header may claim any address. So the Listener reads it from trusted peers only, and from these
// always: the protocol forbids to guess whether there is one.
package proxyproto

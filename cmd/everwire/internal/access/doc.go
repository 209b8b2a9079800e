// Package access judges the secrets that strangers show: the operator's token, and the keys of backends.
//
//	secret.go     Secret: one that is kept as its hash, and compared in constant time
//	fault.go      what makes a secret too weak, or impossible to send
//	bearer.go     how a request shows one (RFC 6750)
//	attempts.go   Attempts: who shows wrong ones is held back
package access

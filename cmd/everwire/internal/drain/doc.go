// Package drain has connections closed one after the other, over a time, so that their clients do not all come back at once:
// when a server is told to stop, and when an operator wants some of them to go to other servers.
package drain

// Package servers has one small server program for each library that is measured: /echo and /broadcast, written as the
// library's own documentation would have it written by somebody who cares about speed.
//
// All do the same work. On /echo a message goes back to who sent it; on /broadcast it goes to everybody who is connected there,
// the sender included. Nobody limits the size of a message below what the measurements send, and everything else is as the
// library has it by default. What that leaves different is said in each file, and in docs/performance.md.
//
// Run is the server program: it listens, prints where, obeys the words that come on its standard input, and ends with it.
package servers

// Package conform is the work behind everwire conform: it runs the suite of package conformance against a server or a
// client, shows how far it is, and writes what came of it.
//
//	server.go    one server
//	client.go    clients that connect, or a program that is one
//	list.go      the cases themselves
//	merge.go     reports of several runs made into one
//	progress.go  a bar on a terminal, lines elsewhere
//	outputs.go   the table on standard output, and the files
package conform

// Package cli is the command line of everwire: its commands, their flags, and where else a flag's value can come
// from.
//
//	cli.go       Main: runs a command, and turns errors into messages and exit statuses
//	serve.go     everwire serve
//	bind.go      values of flags from the environment and from a file
//	values.go    kinds of values, which know what is wrong with a bad one
//	log.go       the logger that --log-format and --log-level describe
//	version.go   what --version says
//
// A new command is a function that returns a *cobra.Command, added in newRoot. It begins with bind if its flags are
// to come from the environment and a file as well. An error that it returns is taken for its user's mistake (exit
// status 2) unless it is a failure (1).
package cli

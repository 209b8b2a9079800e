// Package cli is the command line of everwire: its commands, their flags, and where else a flag's value can come
// from.
//
//	cli.go       Main: runs a command, and turns errors into messages and exit statuses
//	serve.go     everwire serve; serve_rooms.go its flags about the chat's rooms and how many may come
//	chat_nodes.go
//	             where clients reach the nodes, as one of these flags
//	connect.go   everwire connect; connect_terminal.go where that is by hand
//	proxy.go     everwire proxy
//	replay.go    everwire replay
//	bench.go     everwire bench; bench_config.go its plan, bench_values.go its kinds of values
//	conform.go   everwire conform
//	admin.go     everwire admin
//	drain.go     everwire drain
//	health.go    everwire health
//	docs.go      everwire docs, which is hidden
//	man.go       manual pages, of what --help says
//	completion.go
//	             what a shell offers for flags and arguments
//	bind.go      values of flags from the environment and from a file
//	values.go    kinds of values, which know what is wrong with a bad one
//	log.go       the logger that --log-format and --log-level describe
//	version.go   what --version says
//
// A new command is a function that returns a *cobra.Command, added in newRoot. It begins with bind if its flags are
// to come from the environment and a file as well. An error that it returns is taken for its user's mistake (exit
// status 2) unless it is a failure (1).
package cli

// Package dialer is what everwire's client commands have in common: the flags that say how a connection is made,
// and plain words for why it could not be made.
//
//	var flags dialer.Flags
//	flags.Register(cmd.Flags())
//	…
//	url, err := dialer.URL(args[0])       // what people write, as a URL that can be dialed
//	opts, err := flags.Options()          // an error is the user's mistake
//	conn, err := websocket.Dial(ctx, url, opts)
//	if err != nil {
//		return errors.New(dialer.Explain(err)) // one line: what happened, and what to try
//	}
//
//	flags.go        Flags: registered, and turned into websocket.DialOptions
//	values.go       the kinds of values, which know what is wrong with a bad one
//	header.go       -H, --user, --bearer, --origin and --cookie, which all end in fields of the request
//	tls.go          --cacert, --cert, --key, --insecure, --servername
//	proxy.go        --proxy, --no-proxy, --unix-socket
//	jar.go          --cookie-jar: cookies in the file format of Netscape, curl and wget
//	url.go          URL
//	accept.go       AcceptOptions: the same flags for a command that waits for connections
//	explain.go      Explain: which kind of failure it is
//	explain_*.go    Explain: answers of servers, TLS, the network, and what ends an open connection
//	retry.go        Retry: how long to wait before a lost connection is made again
//	complete.go     what a shell can complete of the flags' values
package dialer

// Package browser holds tests only: a real browser opens the pages of "everwire serve", and the tests do in them
// what a person would do, and read what a person would read. What the other packages claim of the protocol is
// judged here by an implementation that is not ours, over ws and over wss.
//
//	main_test.go       the browser: one process for all tests
//	tab_test.go        a tab: click, type, wait for what the page shows
//	server_test.go     everwire serve and other servers, each on a port of its own
//	console_test.go    what the browser complains about; no page may give it a reason
//
//	index_test.go         the index, and that its links lead to the demos
//	echo_test.go          /echo
//	hello_test.go         /hello
//	chat_test.go          /chat, with two people in it
//	rooms_test.go         its rooms, and two nodes one of which is killed
//	binary_test.go        /binary, with files and random bytes
//	rate_test.go          /rate, with the check of bufferedAmount and without
//	handshake_test.go     /handshake
//	subprotocols_test.go  /subprotocols
//	status_test.go        /status, with an operator and without
//	bench_test.go         the report of everwire bench
//	phone_test.go         every page on a narrow screen
//	origin_test.go        pages of other origins
//	socket_test.go        how connections close, and subprotocols, seen by a script
//	wasm_test.go          the client's end in a page: the program in the folder wasm, and the example
//
// The tests need a Chromium or Chrome in the PATH and are skipped without one, or fail if EVERWIRE_TEST_ALL is
// set. Nothing sleeps: a test waits in the page, with an observer, until the page shows what it should.
//
// Whether these tests would notice a fault is itself tested: scripts/mutate breaks the program in twelve ways
// and sees a test fail each time.
package browser

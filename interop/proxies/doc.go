// Package proxies tests Everwire's clients, websocket.Dial and websocket.New, through real proxies: tinyproxy and
// squid, which are asked by CONNECT, squid also over TLS, and microsocks and Dante, which speak SOCKS 5. It has
// tests only. They run on Unix where the programs are installed, as any user; "make tools" installs them.
// Elsewhere they are skipped; if EVERWIRE_TEST_ALL is set, they fail.
//
// Each test starts the program that it needs, on a free port of 127.0.0.1 and with a configuration in a folder
// of its own, and ends it. What is where:
//
//	program_test.go       starting a program and waiting until it is ready
//	world_test.go         the WebSocket servers to connect to, and what every proxy must be good for
//	http_test.go          tinyproxy and squid
//	socks_test.go         microsocks and danted
//	environment_test.go   the proxies that the environment names
//
// What a proxy does wrong is tested in package websocket, with proxies that do it on purpose.
package proxies

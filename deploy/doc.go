// Package deploy has configurations of other people's programs for running Everwire behind them, and the tests
// that prove them. It has no code of its own. docs/deployment.md and docs/operating.md say how to use them.
//
//	nginx/everwire.conf       nginx: HTTP, TLS, routing, balancing
//	nginx/everwire-location.conf
//	                          what it includes for each location that goes to Everwire
//	nginx/stream.conf         nginx as a balancer of TCP, telling the client's address by the PROXY protocol
//	haproxy/everwire.cfg      HAProxy: the same as nginx/everwire.conf
//	haproxy/tcp.cfg           HAProxy as a balancer of TCP, with the PROXY protocol
//	caddy/Caddyfile           Caddy
//	systemd/everwire.service  a unit for systemd
//	systemd/*.socket          sockets to activate it
//	systemd/cluster.env       the variables of a node of a cluster
//	container/Containerfile   an image
//	helm/everwire             a chart for Kubernetes
//	grafana/everwire.json     a dashboard
//	prometheus/alerts.yaml    alerts, and alerts_test.yaml, days on which they are heard or not
//	check                     the tests of image and chart, a module of its own
//
// # How the tests work
//
// Each starts the program with the committed file, a website, two websocket.Servers behind it, and clients in
// front. A test cannot use the ports, folders and certificates that the file names, and does not wait for
// timeouts of minutes. So the lines that differ from place to place end in the comment "# yours", in every
// file; a test changes these lines, and no other, and says what it changes them to. A change that finds no
// such line fails the test.
//
// The programs must be installed ("make tools" does it on Debian). Without them their tests are skipped; if
// EVERWIRE_TEST_ALL is set, they fail.
package deploy

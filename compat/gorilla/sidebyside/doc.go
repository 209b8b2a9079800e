// Package sidebyside has no code, only tests that gorilla/websocket and the package that takes its place do the
// same: each scenario runs on both, against a peer that speaks frames, and what the program and the peer have
// seen is compared line by line. Where the two differ on purpose, the scenario says how.
package sidebyside

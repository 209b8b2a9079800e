//go:build race

package frame_test

// thinned is how many cases a test of millions takes one of: the race detector makes each many times slower.
const thinned = 11

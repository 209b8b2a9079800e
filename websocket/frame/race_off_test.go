//go:build !race

package frame_test

const thinned = 1

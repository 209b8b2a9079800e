//go:build !race

package conformance

const RaceDetector = false

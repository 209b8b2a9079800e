//go:build race

package conformance

// RaceDetector says that these tests take ten times as long: those that ask the same thing of much data ask
// less.
const RaceDetector = true

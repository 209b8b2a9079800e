// Package readme has no code, only tests of what the documents say: the programs in README.md and
// docs/getting-started.md compile and do what the text promises, every other piece of Go in docs/ compiles,
// links lead somewhere, and tests that are named exist.
package readme

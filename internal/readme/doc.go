// Package readme has no code, only tests of what the documents say: their programs compile and do what the text
// promises, every other piece of Go compiles, links lead somewhere, and tests that are named exist.
package readme

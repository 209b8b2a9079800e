// Package examples is the folder of the example programs; README.md lists them. The package itself has nothing but
// the test that runs them all.
package examples

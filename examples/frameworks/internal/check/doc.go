// Package check is the test that all the examples must pass.
package check

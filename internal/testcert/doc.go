// Package testcert makes certificates that are signed by themselves, for the servers of tests and
// measurements and the clients that trust them.
package testcert

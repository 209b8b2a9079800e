// Package proc asks Linux what processes cost, and tells it on which cores they may run.
package proc

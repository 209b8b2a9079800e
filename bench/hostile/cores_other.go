//go:build !linux

package main

// shareCores leaves it to the system where processes run.
func shareCores() (servers []int, err error) { return nil, nil }

// giveWay leaves it to the priority that this process was started with.
func giveWay() error { return nil }

package main

import "github.com/everwire/everwire/bench/internal/proc"

// shareCores keeps this process, and those that it starts, to one half of the cores, and returns the other, for the server; none if
// there is but one core.
func shareCores() (servers []int, err error) {
	cores, err := proc.Cores()
	if err != nil || len(cores) < 2 {
		return nil, err
	}
	half := len(cores) / 2
	return cores[:half], proc.Stay(cores[half:])
}

// giveWay has others on its cores not wait for this process.
func giveWay() error { return proc.GiveWay() }

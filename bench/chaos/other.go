//go:build !linux

package main

import "log"

func main() {
	log.SetFlags(0)
	log.Fatal("chaos runs on Linux")
}

//go:build !linux

package main

import "log"

func main() {
	log.SetFlags(0)
	log.Fatal("bench runs on Linux: only there can it tell what a server's messages cost")
}

// Check judges a fault run by what came over its sockets, and nothing else:
//
//	go run ./bench/chaos/check DIRECTORY
//
// The directory has what each member and each publisher wrote down. Of every room, every member must have
// every message that was acknowledged, once, where its acknowledgement says, each publisher's in the order in
// which they were sent; and all members must have the same messages. One that was never acknowledged may be
// there or not, but then for all.
//
// It exits with status 1 if that is not so, or if nothing was published, and with 2 if the record cannot be read.
package main

import (
	"fmt"
	"os"

	"github.com/everwire/everwire/bench/chaos/internal/record"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "check: give the directory that the fault run wrote, such as that of `go run ./bench/chaos -record DIRECTORY`")
		os.Exit(2)
	}
	run, err := record.Read(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	v := judge(run)
	v.print(os.Stdout)
	if !v.good() {
		os.Exit(1)
	}
}

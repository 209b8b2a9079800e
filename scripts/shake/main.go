// Command shake tests the tests, and the program, for what only happens on a busy machine: it puts pauses between
// statements of both, where the system could have put them, and runs a command, which is usually a "go test". Run it
// from the root of the repository:
//
//	go run ./scripts/shake go test -count=1 ./websocket
//	go run ./scripts/shake -seed 7 -one-of 8 go test -count=5 ./hub
//
// One place in 16 (-one-of) is slow; which ones the seed says, so that a run with the same seed on the same code has
// its pauses at the same places. A slow place holds the thread for 1 to 50 ms, about every other time that it is
// reached, after 16 times more and more rarely. A pause is none of a synctest bubble's waiting, and allocates nothing.
// Give -count=1: the go command does not know that a result depends on the seed.
//
// A test that fails here because it did not wait for what it wants is at fault, and so is a callback or a line of a
// log that comes before the state it tells of. Tests that compare times may fail as they are.
//
// The work tree is never changed: the calls exist only in an overlay, which GOFLAGS hands to all go commands that the
// command starts. What computes and neither waits nor starts goroutines has none: see calm.
package main

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
)

func main() {
	seed := flag.Uint64("seed", 0, "which places are slow; 0: any, and printed")
	oneOf := flag.Int("one-of", 16, "how many places one slow one is among")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./scripts/shake [-seed N] [-one-of N] COMMAND [ARGUMENT ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || *oneOf < 1 {
		flag.Usage()
		os.Exit(2)
	}
	for *seed == 0 {
		*seed = rand.Uint64() % 1_000_000
	}
	status, err := shake(*seed, *oneOf, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "shake:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

// shake runs a command with pauses in the code, and returns its exit status.
func shake(seed uint64, oneOf int, command []string) (status int, err error) {
	dir, err := os.MkdirTemp("", "shake")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	overlay, places, err := writeOverlay(".", dir)
	if err != nil {
		return 0, err
	}
	fmt.Printf("shake: -seed %d -one-of %d, %d places\n", seed, oneOf, places)

	run := exec.Command(command[0], command[1:]...)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, os.Stdout, os.Stderr
	run.Env = append(os.Environ(),
		"GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay,
		"EVERWIRE_SHAKE="+strconv.FormatUint(seed, 10)+"/"+strconv.Itoa(oneOf))
	err = run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

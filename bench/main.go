//go:build linux

// Bench measures WebSocket servers side by side: Everwire's, and those of other libraries.
//
//	go run ./bench                                            # everything, as a table
//	go run ./bench -out docs                                  # and as docs/performance.md with its charts
//	go run ./bench -scenario 'echo-64-*' -servers everwire,gorilla -rounds 3
//	go run ./bench -quick                                     # does it run at all
//
// Each server is a process of its own on one core, and the load comes from this process on another one. The servers take
// turns within a round, and a figure is the median of the rounds. The first figure is the processor time that the server
// takes for a message, as a ratio to what gorilla/websocket's takes in the same round: that holds on other machines as well,
// more or less. docs/performance.md tells the method.
//
// It runs on Linux. go run ./bench/million is about very many connections.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/everwire/everwire/bench/internal/servers"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && os.Args[1] == servers.Role {
		if err := servers.Run(os.Args[2:], os.Stdin, os.Stdout); err != nil {
			log.Fatal(err)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

// run is the program with its arguments.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	var (
		which    = flags.String("scenario", "*", "the scenarios to run: names, with * and ?, separated by commas")
		whose    = flags.String("servers", "", "the servers to run, separated by commas; default: all. Ratios need gorilla")
		rounds   = flags.Int("rounds", 5, "how often each is measured; idle memory at most three times")
		warmup   = flags.Duration("warmup", time.Second, "how long each runs before it is measured")
		duration = flags.Duration("duration", 3*time.Second, "how long each is measured")
		quick    = flags.Bool("quick", false, "one round of one second, and 1,000 idle connections: to see that it runs")
		idle     = flags.Int("idle", 100_000, "idle connections; fewer where the machine does not allow so many")
		out      = flags.String("out", "", "write performance.md and performance/*.svg in this folder")
		list     = flags.Bool("list", false, "list the scenarios and the servers, and do nothing")
	)
	flags.Parse(args)
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag; -help lists those there are", flags.Arg(0))
	}
	if *list {
		printNames()
		return nil
	}
	if *quick {
		*rounds, *warmup, *duration, *idle = 1, 200*time.Millisecond, time.Second, min(*idle, 1000)
	}
	if *rounds < 1 || *duration <= 0 || *warmup < 0 || *idle < 1 {
		return fmt.Errorf("-rounds and -idle must be at least 1, -duration more than 0, -warmup not less")
	}
	chosen, err := chooseScenarios(*which)
	if err != nil {
		return err
	}
	contestants, err := chooseContestants(*whose)
	if err != nil {
		return err
	}
	if *out != "" {
		if err := publishable(*out, contestants); err != nil {
			return err
		}
	}
	lab, err := newLab(*warmup, *duration, *idle)
	if err != nil {
		return err
	}
	defer lab.close()
	fmt.Println(lab.machine)
	for _, note := range lab.notes {
		fmt.Println("Note:", note)
	}
	report := report{Machine: lab.machine, Notes: lab.notes}
	for _, s := range chosen {
		result, err := lab.compete(ctx, s, contestants, *rounds)
		if err != nil {
			return err
		}
		result.print(os.Stdout)
		report.Results = append(report.Results, result)
	}
	if *out == "" {
		return nil
	}
	return report.publish(*out)
}

// chooseScenarios returns those whose names match one of the patterns.
func chooseScenarios(patterns string) (chosen []scenario, err error) {
	for _, s := range scenarios {
		for pattern := range strings.SplitSeq(patterns, ",") {
			match, err := path.Match(strings.TrimSpace(pattern), s.name)
			if err != nil {
				return nil, fmt.Errorf("-scenario %s is not a pattern: %w", pattern, err)
			}
			if match {
				chosen = append(chosen, s)
				break
			}
		}
	}
	if chosen == nil {
		return nil, fmt.Errorf("no scenario is called %s; -list lists them", patterns)
	}
	return chosen, nil
}

// chooseContestants returns those with these names, or all.
func chooseContestants(names string) (chosen []contestant, err error) {
	all := contestants()
	if names == "" {
		return all, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(c contestant) bool { return c.name() == name })
		if i < 0 {
			return nil, fmt.Errorf("no server is called %q; -list lists them", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func printNames() {
	fmt.Println("Scenarios:")
	for _, s := range scenarios {
		fmt.Printf("  %-24s %s\n", s.name, s.title)
	}
	fmt.Println("Servers:")
	for _, c := range contestants() {
		fmt.Printf("  %-24s %s\n", c.name(), c.title())
	}
}

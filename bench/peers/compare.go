package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/everwire/everwire/conformance"
)

// noDeadline is one that nothing comes up to.
var noDeadline = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// compare tells where the classic cases' verdicts differ from those that the classic suite came to.
func compare(file, name string, results []*conformance.Result) {
	f, err := os.Open(file)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	library, _, _ := strings.Cut(name, "/")
	if library == "lxzan" {
		library = "gws"
	}
	recorded := map[string][2]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			ID       string
			Verdicts map[string][2]string
		}
		if json.Unmarshal([]byte(strings.Trim(lines.Text(), ", ")), &row) == nil && row.Verdicts[library] != [2]string{} {
			recorded[row.ID] = row.Verdicts[library]
		}
	}
	same := 0
	type difference struct{ family, was, is, why string }
	differences := map[difference]int{}
	for _, r := range results {
		was, ok := recorded[r.Case.ID]
		switch {
		case !ok:
		case was == [2]string{string(r.Behavior), string(r.Close)}:
			same++
		default:
			why := r.Reason
			if string(r.Behavior) == was[0] {
				why = r.CloseReason
			}
			family := r.Case.ID[:strings.LastIndexByte(r.Case.ID, '.')]
			differences[difference{family, strings.Join(was[:], "/"), fmt.Sprint(r.Behavior, "/", r.Close), why}]++
		}
	}
	for _, d := range slices.SortedFunc(maps.Keys(differences), func(a, b difference) int { return strings.Compare(a.family, b.family) }) {
		log.Printf("  %s, %d cases: %s in the classic suite, %s here: %s", d.family, differences[d], d.was, d.is, d.why)
	}
	if len(recorded) > 0 {
		log.Printf("  %d of %d classic verdicts are the same", same, len(recorded))
	}
}

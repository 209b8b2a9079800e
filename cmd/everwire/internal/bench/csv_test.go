package bench

import (
	"encoding/csv"
	"strings"
	"testing"
)

func TestCSV(t *testing.T) {
	var b strings.Builder
	r := shortReport()
	if err := r.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	wantGolden(t, "series.csv", b.String())
	rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll() // which wants all rows to be as long
	if err != nil || len(rows) != 1+len(r.Series) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

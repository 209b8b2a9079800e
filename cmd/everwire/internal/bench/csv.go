package bench

import (
	"encoding/csv"
	"io"
	"strconv"
)

// csvColumns are the columns of [Report.WriteCSV]. New ones come at the end.
var csvColumns = []string{
	"at_s", "length_s", "phase", "target", "connections", "messages", "rate", "sent", "received", "errors",
	"min_ms", "mean_ms", "p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms",
}

// WriteCSV writes the series: a line of names, then a line for each sample. Where nothing was timed the latencies are
// empty.
func (r *Report) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write(csvColumns); err != nil {
		return err
	}
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	for i := range r.Series {
		s := &r.Series[i]
		row := []string{
			number(seconds(s.At)), number(seconds(s.Length)), string(s.Phase), strconv.Itoa(s.Target), whole(s.Connections),
			whole(s.Messages), number(decimals(s.Rate(), 2)), whole(s.Sent), whole(s.Received), whole(s.Errors),
		}
		if t := timesOf(s.Latency); t != nil {
			for _, x := range []float64{t.Min, t.Mean, t.P50, t.P90, t.P99, t.P999, t.Max} {
				row = append(row, number(x))
			}
		}
		for len(row) < len(csvColumns) {
			row = append(row, "")
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

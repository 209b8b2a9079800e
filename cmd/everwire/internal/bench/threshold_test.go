package bench

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/everwire/everwire/cmd/everwire/load"
)

func TestThresholdsAreRead(t *testing.T) {
	for _, row := range []struct {
		text, metric, op string
		value            float64
	}{
		{"p99>50ms", "p99", ">", 50e6},
		{" p99.9 >= 1.5 s ", "p99.9", ">=", 1.5e9},
		{"P50<=800us", "p50", "<=", 800e3},
		{"mean>2µs", "mean", ">", 2e3},
		{"max>2min", "max", ">", 120e9},
		{"min>0", "min", ">", 0},
		{"handshake.p99>1s", "handshake.p99", ">", 1e9},
		{"handshake.max>1s", "handshake.max", ">", 1e9},
		{"errors>0", "errors", ">", 0},
		{"errors%>0.1%", "errors%", ">", 0.1},
		{"errors% > 1", "errors%", ">", 1},
		{"messages<1M", "messages", "<", 1e6},
		{"rate<10k", "rate", "<", 10e3},
		{"rate<10k/s", "rate", "<", 10e3},
		{"rate<10 /s", "rate", "<", 10},
		{"MiB/s<100", "mib/s", "<", 100},
		{"mib/s<100MiB/s", "mib/s", "<", 100},
		{"connections!=500", "connections", "!=", 500},
		{"connections==500", "connections", "==", 500},
	} {
		t.Run(row.text, func(t *testing.T) {
			got, err := ParseThreshold(row.text)
			if err != nil {
				t.Fatal(err)
			}
			if got.Metric != row.metric || got.Op != row.op || math.Abs(got.Value-row.value) > 1e-9*row.value {
				t.Errorf("%+v, want %s %s %v", got, row.metric, row.op, row.value)
			}
		})
	}
}

func TestAThresholdsErrorPointsAtTheFault(t *testing.T) {
	for _, row := range []struct {
		text, at, says string // at: what the error points at
	}{
		{"", "", "a metric is missing"},
		{"   ", "", "a metric is missing"},
		{">50ms", ">50ms", "a metric is missing"},
		{"p98th>1s", "p98th>1s", `there is no metric "p98th"`},
		{"p100>1s", "p100>1s", "there is no metric"},
		{"p0>1s", "p0>1s", "there is no metric"},
		{"p>1s", "p>1s", "there is no metric"},
		{"p1e1>1s", "p1e1>1s", "there is no metric"},
		{"latency>1s", "latency>1s", "p50 to p99.999"},
		{"handshake.errors>1", "handshake.errors>1", "there is no metric"},
		{"p99", "", "a comparison is missing"},
		{"p99=50ms", "=50ms", "a comparison is missing"},
		{"p99 is 50ms", "is 50ms", "a comparison is missing"},
		{"p99>", "", "a number is missing, such as in p99>50ms"},
		{"p99>fast", "fast", "a number is missing"},
		{"errors>-1", "-1", "a number is missing, such as in errors>0"},
		{"p99>1.2.3ms", "1.2.3ms", `"1.2.3" is not a number`},
		{"p99>50", "", "a time needs a unit, such as in p99>50ms"},
		{"p99>50m", "m", `"m" is no unit of p99`},
		{"p99>50ms or more", "ms or more", "is no unit of p99"},
		{"p99>50ms1", "ms1", "is no unit of p99"},
		{"errors>5ms", "ms", "is no unit of errors"},
		{"errors>5m", "m", "is no unit of errors"},
		{"rate<10ms", "ms", "is no unit of rate"},
		{"errors%>1k", "k", "is no unit of errors%"},
		{"mib/s<1GiB/s", "GiB/s", "is no unit of mib/s"},
		{"rate<" + strings.Repeat("9", 400), strings.Repeat("9", 400), "is not a number"},
	} {
		t.Run(row.text, func(t *testing.T) {
			_, err := ParseThreshold(row.text)
			var bad *ThresholdError
			if !errors.As(err, &bad) {
				t.Fatalf("error %v, want a ThresholdError", err)
			}
			if got := row.text[bad.At:]; got != row.at {
				t.Errorf("it points at %q, want %q", got, row.at)
			}
			if !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("it says %q, want one line with %q", err, row.says)
			}
		})
	}
}

// Whatever is written is a threshold that reads the same again, or an error that points into it.
func FuzzParseThreshold(f *testing.F) {
	for _, text := range []string{"p99>50ms", "errors%>0.1%", "mib/s<100", "p99>", "rate<10k/s", "handshake.p99.9 >= 1s", "é>1", "p99>1 "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one, err := ParseThreshold(text)
		if err != nil {
			var bad *ThresholdError
			if !errors.As(err, &bad) || bad.At < 0 || bad.At > len(text) || strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("%q: the error %q", text, err)
			}
			return
		}
		if math.IsNaN(one.Value) || math.IsInf(one.Value, 0) || one.Value < 0 {
			t.Fatalf("%q: the value %v", text, one.Value)
		}
		again, err := ParseThreshold(Check{Threshold: one}.Words())
		if err != nil || again.Metric != one.Metric || again.Op != one.Op || again.Value != one.Value {
			t.Fatalf("%q is %+v, and then %+v, %v", text, one, again, err)
		}
		one.check(&Report{})
	})
}

func TestThresholdsAreHeldAgainstTheReport(t *testing.T) {
	r := sampleReport()
	for _, row := range []struct {
		text    string
		crossed bool
		actual  string
	}{
		{"p50>421us", false, "420 µs"},
		{"p50>419us", true, "420 µs"},
		{"p99.99>50ms", false, "45.0 ms"},
		{"p99.99>40ms", true, "45.0 ms"},
		{"mean>1s", false, "1.02 ms"},
		{"min<1us", false, "90.6 µs"},
		{"max>=74ms", true, "74.8 ms"},
		{"handshake.p50<1ms", false, "2.99 ms"},
		{"errors>3", false, "3"},
		{"errors>=3", true, "3"},
		{"errors%>0.001%", false, "<0.01 %"},
		{"messages<1M", false, "1,497,312"},
		{"messages==1497312", true, "1,497,312"},
		{"messages!=1497312", false, "1,497,312"},
		{"rate<=49k", false, "49,910/s"},
		{"mib/s<7", true, "6.47 MiB/s"},
		{"connections<100", false, "100"},
	} {
		t.Run(row.text, func(t *testing.T) {
			one, err := ParseThreshold(row.text)
			if err != nil {
				t.Fatal(err)
			}
			c := one.check(r)
			if c.Crossed != row.crossed || c.ActualWords() != row.actual {
				t.Errorf("crossed %t, and %s; want %t, %s", c.Crossed, c.ActualWords(), row.crossed, row.actual)
			}
		})
	}
}

// A latency that was never measured must not pass for one that is small.
func TestAThresholdOnWhatWasNotMeasuredIsCrossed(t *testing.T) {
	for _, text := range []string{"p99>50ms", "p99<50ms", "handshake.max>1s", "mean!=0"} {
		one, err := ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		if c := one.check(&Report{}); !c.Crossed || c.ActualWords() != "there was nothing to measure" {
			t.Errorf("%s: %+v", text, c)
		}
	}
}

func TestErrorsFailARunUnlessAThresholdIsAboutThem(t *testing.T) {
	failed := &Report{Messages: 999, Failures: []Failure{{"reset", 1, "x"}}}
	for _, row := range []struct {
		name    string
		report  *Report
		text    string
		checks  int
		crossed int
	}{
		{"no threshold, no error", &Report{}, "", 1, 0},
		{"no threshold, an error", failed, "", 1, 1},
		{"one about something else", failed, "messages<1", 2, 1},
		{"one that allows some", failed, "errors>1", 1, 0},
		{"one that allows a part", failed, "errors%>0.1", 1, 0},
		{"one that allows a smaller part", failed, "errors%>0.05", 1, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			var all []Threshold
			if row.text != "" {
				one, err := ParseThreshold(row.text)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, one)
			}
			row.report.Judge(all)
			if len(row.report.Checks) != row.checks || len(row.report.Crossed()) != row.crossed {
				t.Errorf("%+v, want %d checks and %d crossed", row.report.Checks, row.checks, row.crossed)
			}
		})
	}
}

func TestTheShareOfErrors(t *testing.T) {
	three := []Failure{{"reset", 1, ""}, {"timeout", 2, ""}}
	for _, row := range []struct {
		name string
		r    Report
		want float64
	}{
		{"none", Report{}, 0},
		{"of messages", Report{Messages: 297, Failures: three}, 0.01},
		{"of connections that are held", Report{Settings: Settings{Scenario: load.Idle}, Peak: 3, Messages: 999, Failures: three}, 0.5},
		{"everything", Report{Failures: three, Elapsed: time.Second}, 1},
	} {
		if got := row.r.ErrorShare(); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

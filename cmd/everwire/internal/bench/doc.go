// Package bench is the work behind everwire bench: it has package load make the load, shows how that goes, and makes a
// report of what came of it.
//
//	run.go         Run: from a Config to the summary, the reports and the verdict
//	settings.go    what the report says about the load that was asked for
//	collect.go     the load's samples become the series, and what is shown while it runs
//	live.go        a few lines that change on a terminal, a line now and then elsewhere
//	report.go      Report: what is known of a run; everything below is made of it
//	threshold.go   the language of --fail: ParseThreshold, and holding thresholds against a report
//	failure.go     errors by kind, in words
//	drift.go       how the end of a soak differs from its beginning
//	histogram.go   latencies in a few buckets
//	text.go        the summary
//	json.go        for programs: a document with a version
//	csv.go         the series
//	html.go        the page; chart.go has what every chart is made of, charts.go the charts
//	outputs.go     where reports go
//	stages.go      values of flags: stages, numbers, rates, sizes
//	words.go       figures, as people read them
//
// Everything but run.go and collect.go is about a Report, wherever that comes from: tests have one that never was.
package bench

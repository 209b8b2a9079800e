//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
)

// markdown is the part of performance.md that is measured.
func (r report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s: %v.\n\n", r.days(), r.Machine)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "- Note: %s\n", note)
	}
	b.WriteString("\n### At a glance\n\n")
	b.WriteString("| | Everwire's best | goal | best of the others | µWebSockets |\n|---|--:|--:|--:|--:|\n")
	for _, result := range r.Results {
		result.glance(&b)
	}
	b.WriteString("\n### Where Everwire is behind\n\n")
	behind := 0
	for _, result := range r.Results {
		for _, line := range result.behind() {
			fmt.Fprintf(&b, "- %s\n", line)
			behind++
		}
	}
	if behind == 0 {
		b.WriteString("In nothing that is measured here.\n")
	}
	for _, result := range r.Results {
		result.section(&b)
	}
	return b.String()
}

// days are when the results were measured, from the first to the last.
func (r report) days() string {
	var days []string
	for _, result := range r.Results {
		days = append(days, result.When.Format("2006-01-02"))
	}
	first, last := slices.Min(days), slices.Max(days)
	if first == last {
		return first
	}
	return first + " to " + last
}

// of writes a row's first figure, and of whom it is.
func (r *result) of(row *row) string {
	if row == nil {
		return "–"
	}
	value := ratioText(row.Ratio)
	if r.s.figure == bytesPerConnection {
		value = thousands(row.Bytes) + " octets"
	}
	return fmt.Sprintf("%s by %s", value, row.Title)
}

func (r *result) glance(b *strings.Builder) {
	ours, others := r.best()
	goal, note := r.goal(), r.s.goalNote
	switch {
	case goal == "":
		goal = "–"
	case r.met():
		goal += " ✓"
	default:
		goal += " ✗"
	}
	if note == "" {
		note = "–"
	}
	fmt.Fprintf(b, "| [%s](#%s) | **%s** | %s | %s | %s |\n", r.Title, anchor(r.Title), r.of(ours), goal, r.of(others), note)
}

// behind says where our best is not within its goal, or others are better.
func (r *result) behind() (lines []string) {
	ours, others := r.best()
	if ours == nil {
		return []string{fmt.Sprintf("%s: none of Everwire's servers has a figure.", r.Title)}
	}
	if r.s.goal > 0 && !r.met() {
		lines = append(lines, fmt.Sprintf("%s: %s. The goal is %s.", r.Title, r.of(ours), r.goal()))
	}
	if others != nil && r.s.first(others.sample) < r.s.first(ours.sample) {
		lines = append(lines, fmt.Sprintf("%s: %s. The best of the others: %s.", r.Title, r.of(ours), r.of(others)))
	}
	return lines
}

// section is the scenario's chart and table.
func (r *result) section(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n", r.Title)
	fmt.Fprintf(b, "![%s](performance/%s.svg)\n\n", r.Title, r.Scenario)
	if goal := r.goal(); goal != "" {
		fmt.Fprintf(b, "Goal: %s. ", goal)
	}
	rounds := "One round"
	if r.Rounds > 1 {
		rounds = fmt.Sprintf("Median of %d rounds", r.Rounds)
	}
	fmt.Fprintf(b, "%s, `-scenario %s`.\n\n| server |", rounds, r.Scenario)
	columns := r.columns()
	for _, c := range columns {
		fmt.Fprintf(b, " %s |", c.head)
	}
	b.WriteString("\n|---|" + strings.Repeat("--:|", len(columns)) + "\n")
	for _, row := range r.Rows {
		title := strings.TrimSpace(row.Title + " " + row.Version)
		if row.Ours {
			title = "**" + title + "**"
		}
		fmt.Fprintf(b, "| %s |", title)
		if row.Failed != "" {
			fmt.Fprintf(b, " failed: %s |%s\n", strings.ReplaceAll(row.Failed, "|", "\\|"), strings.Repeat(" |", len(columns)-1))
			continue
		}
		for _, c := range columns {
			fmt.Fprintf(b, " %s |", c.value(row))
		}
		b.WriteString("\n")
	}
}

// anchor is what a heading is linked to by, as GitHub makes it.
func anchor(heading string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(heading) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z':
			b.WriteRune(c)
		}
	}
	return b.String()
}

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"html"
)

// The measures of a chart, in pixels.
const (
	chartWidth = 760
	labelWidth = 290 // left of the bars
	valueWidth = 80  // right of the longest bar
	barsWidth  = chartWidth - labelWidth - valueWidth
	rowHeight  = 28
	barHeight  = 18
	headHeight = 58
	footHeight = 34
)

// longestRatio is where bars end: one that is many times as long as the others would hide what is between them.
const longestRatio = 2.5

// chartStyle makes charts readable on light and on dark pages.
const chartStyle = `
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.title { font-weight: 600; font-size: 16px }
.note, .goal-text { font-size: 13px; fill: #59636e }
.ours { font-weight: 600 }
.bar { fill: #8c959f }
.bar.ours { fill: #0969da }
.gap { stroke: #ffffff; stroke-width: 4 }
.goal { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 5 4 }
@media (prefers-color-scheme: dark) {
	text { fill: #f0f6fc }
	.note, .goal-text { fill: #9198a1 }
	.bar { fill: #656c76 }
	.bar.ours { fill: #4493f8 }
	.gap { stroke: #0d1117 }
	.goal { stroke: #ff7b72 }
}
`

// chart draws the first figure of every server as a bar, the best at the top.
func (r *result) chart() []byte {
	var rows []row
	longest := 0.0
	value, text := func(r row) float64 { return r.Ratio }, func(r row) string { return ratioText(r.Ratio) }
	note := "server's processor time per message, gorilla/websocket = 1; less is better"
	switch {
	case r.s.figure == bytesPerConnection:
		value, text = func(r row) float64 { return r.Bytes }, func(r row) string { return thousands(r.Bytes) }
		note = "octets of the server's memory; less is better"
	case r.s.figure == switchesPerMessage:
		value, text = func(r row) float64 { return r.Switches }, func(r row) string { return number(r.Switches, 3) }
		note = "context switches per message; less is better"
	}
	for _, row := range r.Rows {
		if row.Failed == "" {
			rows = append(rows, row)
			longest = max(longest, value(row))
		}
	}
	if r.s.goal > 0 {
		longest = max(longest, r.s.goal)
	}
	if r.s.figure == cpuPerMessage && longest > longestRatio {
		longest = longestRatio
		note += fmt.Sprintf("; bars end at %v", longestRatio)
	}
	x := func(v float64) float64 {
		if longest == 0 {
			return labelWidth
		}
		return labelWidth + barsWidth*min(max(v, 0)/longest, 1)
	}
	height := headHeight + len(rows)*rowHeight + footHeight
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`, chartWidth, height, chartWidth, height)
	fmt.Fprintf(&b, "\n<title>%s</title>\n<style>%s</style>\n", html.EscapeString(r.Title), chartStyle)
	fmt.Fprintf(&b, "<text class=\"title\" x=\"8\" y=\"22\">%s</text>\n", html.EscapeString(r.Title))
	fmt.Fprintf(&b, "<text class=\"note\" x=\"8\" y=\"43\">%s</text>\n", note)
	for i, row := range rows {
		class, y := "", headHeight+i*rowHeight
		if row.Ours {
			class = "ours"
		}
		fmt.Fprintf(&b, "<text class=\"%s\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n",
			class, labelWidth-8, y+14, html.EscapeString(row.Title))
		fmt.Fprintf(&b, "<rect class=\"bar %s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
			class, labelWidth, y, max(x(value(row))-labelWidth, 1), barHeight)
		if value(row) > longest { // a gap says that the bar would be longer
			fmt.Fprintf(&b, "<path class=\"gap\" d=\"M%d %d l8 %d\"/>\n", labelWidth+barsWidth-24, y-2, barHeight+4)
		}
		fmt.Fprintf(&b, "<text class=\"%s\" x=\"%.1f\" y=\"%d\">%s</text>\n", class, x(value(row))+6, y+14, text(row))
	}
	if r.s.goal > 0 {
		bottom := headHeight + len(rows)*rowHeight
		fmt.Fprintf(&b, "<line class=\"goal\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x(r.s.goal), x(r.s.goal), headHeight-6, bottom)
		fmt.Fprintf(&b, "<text class=\"goal-text\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">goal %s</text>\n",
			x(r.s.goal), bottom+18, r.goal())
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

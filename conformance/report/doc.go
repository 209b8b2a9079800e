// Package report shows what the conformance suite found, to people and to programs.
//
// A [Report] gathers the results of any number of agents, from runs in this program ([New], [Report.Add]) or
// from files that earlier ones wrote ([Read], [Report.Merge]). Of two results of the same agent for the same
// case the later counts, so that a run of a few cases brings a whole report up to date. It can be written as
//
//   - JSON with all that is known, from which [Read] makes the same report again: [Report.WriteJSON];
//   - the index.json of the classic suite, which many tools read: [Report.WriteIndex];
//   - a web page in one file: [Report.WriteHTML];
//   - JUnit's XML, which CI services show: [Report.WriteJUnit];
//   - text for a terminal: [Report.WriteText];
//   - a table in Markdown, for documents: [Report.WriteMarkdown].
//
// The same results give the same octets, always. Whatever an agent calls itself and puts on the wire stands
// in these forms as text: it cannot become markup, script or a terminal's control sequence.
//
// [WriteCases] writes the list of all cases, for the documentation.
package report

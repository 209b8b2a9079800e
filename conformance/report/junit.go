package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/everwire/everwire/conformance"
)

// The elements of JUnit's XML, as Ant and Jenkins have them.
type (
	suitesXML struct {
		XMLName  xml.Name `xml:"testsuites"`
		Name     string   `xml:"name,attr"`
		Tests    int      `xml:"tests,attr"`
		Failures int      `xml:"failures,attr"`
		Errors   int      `xml:"errors,attr"`
		Time     string   `xml:"time,attr"`
		Suites   []suiteXML
	}
	suiteXML struct {
		XMLName    xml.Name      `xml:"testsuite"`
		ID         int           `xml:"id,attr"`
		Name       string        `xml:"name,attr"`
		Tests      int           `xml:"tests,attr"`
		Failures   int           `xml:"failures,attr"`
		Errors     int           `xml:"errors,attr"`
		Skipped    int           `xml:"skipped,attr"`
		Time       string        `xml:"time,attr"`
		Timestamp  string        `xml:"timestamp,attr,omitempty"`
		Properties []propertyXML `xml:"properties>property"`
		Cases      []caseXML
	}
	propertyXML struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	caseXML struct {
		XMLName   xml.Name    `xml:"testcase"`
		Name      string      `xml:"name,attr"`
		ClassName string      `xml:"classname,attr"`
		Time      string      `xml:"time,attr"`
		Skipped   *skippedXML `xml:"skipped"`
		Failure   *failureXML `xml:"failure"`
		Out       string      `xml:"system-out,omitempty"`
	}
	skippedXML struct {
		Message string `xml:"message,attr"`
	}
	failureXML struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit's XML: a test suite for each agent, whose test cases are named by
// number and name, with the agent and the family as class. What is not good is a failure, whose type is the
// verdict and whose text has what was on the wire; UNIMPLEMENTED is skipped; INFORMATIONAL passes, and
// system-out has what was found.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := suitesXML{Name: r.title()}
	var took time.Duration
	for i, name := range r.names {
		results := r.Results(name)
		t := count(results)
		suite := suiteXML{ID: i, Name: name, Tests: t.Total, Time: seconds(t.Took), Properties: []propertyXML{{"agent", name}}}
		if !t.Began.IsZero() {
			suite.Timestamp = t.Began.UTC().Format("2006-01-02T15:04:05") // the schemas want no zone
		}
		for _, v := range looks {
			if n := t.By[v.Verdict]; n > 0 {
				suite.Properties = append(suite.Properties, propertyXML{"results." + string(v.Verdict), strconv.Itoa(n)})
			}
		}
		for _, result := range results {
			c := junitCase(result)
			if c.Failure != nil {
				suite.Failures++
			}
			if c.Skipped != nil {
				suite.Skipped++
			}
			suite.Cases = append(suite.Cases, c)
		}
		took += t.Took
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Suites = append(all.Suites, suite)
	}
	all.Time = seconds(took)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitCase(result *conformance.Result) caseXML {
	c := caseXML{
		Name: result.Case.ID + " " + result.Case.Name,
		// Readers take what is before the last dot for a package.
		ClassName: result.Agent + "." + strings.ReplaceAll(conformance.FamilyTitle(result.Case.Family()), ".", " "),
		Time:      seconds(result.Took),
	}
	message := sentence(result)
	switch {
	case !result.Good():
		var text strings.Builder
		text.WriteString(string(result.Behavior) + ", closing " + string(result.Close) + "\n" + message + "\n")
		for _, s := range []string{result.Case.Does, result.Case.Expects, result.Case.Section} {
			if s != "" {
				text.WriteString(s + "\n")
			}
		}
		text.WriteString("\n")
		writeWire(&text, result)
		c.Failure = &failureXML{Type: string(headline(result)), Message: message, Text: text.String()}
	case result.Behavior == conformance.Unimplemented:
		c.Skipped = &skippedXML{message}
	case !plain(result):
		c.Out = string(result.Behavior) + ", closing " + string(result.Close) + "\n" + message
	}
	return c
}

// sentence says what was found: about the behaviour, about the closing, or both.
func sentence(result *conformance.Result) string {
	var s []string
	if result.Reason != "" {
		s = append(s, result.Reason)
	}
	if result.CloseReason != "" {
		s = append(s, "Closing: "+result.CloseReason)
	}
	if s == nil {
		return string(headline(result))
	}
	return strings.Join(s, ". ")
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

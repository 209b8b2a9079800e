package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/everwire/everwire/conformance"
)

// Schema is the number of the form that [Report.WriteJSON] writes. [Read] reads this one and those before.
const Schema = 1

const format = "everwire conformance report"

// The JSON form. Durations are in nanoseconds, so that nothing is lost.
type (
	fileJSON struct {
		Format string      `json:"format"`
		Schema int         `json:"schema"`
		Title  string      `json:"title,omitempty"`
		Cases  []caseJSON  `json:"cases"`
		Agents []agentJSON `json:"agents"`
	}
	caseJSON struct {
		ID      string            `json:"id"`
		Name    string            `json:"name"`
		Does    string            `json:"does,omitempty"`
		Expects string            `json:"expects,omitempty"`
		Section string            `json:"section,omitempty"`
		Tags    []conformance.Tag `json:"tags,omitempty"`
		Peers   []string          `json:"peers"`
		Alone   bool              `json:"alone,omitempty"`
		Timeout time.Duration     `json:"timeoutNs,omitempty"`
	}
	agentJSON struct {
		Name    string       `json:"name"`
		Results []resultJSON `json:"results"`
	}
	resultJSON struct {
		Case        string              `json:"case"`
		Behavior    conformance.Verdict `json:"behavior"`
		Reason      string              `json:"reason,omitempty"`
		Close       conformance.Verdict `json:"close"`
		CloseReason string              `json:"closeReason,omitempty"`
		RemoteCode  int                 `json:"remoteCode,omitempty"` // 1005: a Close frame without one; not there: no Close frame
		Began       time.Time           `json:"began"`
		Took        time.Duration       `json:"tookNs"`
		Request     wire                `json:"request,omitzero"`
		Response    wire                `json:"response,omitzero"`
		Log         []entryJSON         `json:"log,omitempty"`
	}
	entryJSON struct {
		At     time.Duration `json:"atNs"`
		Sent   bool          `json:"sent,omitempty"`
		Note   string        `json:"note"`
		Octets []byte        `json:"octets,omitempty"` // base64
		Length int           `json:"length,omitempty"` // of all of them
	}
)

// wire is text from the wire. JSON cannot carry what is not UTF-8, so that is {"base64": …}.
type wire string

func (t wire) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(map[string][]byte{"base64": []byte(t)})
}

func (t *wire) UnmarshalJSON(p []byte) error {
	if bytes.HasPrefix(p, []byte("{")) {
		var raw struct {
			Base64 []byte `json:"base64"`
		}
		err := json.Unmarshal(p, &raw)
		*t = wire(raw.Base64)
		return err
	}
	return json.Unmarshal(p, (*string)(t))
}

var peerNames = []struct {
	peer conformance.Peer
	name string
}{{conformance.Server, "server"}, {conformance.Client, "client"}}

// WriteJSON writes all that is known, in a form that [Read] reads.
func (r *Report) WriteJSON(w io.Writer) error {
	f := fileJSON{Format: format, Schema: Schema, Title: r.Title, Cases: []caseJSON{}, Agents: []agentJSON{}}
	for _, c := range r.Cases() {
		j := caseJSON{ID: c.ID, Name: c.Name, Does: c.Does, Expects: c.Expects, Section: c.Section, Tags: c.Tags, Peers: []string{}, Alone: c.Alone, Timeout: c.Timeout}
		for _, p := range peerNames {
			if c.Peers&p.peer != 0 {
				j.Peers = append(j.Peers, p.name)
			}
		}
		f.Cases = append(f.Cases, j)
	}
	for _, name := range r.names {
		a := agentJSON{Name: name}
		for _, result := range r.Results(name) {
			j := resultJSON{Case: result.Case.ID, Behavior: result.Behavior, Reason: result.Reason, Close: result.Close, CloseReason: result.CloseReason,
				RemoteCode: result.RemoteCode, Began: result.Began.UTC(), Took: result.Took, Request: wire(result.Request), Response: wire(result.Response)}
			for _, e := range result.Log {
				j.Log = append(j.Log, entryJSON(e))
			}
			a.Results = append(a.Results, j)
		}
		f.Agents = append(f.Agents, a)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(f)
}

// Read reads what [Report.WriteJSON] wrote, by this version or an earlier one. The cases of its results are
// what the file says about them, whether this version has them or not. The error says what is wrong with a
// file that is no report, or of a later schema, or not whole; the report is nil then.
func Read(r io.Reader) (*Report, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	f, err := decode(data)
	if err != nil {
		return nil, err
	}
	cases := make(map[string]*conformance.Case)
	for i, j := range f.Cases {
		c, err := j.decode()
		if err != nil {
			return nil, fmt.Errorf("the report's case %d: %w", i+1, err)
		}
		if cases[c.ID] != nil {
			return nil, fmt.Errorf("the report has case %s twice", c.ID)
		}
		cases[c.ID] = c
	}
	report := &Report{Title: f.Title}
	for _, a := range f.Agents {
		for _, j := range a.Results {
			result, err := j.decode(a.Name, cases)
			if err != nil {
				return nil, fmt.Errorf("the report's result of agent %q for case %q: %w", a.Name, j.Case, err)
			}
			report.Add(result)
		}
	}
	return report, nil
}

// decode parses a file, and says what it is if it is no report.
func decode(data []byte) (*fileJSON, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("not a conformance report: the file is empty")
	}
	var head struct {
		Format json.RawMessage `json:"format"`
		Schema json.RawMessage `json:"schema"`
	}
	var wrong *json.UnmarshalTypeError
	if err := json.Unmarshal(data, &head); errors.As(err, &wrong) {
		return nil, errors.New("not a conformance report: JSON, but not an object")
	} else if err != nil {
		return nil, broken(data, err)
	}
	var name string
	if json.Unmarshal(head.Format, &name) != nil || name != format {
		if isClassic(data) {
			return nil, errors.New("not a full report but an index.json of the classic form, which has the verdicts only")
		}
		return nil, fmt.Errorf("not a conformance report: JSON without \"format\": %q", format)
	}
	var schema int
	if json.Unmarshal(head.Schema, &schema) != nil || schema < 1 {
		return nil, fmt.Errorf("the report's schema is no number of one: %.40s", head.Schema)
	}
	if schema > Schema {
		return nil, fmt.Errorf("the report has schema %d, from a later version of the suite; this one reads up to %d", schema, Schema)
	}
	f := new(fileJSON)
	if err := json.Unmarshal(data, f); err != nil {
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("the report's field %s is a JSON %s", wrong.Field, wrong.Value)
		}
		return nil, fmt.Errorf("the report cannot be read: %w", err)
	}
	return f, nil
}

// broken is the error for what is not JSON, with the line in which that shows.
func broken(data []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("not a conformance report: %w", err)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return errors.New("not a conformance report: the file is not JSON")
	}
	before := data[:min(int(syntax.Offset), len(data))]
	return fmt.Errorf("the report is not whole or was changed: line %d: %w", 1+bytes.Count(before, []byte("\n")), err)
}

// isClassic reports whether JSON looks like the classic suite's index.json.
func isClassic(data []byte) bool {
	var index map[string]map[string]struct {
		Behavior string `json:"behavior"`
	}
	if json.Unmarshal(data, &index) != nil {
		return false
	}
	for _, of := range index {
		for _, e := range of {
			return e.Behavior != ""
		}
	}
	return false
}

var caseID = regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6}){1,5}$`)

func (j caseJSON) decode() (*conformance.Case, error) {
	if !caseID.MatchString(j.ID) {
		return nil, fmt.Errorf("%q is no number of a case", j.ID)
	}
	c := &conformance.Case{ID: j.ID, Name: j.Name, Does: j.Does, Expects: j.Expects, Section: j.Section, Tags: j.Tags, Alone: j.Alone, Timeout: j.Timeout}
	for _, name := range j.Peers {
		known := false
		for _, p := range peerNames {
			if p.name == name {
				c.Peers |= p.peer
				known = true
			}
		}
		if !known {
			return nil, fmt.Errorf("case %s is for an unknown kind of peer, %q", j.ID, name)
		}
	}
	return c, nil
}

func (j resultJSON) decode(agent string, cases map[string]*conformance.Case) (*conformance.Result, error) {
	c := cases[j.Case]
	switch {
	case c == nil:
		return nil, errors.New("the report does not say what case that is")
	case !slices.Contains(behaviors, j.Behavior):
		return nil, fmt.Errorf("unknown verdict %q", j.Behavior)
	case !slices.Contains(closes, j.Close):
		return nil, fmt.Errorf("unknown verdict %q about the closing", j.Close)
	case j.Took < 0:
		return nil, fmt.Errorf("it took %d ns", j.Took)
	case j.RemoteCode < 0 || j.RemoteCode > 65535:
		return nil, fmt.Errorf("%d is no close code", j.RemoteCode)
	case j.Began.UTC().Year() < 1 || j.Began.UTC().Year() > 9999:
		return nil, errors.New("it began in a year that cannot be written again")
	}
	result := &conformance.Result{Case: c, Agent: agent, Behavior: j.Behavior, Reason: j.Reason, Close: j.Close, CloseReason: j.CloseReason,
		RemoteCode: j.RemoteCode, Began: j.Began.UTC(), Took: j.Took, Request: string(j.Request), Response: string(j.Response)}
	for i, e := range j.Log {
		if e.Length < len(e.Octets) {
			return nil, fmt.Errorf("entry %d of the log has %d octets of %d", i+1, len(e.Octets), e.Length)
		}
		result.Log = append(result.Log, conformance.Entry(e))
	}
	return result, nil
}

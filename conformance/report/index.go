package report

import (
	"encoding/json"
	"io"
	"net/url"

	"github.com/everwire/everwire/conformance"
)

// WriteIndex writes the classic suite's index.json: by agent and by case the verdicts, the duration in
// milliseconds, the peer's close code (null if it sent none) and where the details are. The last is what file
// returns for a result; nil stands for the result's place in a page called index.html, beside it.
func (r *Report) WriteIndex(w io.Writer, file func(*conformance.Result) string) error {
	type entry struct {
		Behavior        conformance.Verdict `json:"behavior"`
		BehaviorClose   conformance.Verdict `json:"behaviorClose"`
		Duration        int64               `json:"duration"`
		RemoteCloseCode *int                `json:"remoteCloseCode"`
		ReportFile      string              `json:"reportfile"`
	}
	if file == nil {
		file = func(result *conformance.Result) string { return "index.html#" + Fragment(result) }
	}
	index := make(map[string]map[string]entry)
	for _, name := range r.names {
		of := make(map[string]entry)
		for id, result := range r.results[name] {
			e := entry{Behavior: result.Behavior, BehaviorClose: result.Close, Duration: result.Took.Milliseconds(), ReportFile: file(result)}
			if result.RemoteCode != 0 && result.RemoteCode != 1005 {
				e.RemoteCloseCode = &result.RemoteCode
			}
			of[id] = e
		}
		index[name] = of
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(index)
}

// Fragment returns the part after "#" of the address of a result in a page that [Report.WriteHTML] wrote:
// the agent's name, percent-encoded, a slash and the case's number.
func Fragment(result *conformance.Result) string {
	return url.PathEscape(result.Agent) + "/" + result.Case.ID
}

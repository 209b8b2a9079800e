package api

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Each command of docs/http-api.md that asks the server does what the page says: the answer has the same
// fields, with values of the same kinds, as the one below it.
func TestCommandsOfThePageForBackends(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/http-api.md")
	if err != nil {
		t.Fatal(err)
	}
	nd := newCluster(t, 1).nodes[0]
	nd.join("c1", "ada", "orders.de")
	tried := 0
	blocks := strings.Split(string(page), "```")
	for i := 1; i < len(blocks); i += 2 {
		command, ok := strings.CutPrefix(blocks[i], "sh\n")
		if !ok || !strings.Contains(command, "curl") {
			continue
		}
		tried++
		if i+2 >= len(blocks) || !strings.HasPrefix(blocks[i+2], "json\n") {
			t.Errorf("%s has no answer below", command)
			continue
		}
		if _, err := os.Stat("/bin/bash"); err != nil {
			missing(t, "bash is not installed")
		}
		if foreign(t, "curl", "--version").Run() != nil {
			missing(t, "curl does not run")
		}
		cmd := foreign(t, "bash", "-euc", command)
		cmd.Env = append(cmd.Env, "EVERWIRE="+nd.url, "KEY="+testKey)
		cmd.Stderr = t.Output()
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
			continue
		}
		var got, want any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(blocks[i+2], "json\n")), &want); err != nil {
			t.Fatalf("%v: %s", err, blocks[i+2])
		}
		if shape(got) != shape(want) {
			t.Errorf("%s\nis answered with\n%s and the page says\n%s", command, out, blocks[i+2])
		}
	}
	if tried != 6 {
		t.Errorf("%d commands were tried", tried)
	}
}

// shape tells the fields of JSON and the kinds of their values, and texts that are a word for programs.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var fields []string
		for name, field := range v {
			text := shape(field)
			if name == "code" || name == "text" || name == "room" || name == "id" {
				text = fmt.Sprint(field)
			}
			fields = append(fields, name+":"+text)
		}
		slices.Sort(fields)
		return "{" + strings.Join(fields, ",") + "}"
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, shape(item))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	return fmt.Sprintf("%T", v)
}

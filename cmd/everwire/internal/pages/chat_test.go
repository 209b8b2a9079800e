package pages

import (
	"strings"
	"testing"
)

func TestChatKnowsItsNodes(t *testing.T) {
	nodes := []string{"wss://b.example.com/chat", "ws://127.0.0.1:8081/chat", "ws://[::1]:8082/chat"}
	page, err := Chat(nodes)
	if err != nil {
		t.Fatal(err)
	}
	w := do(page, "GET", "/chat")
	if want := `<meta name="everwire-nodes" content="` + strings.Join(nodes, " ") + `">`; !strings.Contains(w.Body.String(), want) {
		t.Errorf("the page has no %s", want)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if want := "connect-src 'self' wss://b.example.com ws://127.0.0.1:8081 ws://[::1]:8082; "; !strings.Contains(policy, want) {
		t.Errorf("the policy is %q, want %q in it", policy, want)
	}
	if got, want := len(strings.Split(policy, ";")), len(strings.Split(contentSecurityPolicy, ";")); got != want {
		t.Errorf("the policy has %d directives, want %d", got, want)
	}
}

// Without other nodes it is the page that it always was.
func TestChatWithoutNodes(t *testing.T) {
	page, err := Chat(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := do(page, "GET", "/chat"), do(Handler("chat"), "GET", "/chat")
	if got.Body.String() != want.Body.String() || got.Header().Get("Content-Security-Policy") != contentSecurityPolicy {
		t.Error("it differs")
	}
	if strings.Contains(got.Body.String(), "everwire-nodes") {
		t.Error("it names nodes")
	}
}

func TestChatRefusesWhatIsNoNode(t *testing.T) {
	for _, node := range []string{
		"", "b.example.com", "https://b.example.com/chat", "ws:///chat", "ws://a b/", "ws://a;script-src *", "ws://a,b/", "ws://user@a/",
		"ws://a/?q", "ws://a/#f", "ws://*\"/", "ws://a:x/",
	} {
		t.Run(node, func(t *testing.T) {
			if _, err := Chat([]string{"ws://good/chat", node}); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

package pages

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Chat is the handler of the chat's page, as Handler("chat") is, for a chat that is on several nodes: when
// its line is lost the page tries the node it came from, and then these in turn. Each is the ws or wss URL of
// a chat's WebSocket, without user, query and fragment, such as "wss://b.example.com/chat", and is one that
// the page may connect to: the Content-Security-Policy sent with it names their origins. Each node has to
// allow the origins of the others.
func Chat(nodes []string) (http.Handler, error) {
	var origins strings.Builder
	for _, node := range nodes {
		u, err := url.Parse(node)
		if err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "" || strings.ContainsAny(node, " ;,'\"?#@*") {
			return nil, fmt.Errorf("%q is no node of a chat: it has to be like wss://b.example.com/chat", node)
		}
		origins.WriteString(" " + u.Scheme + "://" + u.Host)
	}
	page := render(demos[chatIndex()], nodes)
	policy := strings.Replace(contentSecurityPolicy, "connect-src 'self'", "connect-src 'self'"+origins.String(), 1)
	return readOnly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		page.serve(w, r)
	}), nil
}

func chatIndex() int {
	for i, d := range demos {
		if d.Name == "chat" {
			return i
		}
	}
	panic("pages: there is no chat")
}

package handshake

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode"
)

func TestErrorNamesReasonAndSection(t *testing.T) {
	e := &Error{Status: http.StatusBadRequest, Reason: "the key is missing", Section: "RFC 6455 §4.2.1"}
	if got, want := e.Error(), "handshake: the key is missing (RFC 6455 §4.2.1)"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestErrorHeaderBelongsToTheCaller(t *testing.T) {
	r := goodRequest()
	r.Method = "POST"
	r.Check().Header.Set("Allow", "spoiled")
	if got := r.Check().Header.Get("Allow"); got != "GET" {
		t.Errorf("a second refusal has Allow: %s, want GET", got)
	}
}

// wantError checks that err is an *Error for that status and section, whose reason has the text.
func wantError(t *testing.T, err error, status int, section, text string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want an *Error about %q", err, text)
	}
	if e.Status != status || e.Section != section || !strings.Contains(e.Reason, text) {
		t.Errorf("refused with %d, %s: %s\nwant         %d, %s: …%s…", e.Status, e.Section, e.Reason, status, section, text)
	}
	checkSendable(t, e)
	return e
}

// checkSendable checks what holds for every refusal, whatever the other end sent.
func checkSendable(t *testing.T, e *Error) {
	t.Helper()
	const enough = 1024 // two quotations of 64 characters, escaped, and a sentence
	if len(e.Reason) > enough {
		t.Errorf("the reason has %d octets: %s", len(e.Reason), e.Reason)
	}
	if i := strings.IndexFunc(e.Reason, unicode.IsControl); i >= 0 {
		t.Errorf("the reason has a control character at %d: %q", i, e.Reason)
	}
	if !strings.HasPrefix(e.Section, "RFC ") || !strings.Contains(e.Section, " §") {
		t.Errorf("the section is %q", e.Section)
	}
}

func TestReasonOfARequestHoldsNoSecret(t *testing.T) {
	const secret = "S3CR3T"
	for _, row := range []struct {
		name string
		err  func() error
	}{
		{"query, then a fragment", targetError("/chat?token=" + secret + "#x")},
		{"fragment", targetError("/chat#token=" + secret)},
		{"query with a space", targetError("/chat?a=b " + secret)},
		{"relative with a query", targetError("chat?token=" + secret)},
		{"user", targetError("ws://me:" + secret + "@a/chat")},
		{"subprotocol that is no token", subprotocolError(`a"` + secret)},
		{"subprotocol twice", subprotocolError(secret + "," + secret)},
	} {
		t.Run(row.name, func(t *testing.T) {
			var e *Error
			if err := row.err(); !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(e.Error(), secret) {
				t.Error(e)
			}
		})
	}
}

func targetError(target string) func() error {
	return func() error {
		r := goodRequest()
		r.Target = target
		return r.Check()
	}
}

func subprotocolError(line string) func() error {
	return func() error {
		_, err := Subprotocols(http.Header{"Sec-Websocket-Protocol": {line}})
		return err
	}
}

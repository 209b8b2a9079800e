package access

import (
	"net/http"
	"testing"
)

func TestBearer(t *testing.T) {
	tests := []struct {
		field, token string
		ok           bool
	}{
		{"", "", false},
		{"Bearer " + token, token, true},
		{"bearer  " + token + " ", token, true},
		{"Basic " + token, "", true},
		{"Bearer", "", true},
		{token, "", true},
	}
	for _, tt := range tests {
		h := http.Header{}
		if tt.field != "" {
			h.Set("Authorization", tt.field)
		}
		if got, ok := Bearer(h); got != tt.token || ok != tt.ok {
			t.Errorf("%q: %q, %t", tt.field, got, ok)
		}
	}
}

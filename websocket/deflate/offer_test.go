package deflate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
)

func ExampleConfig_Offer() {
	fmt.Println(deflate.Config{}.Offer())
	fmt.Println(deflate.Config{ServerNoContextTakeover: true, ServerMaxWindowBits: 10}.Offer())
	// Output:
	// permessage-deflate; client_max_window_bits
	// permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits
}

func TestOffer(t *testing.T) {
	for _, row := range []struct {
		name string
		c    deflate.Config
		want string
	}{
		{"RFC 7692 §7.1.2.2: the server may restrict the client", deflate.Config{}, "client_max_window_bits"},
		{"RFC 7692 §7.1.1.1", deflate.Config{ServerNoContextTakeover: true},
			"server_no_context_takeover; client_max_window_bits"},
		{"RFC 7692 §7.1.1.2", deflate.Config{ClientNoContextTakeover: true},
			"client_no_context_takeover; client_max_window_bits"},
		{"RFC 7692 §7.1.2.1", deflate.Config{ServerMaxWindowBits: 14},
			"server_max_window_bits=14; client_max_window_bits"},
		{"RFC 7692 §7.1.2.2", deflate.Config{ClientMaxWindowBits: 14}, "client_max_window_bits=14"},
		{"everything", deflate.Config{true, true, 8, 8},
			"server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8"},
		{"15 restricts nothing", deflate.Config{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, "client_max_window_bits"},
		{"too small", deflate.Config{ServerMaxWindowBits: 7, ClientMaxWindowBits: -1},
			"server_max_window_bits=8; client_max_window_bits=8"},
		{"too large", deflate.Config{ServerMaxWindowBits: 16, ClientMaxWindowBits: 1 << 30}, "client_max_window_bits"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, want := row.c.Offer().String(), "permessage-deflate; "+row.want; got != want {
				t.Errorf("Offer() = %s\nwant      %s", got, want)
			}
		})
	}
}

func TestConfigValidate(t *testing.T) {
	for bits := -1; bits <= 17; bits++ {
		good := bits == 0 || 8 <= bits && bits <= 15
		for field, c := range map[string]deflate.Config{
			"ServerMaxWindowBits": {ServerMaxWindowBits: bits},
			"ClientMaxWindowBits": {ClientMaxWindowBits: bits},
		} {
			switch err := c.Validate(); {
			case good && err != nil:
				t.Error(err)
			case !good && (err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%s is %d; it must be from 8 to 15", field, bits))):
				t.Errorf("%s = %d: %v", field, bits, err)
			}
		}
	}
}

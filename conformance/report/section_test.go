package report

import (
	"reflect"
	"testing"
)

func TestSections(t *testing.T) {
	const rfc = "https://www.rfc-editor.org/rfc/rfc"
	for _, row := range []struct {
		section string
		want    []reference
	}{
		{"", nil},
		{"RFC 6455 §5.5.2", []reference{{"RFC 6455 §5.5.2", rfc + "6455#section-5.5.2"}}},
		{"RFC 6455", []reference{{"RFC 6455", rfc + "6455"}}},
		{"RFC 6455 §5.4, §7.1 and RFC 7692 §7.2.3.4", []reference{{"RFC 6455 §5.4", rfc + "6455#section-5.4"}, {", ", ""},
			{"§7.1", rfc + "6455#section-7.1"}, {" and ", ""}, {"RFC 7692 §7.2.3.4", rfc + "7692#section-7.2.3.4"}}},
		{"RFC 6455 §5.4.", []reference{{"RFC 6455 §5.4", rfc + "6455#section-5.4"}, {".", ""}}},
		{"see §5", []reference{{"see §5", ""}}},
		{"javascript:x", []reference{{"javascript:x", ""}}},
	} {
		if got := sections(row.section); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%q: %q\nwant %q", row.section, got, row.want)
		}
	}
}

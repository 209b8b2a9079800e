package api

import "testing"

func TestReserved(t *testing.T) {
	for room, want := range map[string]bool{"everwire.control": true, "everwire.": true, "everwire.raw.x": true, "everwire.raw": false, "everwire": false, "everwired": false, "Everwire.x": false, "": false} {
		if reserved(room) != want {
			t.Errorf("%q is reserved: %t", room, !want)
		}
	}
}

package conformance

import "testing"

func TestEveryCaseIsInAFamilyWithATitle(t *testing.T) {
	for _, c := range Cases(Server | Client) {
		if families[c.Family()] == "" {
			t.Errorf("case %s: no title for family %d", c.ID, c.Family())
		}
	}
	if got := FamilyTitle(5); got != "Fragmentation" {
		t.Errorf("family 5 is %q", got)
	}
	if got := FamilyTitle(99); got != "Family 99" {
		t.Errorf("family 99 is %q", got)
	}
}

package conformance

import "fmt"

// families are the titles of the families of cases, by the first part of their numbers. The classic suite has
// no cases in 8 and 11.
var families = map[int]string{
	1:  "Framing",
	2:  "Pings and Pongs",
	3:  "Reserved bits",
	4:  "Opcodes",
	5:  "Fragmentation",
	6:  "UTF-8",
	7:  "Closing (classic)",
	9:  "Limits and performance",
	10: "Automatic fragmentation",
	12: "Compression of various payloads",
	13: "Compression by various parameters",
	14: "Opening handshake: servers",
	15: "Opening handshake: clients",
	16: "Closing handshake",
	17: "Masking",
	18: "Lengths",
	19: "Floods",
	20: "Negotiating compression",
	21: "Compressed messages",
}

// FamilyTitle returns what the cases of a family have in common, such as "Fragmentation" for 5; "Family 99"
// for a number that no family has.
func FamilyTitle(family int) string {
	if title, ok := families[family]; ok {
		return title
	}
	return fmt.Sprintf("Family %d", family)
}

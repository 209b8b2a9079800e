package conformance

import (
	"fmt"
	"unicode/utf8"
)

const (
	umlauts = "Hello-µ@ßöäüàá-UTF-8!!"
	kosme   = "\u03ba\u1f79\u03c3\u03bc\u03b5" // a Greek word of eleven octets
	beyond  = "\xf4\x90\x80\x80"               // what would be U+110000
)

// Family 6: text. These are 6.1 to 6.3; its other files have the rest.
func init() {
	const section = "RFC 6455 §5.6"
	const bad = kosme + "\xed\xa0\x80" + "edited"
	register(
		scripted("6.1.1", "an empty text", "Sends a text message without any octet.", echoed, section,
			script{send: []frame{text("")}, want: []event{wantText("")}}, Echo, Empty),
		scripted("6.1.2", "an empty text in three fragments", "Sends a text message in three frames, none of which has an octet.", echoed,
			section, script{send: []frame{first(opText, ""), next(""), last("")}, want: []event{wantText("")}}, Echo, Empty, Fragmentation),
		scripted("6.1.3", "a text in three fragments of which the middle one has all",
			"Sends a text message in three frames; the first and the last are empty.", echoed, section,
			script{
				send: []frame{first(opText, ""), next("middle frame payload"), last("")},
				want: []event{wantText("middle frame payload")},
			},
			Echo, Fragmentation),

		scripted("6.2.1", "a text with characters beyond ASCII", "Sends a text message in one frame.", echoed, section,
			script{send: []frame{text(umlauts)}, want: []event{wantText(umlauts)}}, Echo, ValidUTF8),
		scripted("6.2.2", "a text with characters beyond ASCII, cut between two of them", "Sends a text message in two frames.", echoed, section,
			script{send: []frame{first(opText, umlauts[:15]), last(umlauts[15:])}, want: []event{wantText(umlauts)}},
			Echo, ValidUTF8, Fragmentation),
		scripted("6.2.3", "a text with characters of two octets, in frames of one",
			"Sends a text message in frames of one octet each, and an empty last one.", echoed, section,
			script{send: octetByOctet(umlauts), want: []event{wantText(umlauts)}}, Echo, ValidUTF8, UTF8Split, Fragmentation),
		scripted("6.2.4", "a text with characters of two and three octets, in frames of one",
			"Sends a text message in frames of one octet each, and an empty last one.", echoed, section,
			script{send: octetByOctet(kosme), want: []event{wantText(kosme)}}, Echo, ValidUTF8, UTF8Split, Fragmentation),

		scripted("6.3.1", "a text with a surrogate in it", "Sends a text message with the octets ed a0 80 in it, which are not UTF-8.",
			fails1007, section, script{send: []frame{text(bad)}, fails: invalidText}, UTF8),
		scripted("6.3.2", "a text with a surrogate in it, in frames of one octet",
			"Sends a text message with the octets ed a0 80 in it, which are not UTF-8, in frames of one octet each, and an empty last one.",
			fails1007, section, script{send: octetByOctet(bad), fails: invalidText}, UTF8, Fragmentation),
	)
}

// registerTexts makes a case of each of some texts, numbered from 1 on.
func registerTexts(prefix, name string, texts ...string) {
	for i, p := range texts {
		c := scripted(fmt.Sprintf("%s.%d", prefix, i+1), name+": "+octets(p),
			fmt.Sprintf("Sends a text message with the octets %s, which are UTF-8.", octets(p)), echoed, "RFC 6455 §5.6",
			script{send: []frame{text(p)}, want: []event{wantText(p)}}, Echo, ValidUTF8)
		if !utf8.ValidString(p) {
			c.Does, c.Expects = fmt.Sprintf("Sends a text message with the octets %s, which are not UTF-8.", octets(p)), fails1007
			c.run, c.Tags = script{send: []frame{text(p)}, fails: invalidText}.run, []Tag{UTF8}
		}
		register(c)
	}
}

// octets shows a text in hexadecimal.
func octets(p string) string {
	const most = 16
	if len(p) > most {
		return fmt.Sprintf("% x … (%d octets)", p[:most], len(p))
	}
	return fmt.Sprintf("% x", p)
}

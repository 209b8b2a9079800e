package conformance

import "strings"

// Families 6.5 to 6.23: texts by what of UTF-8 they use or misuse. Each is one message in one frame.
func init() {
	registerTexts("6.5", "characters of every length in a text",
		"hello$world", "hello¢world", "hello€world", "hello\U00024b62world", kosme)

	var cut []string // behind each octet
	for i := range len(kosme) {
		cut = append(cut, kosme[:i+1])
	}
	registerTexts("6.6", "a text that ends behind any of its octets", cut...)

	registerTexts("6.7", "the first character of a length", "\x00", "\u0080", "\u0800", "\U00010000")
	registerTexts("6.8", "the first sequence of a length that UTF-8 does not have", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80")
	registerTexts("6.9", "the last character of a length", "\x7f", "\u07ff", "\uffff", "\U0010ffff")
	registerTexts("6.10", "the last sequence of a length that UTF-8 does not have",
		"\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf")
	registerTexts("6.11", "characters next to a limit", "\ud7ff", "\ue000", "\ufffd", "\U0010ffff", beyond)

	var all strings.Builder
	for b := 0x80; b <= 0xbe; b++ {
		all.WriteByte(byte(b))
	}
	const two = "\x80\xbf"
	registerTexts("6.12", "continuation octets that continue nothing",
		two[:1], two[1:], two, two+two[:1], two+two, two+two+two[:1], two+two+two, all.String())

	// heads are octets that begin a sequence, each with a space behind it.
	heads := func(from, to byte) string {
		var b strings.Builder
		for h := from; h <= to; h++ {
			b.WriteByte(h)
			b.WriteByte(' ')
		}
		return b.String()
	}
	registerTexts("6.13", "first octets without the rest",
		heads(0xc0, 0xde), heads(0xe0, 0xee), heads(0xf0, 0xf6), heads(0xf8, 0xfa), heads(0xfc, 0xfc))

	short := []string{
		"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
		"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
	}
	registerTexts("6.14", "a sequence without its last octet", short...)
	registerTexts("6.15", "sequences without their last octets", strings.Join(short, ""))
	registerTexts("6.16", "octets that UTF-8 never has", "\xfe", "\xff", "\xfe\xfe\xff\xff")
	registerTexts("6.17", "a slash in more octets than it needs",
		"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf")
	registerTexts("6.18", "the largest that does not need so many octets",
		"\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf")
	registerTexts("6.19", "NUL in more octets than it needs",
		"\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80")

	// surrogates are those code points in the three octets each would have.
	surrogates := func(points ...int) string {
		var b strings.Builder
		for _, p := range points {
			b.Write([]byte{0xe0 | byte(p>>12), 0x80 | byte(p>>6&0x3f), 0x80 | byte(p&0x3f)})
		}
		return b.String()
	}
	var single, pairs []string
	for _, p := range []int{0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff} {
		single = append(single, surrogates(p))
	}
	for _, high := range []int{0xd800, 0xdb7f, 0xdb80, 0xdbff} {
		pairs = append(pairs, surrogates(high, 0xdc00), surrogates(high, 0xdfff))
	}
	registerTexts("6.20", "a surrogate", single...)
	registerTexts("6.21", "a pair of surrogates", pairs...)

	var last []string // two of each plane
	for plane := rune(0); plane <= 16; plane++ {
		last = append(last, string(plane<<16|0xfffe), string(plane<<16|0xffff))
	}
	registerTexts("6.22", "a code point that is no character, and may be sent", last...)

	var specials []string
	for p := rune(0xfff9); p <= 0xffff; p++ {
		specials = append(specials, string(p))
	}
	registerTexts("6.23", "a code point among the specials", specials...)
}

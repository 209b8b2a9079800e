package report

import "regexp"

// A reference is a piece of a case's section, and where it can be read, if that is known.
type reference struct {
	Text, URL string
}

var references = regexp.MustCompile(`RFC ?([0-9]+)(?:,? §§? ?([0-9A-Z]+(?:\.[0-9]+)*))?|§§? ?([0-9A-Z]+(?:\.[0-9]+)*)`)

// sections takes "RFC 6455 §5.5.2, §7.1" apart, so that each place can be a link. The texts make up the whole
// again.
func sections(s string) []reference {
	var list []reference
	var rfc string
	at := 0
	for _, m := range references.FindAllStringSubmatchIndex(s, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return s[m[2*i]:m[2*i+1]]
		}
		section := group(2) + group(3)
		if n := group(1); n != "" {
			rfc = n
		}
		if rfc == "" {
			continue
		}
		if at < m[0] {
			list = append(list, reference{Text: s[at:m[0]]})
		}
		url := "https://www.rfc-editor.org/rfc/rfc" + rfc
		if section != "" {
			url += "#section-" + section
		}
		list = append(list, reference{s[m[0]:m[1]], url})
		at = m[1]
	}
	if at < len(s) {
		list = append(list, reference{Text: s[at:]})
	}
	return list
}

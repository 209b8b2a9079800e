package conformance

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"unicode/utf8"
)

// The classic suite compresses files that are its own. These payloads are of like nature, and made by rule,
// so that they are the same in every run.

// A corpus is a long payload of some kind, of which messages are slices.
type corpus struct {
	name string // as in "1000 messages of JSON"
	text bool   // UTF-8, for text messages
	make func(rng *rand.Rand, n int) []byte

	once   sync.Once
	octets []byte
}

const corpusSize = 1 << 20

var (
	jsonCorpus    = &corpus{name: "JSON", text: true, make: makeJSON}
	bitmapCorpus  = &corpus{name: "a bitmap", make: makeBitmap}
	genomeCorpus  = &corpus{name: "a genome", make: makeGenome}
	germanCorpus  = &corpus{name: "German prose", text: true, make: makeGerman}
	englishCorpus = &corpus{name: "English prose", make: makeEnglish}
)

func (c *corpus) all() []byte {
	c.once.Do(func() { c.octets = c.make(rand.New(rand.NewPCG(7692, 6455)), corpusSize)[:corpusSize] })
	return c.octets
}

// slice returns n octets, other ones for each number. Those of text are UTF-8: where the last character does
// not fit, spaces are.
func (c *corpus) slice(number, n int) []byte {
	all := c.all()
	// The step has no factor in common with the room, so that no offset comes again soon.
	at := number * 8191 % (len(all) - n - utf8.UTFMax)
	if !c.text {
		return all[at : at+n]
	}
	for !utf8.RuneStart(all[at]) {
		at++
	}
	return fitText(all[at:], n)
}

// fitText returns the first n octets of a text, with spaces instead of a character that would be cut.
func fitText(text []byte, n int) []byte {
	end := n
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	if end == n {
		return text[:n:n]
	}
	return append(text[:end:end], bytes.Repeat([]byte{' '}, n-end)...)
}

// largePayload returns n octets that need not be compressed: text with characters of all lengths, or
// whatever.
func largePayload(op byte, n int) []byte {
	p := make([]byte, 0, n+corpusSize)
	for len(p) < n {
		if op == opText {
			p = append(append(p, germanCorpus.all()[:100<<10]...), " κόσμε, 日本, 𝄞. "...)
		} else {
			p = append(p, bitmapCorpus.all()...)
		}
	}
	if op == opText {
		return fitText(bytes.ToValidUTF8(p, []byte("…")), n)
	}
	return p[:n]
}

// makeJSON makes the list that a program would get of an interface: many records with the same names, and
// values that differ a little. It is compressed to a twentieth or so.
func makeJSON(rng *rand.Rand, n int) []byte {
	cities := []string{"Köln", "Łódź", "Zürich", "Málaga", "東京", "Reykjavík"}
	var b bytes.Buffer
	b.WriteString("[")
	for id := 10000; b.Len() < n; id++ {
		fmt.Fprintf(&b, `{"identifier":%d,"city":%q,"measurement":{"temperature":%d.%d,"unit":"degree Celsius","humidity":%d,"quality":"verified"},`+
			`"station":{"manufacturer":"Everwire Instruments","model":"observer","battery":"charged"},"remarks":null},`+"\n",
			id, cities[rng.IntN(len(cities))], rng.IntN(40)-10, rng.IntN(10), 30+rng.IntN(60))
	}
	return b.Bytes()
}

// makeBitmap makes an image in shades of grey, with as much noise as a photograph: it is hardly compressed.
func makeBitmap(rng *rand.Rand, n int) []byte {
	p := make([]byte, n)
	copy(p, "BM")
	for i := 54; i < n; i++ {
		x, y := i&511, i>>9&511
		p[i] = byte((x*y>>11+x>>3)&0x7f + rng.IntN(100))
	}
	return p
}

// makeGenome makes lines of four letters, in which some stretches come again.
func makeGenome(rng *rand.Rand, n int) []byte {
	const perLine = 60
	var letters []byte
	for len(letters) < n {
		if len(letters) > 1000 && rng.IntN(8) == 0 {
			from := rng.IntN(len(letters) - 200)
			letters = append(letters, letters[from:from+20+rng.IntN(180)]...)
			continue
		}
		for range 100 {
			letters = append(letters, "ACGT"[rng.IntN(4)])
		}
	}
	var lines []byte
	for ; len(lines) < n; letters = letters[perLine:] {
		lines = append(append(lines, letters[:perLine]...), '\n')
	}
	return lines
}

func makeGerman(rng *rand.Rand, n int) []byte {
	return prose(rng, n, `der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat daß
		sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde
		sei Haus Straße Mädchen Fenster Gärtner Brücke Fluß Hügel Wälder Vögel Morgen Abend Sonne Nebel Wasser Schiff Hafen Küste Möwe
		Größe Maß Süden Norden Tür Schlüssel Bücher Brief Feder Tisch Stühle Äpfel Körbe Öfen Übung Mühle Bäcker Müller König Königin
		ging kam stand lag sah hörte sprach schwieg lachte träumte öffnete schloß blühte fiel wuchs flüsterte erzählte vergaß fühlte
		alt jung schön müde groß klein still laut hell dunkel früh spät grün weiß rötlich kühl warm möglich gewöhnlich fröhlich plötzlich`)
}

func makeEnglish(rng *rand.Rand, n int) []byte {
	return prose(rng, n, `the of and to a in that it is was I for on you he be with as by at have are this not but had his they from she
		which or we an there her were one do been all their has would will what if can when so no said who more about up them some could
		him into its then two out time like only my did other me your now over just may these new also people any know very see first
		house garden window river bridge forest morning evening harbour captain letter table kitchen candle shadow stranger neighbour
		winter summer silence thunder journey village market window mirror whisper promise answer question memory secret lantern
		walked stood listened opened remembered wondered laughed waited followed carried crossed gathered finished returned
		old young quiet bright distant narrow gentle curious faithful sudden heavy golden empty familiar strange patient`)
}

// prose strings words together, the first of them most often, to sentences and paragraphs.
func prose(rng *rand.Rand, n int, vocabulary string) []byte {
	words := strings.Fields(vocabulary)
	var b bytes.Buffer
	for left := 0; b.Len() < n; left-- {
		r := rng.Float64()
		word := words[int(r*r*float64(len(words)))]
		if left == 0 {
			left = 5 + rng.IntN(15)
			word = strings.ToUpper(word[:1]) + word[1:]
			if word[0] >= utf8.RuneSelf { // the letter has two octets
				word = words[0]
			}
		}
		b.WriteString(word)
		switch {
		case left == 1 && rng.IntN(6) == 0:
			b.WriteString(".\n\n")
		case left == 1:
			b.WriteString(". ")
		case rng.IntN(9) == 0:
			b.WriteString(", ")
		default:
			b.WriteByte(' ')
		}
	}
	return b.Bytes()
}

package terminal

// A style makes colours, or leaves them out.
type style struct{ color bool }

// SGR parameters (ECMA-48 §8.3.117). The sixteen colours are used, which are those of the user's own scheme.
const (
	sgrDim     = "2"
	sgrRed     = "31"
	sgrGreen   = "32"
	sgrYellow  = "33"
	sgrBlue    = "34"
	sgrMagenta = "35"
	sgrCyan    = "36"
)

func (s style) paint(sgr, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// reversed shows text in exchanged colours, and leaves those around it as they are.
func (s style) reversed(text string) string {
	if !s.color {
		return text
	}
	return "\x1b[7m" + text + "\x1b[27m"
}

package shed

// Figures are what a Gate knows.
type Figures struct {
	Connections int // WebSockets, and handshakes that are being answered

	Shut [Causes]bool   // nobody is taken in, because of this
	Shed [Causes]uint64 // handshakes that were answered with 503 because of this
}

// Figures returns those of now.
func (g *Gate) Figures() Figures {
	f := Figures{Connections: g.connections()}
	for c := range Causes {
		f.Shut[c] = g.shut[c].Load()
		f.Shed[c] = g.shed[c].Load()
	}
	return f
}

package websocket

// PoisonBuffers tells tests what kind of build this is.
const PoisonBuffers = poisonBuffers

// CompressedForms returns how many times p was compressed.
func CompressedForms(p *Prepared) (n int) {
	if forms := p.forms.Load(); forms != nil {
		for i := range forms {
			if forms[i].payload != nil {
				n++
			}
		}
	}
	return n
}

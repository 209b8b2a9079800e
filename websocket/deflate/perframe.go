package deflate

import "github.com/everwire/everwire/websocket/handshake"

// frameElements are the parameters of deflate-frame as they stand in an offer or an answer. In both they
// bind the end that reads them: an offer's bind the server, an answer's the client. A window's size is 0 if
// the parameter is not there.
type frameElements struct {
	noContextTakeover bool
	maxWindowBits     int
}

// readFrameElements reads an offer or an answer, by the same rules.
func readFrameElements(e handshake.Extension) (got frameElements, err *handshake.Error) {
	err = readParameters(e, sectionFrame,
		definition{name: "no_context_takeover", section: sectionFrame, flag: &got.noContextTakeover},
		definition{name: "max_window_bits", section: sectionFrame, bits: &got.maxWindowBits})
	return got, err
}

// grant returns how a server compresses that was asked for this and wants c. The client is free: the
// answer has no parameters.
func (asked frameElements) grant(c Config) Params {
	return Params{
		PerFrame:                true,
		ServerNoContextTakeover: asked.noContextTakeover || c.ServerNoContextTakeover,
		ServerMaxWindowBits:     min(orMax(asked.maxWindowBits), c.serverMaxWindowBits()),
		ClientMaxWindowBits:     MaxWindowBits,
	}
}

func acceptFrame(offers []handshake.Extension, answer handshake.Extension) (Params, *handshake.Error) {
	granted, err := readFrameElements(answer)
	if err != nil {
		return Params{}, err
	}
	p := Params{
		PerFrame:                true,
		ServerNoContextTakeover: true,
		ClientNoContextTakeover: granted.noContextTakeover,
		ClientMaxWindowBits:     orMax(granted.maxWindowBits),
	}
	for _, offer := range offers {
		if offer.Name != answer.Name {
			continue
		}
		if asked, unreadable := readFrameElements(offer); unreadable == nil {
			p.ServerNoContextTakeover = p.ServerNoContextTakeover && asked.noContextTakeover
			p.ServerMaxWindowBits = max(p.ServerMaxWindowBits, orMax(asked.maxWindowBits))
		}
	}
	if p.ServerMaxWindowBits == 0 {
		return Params{}, refuseNotOffered(answer.Name)
	}
	return p, nil
}

package deflate

import "github.com/everwire/everwire/websocket/handshake"

// Select is the server's side of the negotiation. It goes through the extensions that a client offers, in
// its order of preference, and takes the first that is one of permessage-deflate, deflate-frame and
// x-webkit-deflate-frame and has the parameters its specification allows (RFC 7692 §5 and §7). Others are
// passed over. With ok, answer belongs into Sec-WebSocket-Extensions and p is what was agreed; otherwise
// the connection goes uncompressed.
//
// The answer keeps to the offer: no window is larger than the offer says, a server_no_context_takeover is
// granted, and client_max_window_bits is there only if it was offered. What the client promises about
// itself, in client_no_context_takeover and the value of client_max_window_bits, is always made binding by
// answering it. The answer adds what c wants and the offer does not forbid. If c wants a smaller
// client's window than the offer lets it ask for, p has that larger one: it takes up to 32 KiB of memory
// for the connection all the same.
//
// An answer to deflate-frame has no parameters, so it asks nothing of the client, whatever c wants. Of
// itself the server does what c says there too.
func Select(offers []handshake.Extension, c Config) (answer handshake.Extension, p Params, ok bool) {
	for _, offer := range offers {
		switch offer.Name {
		case Name:
			if asked, err := readOffer(offer); err == nil {
				granted := asked.grant(c)
				return granted.extension(), agree(asked, granted), true
			}
		case FrameName, WebkitFrameName:
			if asked, err := readFrameElements(offer); err == nil {
				return handshake.Extension{Name: offer.Name}, asked.grant(c), true
			}
		}
	}
	return handshake.Extension{}, Params{}, false
}

// grant returns the answer to an offer.
func (asked elements) grant(c Config) elements {
	granted := elements{
		serverNoContextTakeover: asked.serverNoContextTakeover || c.ServerNoContextTakeover,
		clientNoContextTakeover: asked.clientNoContextTakeover || c.ClientNoContextTakeover,
	}
	bits := min(orMax(asked.serverMaxWindowBits), c.serverMaxWindowBits())
	if bits < MaxWindowBits || asked.serverMaxWindowBits != 0 {
		granted.serverMaxWindowBits = bits
	}
	bits = min(asked.clientMaxWindowBits, c.clientMaxWindowBits()) // 0 if it was not offered
	if bits < MaxWindowBits {
		granted.clientMaxWindowBits = bits
	}
	return granted
}

// Accept is the client's side of the negotiation: it judges a server's answer against the list of offers
// the client made (RFC 7692 §5 and §7), and returns what was agreed. If several offers fit the answer, it
// is the first of them. The list may have other extensions too.
//
// Besides the answer, the client is bound by what it promised in that offer: Params has the smaller of both
// windows for the client, even if the server's answer would allow the larger (RFC 7692 §7.1.2.2), and
// no context takeover for the client if either says so.
//
// Of several offers of deflate-frame under one name, an answer does not tell which one was meant. Params
// then has the largest window and the most takeover that the server may use by any of them.
//
// The error is a [*handshake.Error] with Status 0: the client must fail the connection. So it must if the
// server answers with more than one of this package's extensions, since all of them use RSV1 (RFC 7692 §5);
// that is for the caller to see, who has all the answers.
func Accept(offers []handshake.Extension, answer handshake.Extension) (Params, error) {
	var p Params
	var err *handshake.Error
	switch answer.Name {
	case Name:
		p, err = accept(offers, answer)
	case FrameName, WebkitFrameName:
		p, err = acceptFrame(offers, answer)
	default:
		err = refuseNotOffered(answer.Name)
	}
	if err != nil {
		return Params{}, err
	}
	return p, nil
}

func accept(offers []handshake.Extension, answer handshake.Extension) (Params, *handshake.Error) {
	granted, err := readAnswer(answer)
	if err != nil {
		return Params{}, err
	}
	for _, offer := range offers {
		if offer.Name != Name {
			continue
		}
		asked, unreadable := readOffer(offer)
		if unreadable != nil {
			continue // a server cannot have accepted it
		}
		misfit := asked.judge(granted)
		if misfit == nil {
			return agree(asked, granted), nil
		}
		if err == nil {
			err = misfit
		}
	}
	if err == nil {
		err = refuseNotOffered(Name)
	}
	return Params{}, err
}

// judge returns why granted is no answer to the offer, or nil.
func (asked elements) judge(granted elements) *handshake.Error {
	switch {
	case asked.serverNoContextTakeover && !granted.serverNoContextTakeover:
		return refuse(sectionServerNoContextTakeover,
			"the answer has no server_no_context_takeover, which the offer asks for")
	case asked.serverMaxWindowBits != 0 && granted.serverMaxWindowBits == 0:
		return refuse(sectionServerMaxWindowBits,
			"the answer has no server_max_window_bits, which the offer asks to be at most %d", asked.serverMaxWindowBits)
	case granted.serverMaxWindowBits > orMax(asked.serverMaxWindowBits):
		return refuse(sectionServerMaxWindowBits,
			"the answer's server_max_window_bits is %d, and the offer's %d", granted.serverMaxWindowBits, asked.serverMaxWindowBits)
	case asked.clientMaxWindowBits == 0 && granted.clientMaxWindowBits != 0:
		return refuse(sectionClientMaxWindowBits,
			"the answer has client_max_window_bits, which the offer does not have")
	}
	return nil
}

// agree is what follows for both ends from an offer and an answer that fits it.
func agree(asked, granted elements) Params {
	return Params{
		ServerNoContextTakeover: granted.serverNoContextTakeover,
		ClientNoContextTakeover: granted.clientNoContextTakeover || asked.clientNoContextTakeover,
		ServerMaxWindowBits:     orMax(granted.serverMaxWindowBits),
		ClientMaxWindowBits:     min(orMax(granted.clientMaxWindowBits), orMax(asked.clientMaxWindowBits)),
	}
}

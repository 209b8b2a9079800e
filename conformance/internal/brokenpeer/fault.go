package brokenpeer

// A Fault is one thing that a peer does against the standards. None is the peer in order.
type Fault string

const None Fault = ""

// Frames that arrive.
const (
	AcceptsUnmasked          Fault = "accepts unmasked"            // as a server
	AcceptsMasked            Fault = "accepts masked"              // as a client
	UnmasksPiecewise         Fault = "unmasks piecewise"           // from the key's first octet for each piece of 61 octets
	IgnoresReservedBits      Fault = "ignores reserved bits"       // all three
	AcceptsReservedOpcodes   Fault = "accepts reserved opcodes"    // and passes the frames over
	AcceptsReservedControl   Fault = "accepts reserved control"    // 0xB to 0xF only
	AcceptsFragmentedControl Fault = "accepts fragmented control"  // as if FIN were set, and passes over what continues it
	AcceptsLongControl       Fault = "accepts long control"        // of up to 64 KiB
	AcceptsStray             Fault = "accepts stray continuation"  // and passes it over
	AcceptsMessageInMessage  Fault = "accepts message in message"  // and forgets the one in progress
	AcceptsLongForm          Fault = "accepts long form"           // of a length that is short
	AcceptsTopBit            Fault = "accepts top bit"             // and takes no notice of it
	LimitsTo64K              Fault = "limits to 64 KiB"            // less 1 octet, as they are on the wire
	SignedLength             Fault = "signed length"               // 16 bits are taken for a signed number
	LosesPipelined           Fault = "loses pipelined"             // what comes with the handshake is gone
	DropsEmpty               Fault = "drops empty"                 // messages are not echoed
	TextAsBinary             Fault = "text as binary"              // comes back
	LosesLastFragment        Fault = "loses last fragment"         // unless it is the only one
	EchoesFragments          Fault = "echoes fragments"            // each as a message
	ForgetsAtControl         Fault = "forgets at control"          // frames the fragments that were before
	ControlEndsMessage       Fault = "control ends message"        // what was there is echoed, what follows is stray
	FailsWithoutClose        Fault = "fails without close"         // frame
	FailsWith1000            Fault = "fails with 1000"             // in place of 1002 and 1007
	NeverFails               Fault = "never fails"                 // reads no more, and leaves the connection open
	LimitsFragments          Fault = "limits fragments"            // to 4 a message
	SendsLongForm            Fault = "sends long form"             // of short lengths
	SendsReservedBit         Fault = "sends reserved bit"          // RSV2
	SendsFragmentedPong      Fault = "sends fragmented pong"       // in two frames
	SendsStray               Fault = "sends stray continuation"    // after each message
	ServerMasks              Fault = "server masks"                // its frames
	ClientMasksNothing       Fault = "client masks nothing"        // and says so
	SameMaskingKey           Fault = "same masking key"            // for each of the client's frames
	ZeroMaskingKey           Fault = "zero masking key"            // which is legal, if random
	ChecksUTF8AtEnd          Fault = "checks UTF-8 at end"         // of the message only
	ChecksUTF8AtFrameEnd     Fault = "checks UTF-8 at frame end"   // early, but not within a frame
	ChecksNoUTF8             Fault = "checks no UTF-8"             // of messages
	ChecksUTF8PerFragment    Fault = "checks UTF-8 per fragment"   // so that no character may be cut
	AcceptsSurrogates        Fault = "accepts surrogates"          // in three octets
	AcceptsOverlong          Fault = "accepts overlong"            // forms
	AcceptsBeyondUnicode     Fault = "accepts beyond Unicode"      // U+110000 to U+13FFFF
	AcceptsIncomplete        Fault = "accepts incomplete"          // characters at the end
	RejectsNoncharacters     Fault = "rejects noncharacters"       // such as U+FFFF
	AcceptsCloseCodes        Fault = "accepts close codes"         // that must not be on the wire, and sends them back
	RejectsPrivateCodes      Fault = "rejects private codes"       // 3000 to 4999
	AcceptsShortClose        Fault = "accepts short close"         // payloads, of 1 octet, and answers with 1000
	ChecksNoReason           Fault = "checks no reason"            // for UTF-8
	Sends1006                Fault = "sends 1006"                  // whatever code came
	NeverRepliesToClose      Fault = "never replies to close"      // but ends the stream
	NeverEndsStream          Fault = "never ends stream"           // after the Close frames
	PongsAfterClose          Fault = "pongs after close"           // frames
	EchoesAfterClose         Fault = "echoes after close"          // frames
	FailsAfterClose          Fault = "fails after close"           // by a second Close frame, because of what follows
	ShortCloseReply          Fault = "short close reply"           // of 1 octet
	EmptyCloseOnly           Fault = "empty close only"            // takes a Close frame with a payload for an error
	IgnoresHalfClose         Fault = "ignores half-close"          // and leaves the connection open
	NeverPongs               Fault = "never pongs"                 //
	PongsEmpty               Fault = "pongs empty"                 //
	PongsLate                Fault = "pongs late"                  // with the payload of the Ping before
	PongsReversed            Fault = "pongs reversed"              // to Pings that arrive together
	PongsBetweenMessages     Fault = "pongs between messages"      // only
	PongIsError              Fault = "pong is error"               //
	PongIsPing               Fault = "pong is ping"                // and is answered
	CutsPongs                Fault = "cuts pongs"                  // behind 124 octets
	WrongAccept              Fault = "wrong accept"                // for the key in small letters
	AcceptsPOST              Fault = "accepts POST"                //
	AcceptsHTTP10            Fault = "accepts HTTP/1.0"            //
	ChecksNoVersion          Fault = "checks no version"           //
	Answers400               Fault = "answers 400 to versions"     // in place of 426, and does not say which it knows
	HidesVersion             Fault = "hides version"               // in the answer 426
	ChecksNoHost             Fault = "checks no host"              //
	AcceptsBadKey            Fault = "accepts bad key"             // whatever it is, or none
	AcceptsTwoKeys           Fault = "accepts two keys"            //
	ExactTokens              Fault = "exact tokens"                // Upgrade and Connection are compared with their case
	NoTokenLists             Fault = "no token lists"              // nor are they taken for lists
	ChecksNoUpgrade          Fault = "checks no upgrade"           //
	ChecksNoConnection       Fault = "checks no connection"        //
	UnofferedSubprotocol     Fault = "unoffered subprotocol"       // is answered
	UnofferedExtension       Fault = "unoffered extension"         //
	EndlessHead              Fault = "endless head"                // of a handshake is read on and on
	ShortKey                 Fault = "short key"                   // as a client, of 15 octets
	ConstantKey              Fault = "constant key"                // as a client, the same for each handshake
	OldVersion               Fault = "old version"                 // as a client, 8
	AcceptsWrongAccept       Fault = "accepts wrong accept"        // as a client, and what follows
	AcceptsStatus            Fault = "accepts status"              // of any kind
	AcceptsNoUpgrade         Fault = "accepts no upgrade"          // nor Connection
	AcceptsSubprotocol       Fault = "accepts unasked subprotocol" //
	AcceptsExtension         Fault = "accepts unasked extension"   //
)

// Compression.
const (
	IgnoresWindow           Fault = "ignores window"             // when it compresses
	AnswersNoServerWindow   Fault = "answers no server window"   // though it was asked for
	AnswersClientWindow     Fault = "answers client window"      // though it was not offered
	AnswersNoServerTakeover Fault = "answers no server takeover" // leaves out server_no_context_takeover
	AcceptsBadOffers        Fault = "accepts bad offers"         // with parameters that are unknown, double, or out of range
	AcceptsBadParameters    Fault = "accepts bad parameters"     // in an answer, as a client
	KeepsContext            Fault = "keeps context"              // of its messages, whatever was agreed on
	DropsContext            Fault = "drops context"              // of the other's messages
	InflatesOneBlock        Fault = "inflates one block"         // and no more
	InflatesNoStored        Fault = "inflates no stored"         // blocks with content
	FailsAtFinal            Fault = "fails at final"             // blocks
	SmallInflateWindow      Fault = "small inflate window"       // of 256 octets
	AcceptsCorrupt          Fault = "accepts corrupt"            // data, and takes what it could inflate
	KeepsTail               Fault = "keeps tail"                 // 00 00 ff ff
	ForgetsUncompressed     Fault = "forgets uncompressed"       // takes a message without RSV1 for compressed too
	MarksContinuations      Fault = "marks continuations"        // with RSV1
	MarksPongs              Fault = "marks pongs"                // with RSV1
	MarksUncompressed       Fault = "marks uncompressed"         // with RSV1
	AcceptsMarkedControl    Fault = "accepts marked control"     // frames with RSV1
	AcceptsMarkedRest       Fault = "accepts marked rest"        // continuation frames with RSV1
)

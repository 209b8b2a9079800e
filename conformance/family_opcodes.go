package conformance

import "fmt"

// Family 4: opcodes that are reserved, for data (4.1) and for control frames (4.2).
func init() {
	for i, kind := range []string{"data", "control"} {
		for j := range 5 {
			op := []byte{opText + 2, opPong + 1}[i] + byte(j)
			bad := frame{op: op, payload: []byte([]string{"", "reserved opcode payload", "", greeting, greeting}[j])}
			with := "with a payload"
			if len(bad.payload) == 0 {
				with = "without payload"
			}
			c := scripted(fmt.Sprintf("4.%d.%d", i+1, j+1),
				fmt.Sprintf("the reserved %s opcode %#x, %s", kind, op, with),
				fmt.Sprintf("Sends a frame of opcode %#x, %s.", op, with), fails1002, "RFC 6455 §5.2",
				script{send: []frame{bad}, fails: protocolError}, Opcodes)
			if j >= 2 {
				sc := script{send: []frame{text(greeting), bad, ping("")}, want: []event{wantText(greeting)}, other: true, fails: protocolError}
				c.Name += ", behind a message"
				c.Does = fmt.Sprintf("Sends a text message, a frame of opcode %#x, %s, and a Ping.", op, with)
				c.Expects = echoedFirst
				if j == 4 {
					chopped(1, sc.send...)
					c.Name += ", octet by octet"
					c.Does = fmt.Sprintf("Sends a text message, a frame of opcode %#x, %s, and a Ping, one octet a write.", op, with)
					c.Tags = append(c.Tags, Chopped)
				}
				c.run = sc.run
			}
			register(c)
		}
	}
}

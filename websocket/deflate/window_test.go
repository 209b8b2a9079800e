package deflate_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/everwire/everwire/websocket/deflate"
)

// What is as far back as the window reaches when a small message begins is beyond it when that octet comes.
func TestASmallMessageRefersToNothingThatLeavesTheWindowMeanwhile(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for bits := deflate.MinWindowBits; bits <= 12; bits++ {
		for _, ahead := range []int{0, 1, 20, 60} {
			t.Run(fmt.Sprintf("bits %d, %d octets before", bits, ahead), func(t *testing.T) {
				var c deflate.Compressor
				c.Init(bits, 1, true)
				context := noise(r, 1<<bits)
				c.Remember(context)
				// The oldest octets of the context, and some of the newest so that the message gets smaller.
				message := append(noise(r, ahead), context[:30]...)
				message = append(message, context[len(context)-30:]...)
				compressed, smaller := c.AppendMessage(nil, message)
				if !smaller {
					t.Fatal("it does not get smaller: nothing was tried")
				}
				got, distance, err := inflateMessage(compressed, context)
				if err != nil || !bytes.Equal(got, message) || distance > 1<<bits {
					t.Errorf("got %d octets, distance %d, %v; the window has %d", len(got), distance, err, 1<<bits)
				}
			})
		}
	}
}

// A message is handed on in pieces, all of which the next may refer to.
func TestTheContextHasAllPiecesOfALargeMessage(t *testing.T) {
	large := noise(rand.New(rand.NewPCG(23, 24)), 40_000)
	again := large[15_000:15_500]
	for _, size := range []int{0, 100, 33_000} {
		t.Run(fmt.Sprintf("in pieces of %d", size), func(t *testing.T) {
			var c deflate.Compressor
			var d deflate.Decompressor
			c.Init(15, 9, true)
			d.Init(15, true)
			first := c.AppendFragment(nil, large, true)
			c.Remember(large)
			then, smaller := c.AppendMessage(nil, again)
			if !smaller || len(then) > 50 {
				t.Fatalf("%d octets that were sent before became %d: they do not refer to them", len(again), len(then))
			}
			for i, message := range []struct{ compressed, want []byte }{{first, large}, {then, again}} {
				if got, err := inflate(&d, message.compressed, size); err != nil || !bytes.Equal(got, message.want) {
					t.Fatalf("message %d: got %d octets, %v", i, len(got), err)
				}
			}
		})
	}
}

package conformance

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

func TestJudgeKeys(t *testing.T) {
	keys := func(next func(i int) uint32) (list []uint32) {
		for i := range 50 {
			list = append(list, next(i))
		}
		return list
	}
	some := rand.New(rand.NewPCG(1, 2))
	tests := []struct {
		name string
		keys []uint32
		want Verdict
	}{
		{"random", keys(func(int) uint32 { return some.Uint32() }), OK},
		{"all 0", keys(func(int) uint32 { return 0 }), Failed},
		{"all the same", keys(func(int) uint32 { return 0x37fa213d }), Failed},
		{"counted", keys(func(i int) uint32 { return 7 + uint32(i) }), NonStrict},
		{"counted downwards in steps", keys(func(i int) uint32 { return 1000 - 3*uint32(i) }), NonStrict},
		{"counted with the low octet first", keys(func(i int) uint32 { return bits.ReverseBytes32(0xf0 + uint32(i)) }), NonStrict},
		{"two in turn", keys(func(i int) uint32 { return 0xabcdef01 << (i & 1) }), NonStrict},
		{"one twice", append(keys(func(int) uint32 { return some.Uint32() }), 5, 9, 5), NonStrict},
		{"too few to tell", []uint32{1, 1, 1}, OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if v, why := judgeKeys(tt.keys); v != tt.want {
				t.Errorf("%s (%s), want %s", v, why, tt.want)
			}
		})
	}
}

func TestEchoes(t *testing.T) {
	got := echoes([]frame{text("a"), first(opBinary, "b"), ping("p"), next("c"), pong("q"), last("d"), closing(1000, "")})
	want := []event{wantText("a"), wantPong("p"), wantBinary([]byte("bcd"))}
	if !sameEvents(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

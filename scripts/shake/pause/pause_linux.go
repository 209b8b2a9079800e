package pause

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
)

// most is how many places are told apart.
const most = 1 << 18

var (
	slow   = slowOnes()
	visits [most]atomic.Uint32
)

func slowOnes() (slow [most]bool) {
	var seed, oneOf uint64
	if n, _ := fmt.Sscanf(os.Getenv("EVERWIRE_SHAKE"), "%d/%d", &seed, &oneOf); n == 2 && oneOf > 0 {
		which := rand.New(rand.NewPCG(seed, seed))
		for i := range slow {
			slow[i] = which.Uint64N(oneOf) == 0
		}
	}
	return slow
}

// At holds the thread for a while, now and then, if this is a slow place of a run that EVERWIRE_SHAKE describes.
func At(place uint32) {
	place %= most
	if !slow[place] {
		return
	}
	n := visits[place].Add(1)
	if n > 16 && n&(n-1) != 0 || rand.Uint32()&1 == 0 {
		return
	}
	while := syscall.NsecToTimespec(1e6 + rand.Int64N(49e6))
	syscall.Nanosleep(&while, nil)
}

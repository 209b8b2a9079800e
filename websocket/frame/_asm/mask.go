package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vector is how many octets a register of AVX2 holds.
const vector = 32

// mask writes maskVectors. Its ends are masked by one vector each that may overlap the ones between
// them. That is right since these two are loaded before the first store and stored after the last
// one: all that is stored for an octet is made from the octet as it came.
func mask(c *build.Context) {
	c.Function("maskVectors")
	c.Attributes(attr.NOSPLIT)
	c.Pragma("noescape")
	c.Doc("maskVectors masks the n octets at b, which are at least 32, and returns the key for the octet behind them.")
	c.SignatureExpr("func(b *byte, n int, key uint32) uint32")
	p := c.Load(c.Param("b"), c.GP64())
	n := c.Load(c.Param("n"), c.GP64())
	k := c.Load(c.Param("key"), c.GP32())

	last := c.GP64() // the last vector
	c.LEAQ(Mem{Base: p, Index: n, Scale: 1, Disp: -vector}, last)
	next := turned(c, k, n)
	c.Store(next, c.ReturnIndex(0))
	tail := broadcast(c, next)
	c.VPXOR(Mem{Base: last}, tail, tail)

	// From here p is aligned, for a store across two lines of the cache takes the time of two. Short
	// payloads are done before that pays.
	start := c.GP64()
	c.MOVQ(p, start)
	head := broadcast(c, k)
	c.VPXOR(Mem{Base: p}, head, head)
	c.CMPQ(n, U32(alignFrom))
	c.JB(LabelRef("keep"))
	c.ADDQ(Imm(vector), p)
	c.ANDQ(I8(-vector), p)
	ahead := c.GP64()
	c.MOVQ(p, ahead)
	c.SUBQ(start, ahead)
	bodyKey := turned(c, k, ahead)
	c.JMP(LabelRef("body"))
	c.Label("keep")
	c.ADDQ(Imm(vector), p)
	c.MOVL(k, bodyKey)
	c.Label("body")
	key := broadcast(c, bodyKey)

	const many = 4
	from := c.GP64() // the last place to take many vectors from
	c.LEAQ(Mem{Base: last, Disp: -(many - 1) * vector}, from)
	c.CMPQ(p, from)
	c.JA(LabelRef("one"))
	c.Label("loop")
	x := vectors(c, many)
	for i, x := range x {
		c.VPXOR(Mem{Base: p, Disp: i * vector}, key, x)
	}
	for i, x := range x {
		c.VMOVDQU(x, Mem{Base: p, Disp: i * vector})
	}
	c.ADDQ(U32(many*vector), p)
	c.CMPQ(p, from)
	c.JBE(LabelRef("loop"))

	c.Label("one")
	c.CMPQ(p, last)
	c.JAE(LabelRef("ends"))
	c.VPXOR(Mem{Base: p}, key, x[0])
	c.VMOVDQU(x[0], Mem{Base: p})
	c.ADDQ(Imm(vector), p)
	c.JMP(LabelRef("one"))

	c.Label("ends")
	c.VMOVDQU(head, Mem{Base: start})
	c.VMOVDQU(tail, Mem{Base: last})
	c.VZEROUPPER()
	c.RET()
}

// alignFrom is the length from which aligning the stores is faster.
const alignFrom = 512

// turned returns key as it is after n octets.
func turned(c *build.Context, key, n reg.Register) reg.GPVirtual {
	c.MOVL(n.(reg.GPVirtual).As32(), reg.ECX)
	c.SHLL(Imm(3), reg.ECX)
	k := c.GP32()
	c.MOVL(key, k)
	c.RORL(reg.CL, k)
	return k
}

// broadcast returns a vector of key.
func broadcast(c *build.Context, key reg.Register) reg.VecVirtual {
	y := c.YMM()
	c.VMOVD(key, y.AsX())
	c.VPBROADCASTD(y.AsX(), y)
	return y
}

func vectors(c *build.Context, n int) []reg.VecVirtual {
	all := make([]reg.VecVirtual, n)
	for i := range all {
		all[i] = c.YMM()
	}
	return all
}

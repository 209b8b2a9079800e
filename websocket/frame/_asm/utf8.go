package main

import (
	"bytes"
	"encoding/binary"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The check is the one by lookup of John Keiser and Daniel Lemire, "Validating UTF-8 In Less Than One
// Instruction Per Byte" (2020). Whether two octets may stand side by side is asked of three tables by
// the upper and the lower half of the first octet and the upper half of the second: each table has a
// bit for each way to be wrong, and what is wrong has its bit in all three. What they cannot see is
// how long a character goes on: the bit of two continuation octets must be set just where the octet is
// the third or fourth of its character.

const (
	tooShort     = 1 << iota // no continuation octet where one must be
	tooLong                  // a continuation octet after ASCII
	shorterIn2               // E0 80–9F, which two octets could say
	tooLarge                 // F4 90 and all above
	surrogate                // ED A0–BF
	shorterIn1               // C0, C1
	otherwiseIn4             // F0 80–8F, which three octets could say; F5 80 and the like
	twoInARow                // must be the highest bit: it is compared with that of octets
)

// halves are values of four bits.
type halves []int

func span(from, to int) (h halves) {
	for ; from <= to; from++ {
		h = append(h, from)
	}
	return h
}

var (
	all           = span(0, 0xF)
	continuations = span(0x8, 0xB)
)

var faults = []struct {
	bit                  byte
	upper, lower, second halves
}{
	{tooShort, span(0xC, 0xF), all, append(span(0x0, 0x7), span(0xC, 0xF)...)},
	{tooLong, span(0x0, 0x7), all, continuations},
	{twoInARow, continuations, all, continuations},
	{shorterIn1, halves{0xC}, span(0x0, 0x1), continuations},
	{shorterIn2, halves{0xE}, halves{0x0}, span(0x8, 0x9)},
	{surrogate, halves{0xE}, halves{0xD}, span(0xA, 0xB)},
	{tooLarge, halves{0xF}, span(0x4, 0xF), span(0x9, 0xB)},
	{otherwiseIn4, halves{0xF}, append(halves{0x0}, span(0x5, 0xF)...), halves{0x8}},
}

func tables() (upper, lower, second [16]byte) {
	mark := func(table *[16]byte, at halves, bit byte) {
		for _, h := range at {
			table[h] |= bit
		}
	}
	for _, f := range faults {
		mark(&upper, f.upper, f.bit)
		mark(&lower, f.lower, f.bit)
		mark(&second, f.second, f.bit)
	}
	return upper, lower, second
}

// A check writes the instructions that check vectors.
type check struct {
	c                    *build.Context
	wrong                reg.VecVirtual // not zero where something is
	upper, lower, second reg.VecVirtual // the tables, each twice
	low4                 reg.VecVirtual // 0F in every octet
	constants
}

// constants are what the functions share in memory.
type constants struct {
	upperTable, lowerTable, secondTable, lowHalf Mem
	high                                         Mem // 80 in every octet
	third, fourth                                Mem // subtracted, these leave bit 7 to octets from E0 or F0 on
	unfinished                                   Mem
}

func share(c *build.Context) constants {
	upper, lower, second := tables()
	// The last octets of a vector that are larger than these begin what is not finished there.
	var unfinished [vector]byte
	for i := range unfinished {
		unfinished[i] = 0xFF
	}
	unfinished[vector-3], unfinished[vector-2], unfinished[vector-1] = 0xF0-1, 0xE0-1, 0xC0-1
	return constants{
		upperTable:  global(c, "utf8_upper", upper[:]),
		lowerTable:  global(c, "utf8_lower", lower[:]),
		secondTable: global(c, "utf8_second", second[:]),
		lowHalf:     global(c, "utf8_low", bytes.Repeat([]byte{0x0F}, 4)),
		high:        global(c, "utf8_high", bytes.Repeat([]byte{0x80}, vector)),
		third:       global(c, "utf8_third", bytes.Repeat([]byte{0xE0 - 0x80}, vector)),
		fourth:      global(c, "utf8_fourth", bytes.Repeat([]byte{0xF0 - 0x80}, vector)),
		unfinished:  global(c, "utf8_unfinished", unfinished[:]),
	}
}

func global(c *build.Context, name string, b []byte) Mem {
	m := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for at := 0; at < len(b); at += 4 {
		c.AddDatum(at, U32(binary.LittleEndian.Uint32(b[at:])))
	}
	return m
}

// begin writes what loads the constants.
func begin(c *build.Context, from constants) *check {
	k := &check{c, c.YMM(), c.YMM(), c.YMM(), c.YMM(), c.YMM(), from}
	c.VPXOR(k.wrong, k.wrong, k.wrong)
	c.VBROADCASTI128(from.upperTable, k.upper)
	c.VBROADCASTI128(from.lowerTable, k.lower)
	c.VBROADCASTI128(from.secondTable, k.second)
	c.VPBROADCASTD(from.lowHalf, k.low4)
	return k
}

// A back writes what gives the octets that are n before each of a vector.
type back func(n int) reg.VecVirtual

// behind is for x, which comes after before.
func (k *check) behind(x, before reg.VecVirtual) back {
	across := k.c.YMM() // the upper half of before and the lower half of x
	k.c.VPERM2I128(Imm(0x21), x, before, across)
	return func(n int) reg.VecVirtual {
		y := k.c.YMM()
		k.c.VPALIGNR(Imm(uint64(16-n)), across, x, y)
		return y
	}
}

// behindAt is for the vector at p, which has three octets or more before it.
func (k *check) behindAt(p Mem) back {
	return func(n int) reg.VecVirtual {
		y := k.c.YMM()
		k.c.VMOVDQU(p.Offset(-n), y)
		return y
	}
}

// vector writes the check of x.
func (k *check) vector(x reg.VecVirtual, behind back) {
	c := k.c

	// Bit 7 of goesOn is set where x must be the third or fourth octet of a character.
	goesOn, fourth := behind(2), behind(3)
	c.VPSUBUSB(k.third, goesOn, goesOn)
	c.VPSUBUSB(k.fourth, fourth, fourth)
	c.VPOR(fourth, goesOn, goesOn)
	c.VPAND(k.high, goesOn, goesOn)

	look := func(table, octets, to reg.VecVirtual) {
		c.VPAND(k.low4, octets, to)
		c.VPSHUFB(to, table, to)
	}
	first, fault, y := behind(1), c.YMM(), c.YMM()
	look(k.lower, first, fault)
	c.VPSRLW(Imm(4), first, y)
	look(k.upper, y, y)
	c.VPAND(y, fault, fault)
	c.VPSRLW(Imm(4), x, y)
	look(k.second, y, y)
	c.VPAND(y, fault, fault)
	c.VPXOR(fault, goesOn, goesOn)
	c.VPOR(goesOn, k.wrong, k.wrong)
}

// finished writes what holds it against x that a character is not finished at its end.
func (k *check) finished(x Op) {
	y := k.c.YMM()
	k.c.VMOVDQU(x, y)
	k.c.VPSUBUSB(k.unfinished, y, y)
	k.c.VPOR(y, k.wrong, k.wrong)
}

// unlessASCII writes a jump to label if one of the vectors has an octet that is not ASCII.
func unlessASCII(c *build.Context, label string, x ...reg.VecVirtual) {
	test(c, x...)
	c.JNE(LabelRef(label))
}

func ifASCII(c *build.Context, label string, x ...reg.VecVirtual) {
	test(c, x...)
	c.JEQ(LabelRef(label))
}

func test(c *build.Context, x ...reg.VecVirtual) {
	any := x[0]
	if len(x) > 1 {
		any = c.YMM()
		c.VPOR(x[0], x[1], any)
		for _, x := range x[2:] {
			c.VPOR(x, any, any)
		}
	}
	mask := c.GP32()
	c.VPMOVMSKB(any, mask)
	c.TESTL(mask, mask)
}

// result writes what returns whether nothing was wrong.
func (k *check) result(to int) {
	k.c.VPTEST(k.wrong, k.wrong)
	ok := k.c.GP8()
	k.c.SETEQ(ok)
	k.c.Store(ok, k.c.ReturnIndex(to))
	k.c.VZEROUPPER()
	k.c.RET()
}

func returnTrue(c *build.Context, to int) {
	ok := c.GP8()
	c.MOVB(Imm(1), ok)
	c.Store(ok, c.ReturnIndex(to))
	c.VZEROUPPER()
	c.RET()
}

func utf8(c *build.Context) {
	shared := share(c)
	validate(c, shared)
	unmask(c, shared)
}

func load(c *build.Context, p reg.Register, at ...int) []reg.VecVirtual {
	x := vectors(c, len(at))
	for i, at := range at {
		c.VMOVDQU(Mem{Base: p, Disp: at}, x[i])
	}
	return x
}

// ascii writes a loop that moves p on over ASCII, as long as room says that so many octets are left,
// and jumps where it finds others, or less room.
func ascii(c *build.Context, name string, p, from reg.Register, size int, found, room string) {
	c.Label(name)
	c.CMPQ(p, from)
	c.JA(LabelRef(room))
	var at []int
	for i := 0; i < size; i += vector {
		at = append(at, i)
	}
	unlessASCII(c, found, load(c, p, at...)...)
	c.ADDQ(U32(uint32(size)), p)
	c.JMP(LabelRef(name))
}

// validate writes validVectors.
func validate(c *build.Context, shared constants) {
	c.Function("validVectors")
	c.Attributes(attr.NOSPLIT)
	c.Pragma("noescape")
	c.Doc("validVectors reports whether the n octets at b begin a valid text; n is 32, or 35 or more.",
		"A character that is not whole at their end is looked at only as far as pairs of octets go.")
	c.SignatureExpr("func(b *byte, n int) bool")
	start := c.Load(c.Param("b"), c.GP64())
	n := c.Load(c.Param("n"), c.GP64())
	end, last, pair, four := c.GP64(), c.GP64(), c.GP64(), c.GP64()
	c.LEAQ(Mem{Base: start, Index: n, Scale: 1}, end)
	c.LEAQ(Mem{Base: end, Disp: -1 * vector}, last)
	c.LEAQ(Mem{Base: end, Disp: -2 * vector}, pair)
	c.LEAQ(Mem{Base: end, Disp: -4 * vector}, four)
	p := c.GP64()
	c.MOVQ(start, p)

	// ASCII at the start needs none of the constants.
	ascii(c, "first4", p, four, 4*vector, "first2", "first2")
	ascii(c, "first2", p, pair, 2*vector, "other", "firstEnd")
	c.Label("firstEnd")
	c.CMPQ(p, end)
	c.JAE(LabelRef("valid"))
	c.CMPQ(p, last)
	c.JA(LabelRef("firstLast"))
	unlessASCII(c, "other", load(c, p, 0)...)
	c.Label("firstLast")
	unlessASCII(c, "other", load(c, last, 0)...)
	c.Label("valid")
	returnTrue(c, 0)

	c.Label("other")
	k := begin(c, shared)
	c.CMPQ(p, start)
	c.JNE(LabelRef("multi"))
	x := load(c, p, 0)[0]
	zero := c.YMM()
	c.VPXOR(zero, zero, zero)
	k.vector(x, k.behind(x, zero))
	c.ADDQ(Imm(vector), p)

	c.Label("multi")
	c.CMPQ(p, pair)
	c.JA(LabelRef("multiEnd"))
	xs := load(c, p, 0, vector)
	ifASCII(c, "begins", xs...)
	c.Label("check2")
	for i, x := range xs {
		k.vector(x, k.behindAt(Mem{Base: p, Disp: i * vector}))
	}
	c.ADDQ(Imm(2*vector), p)
	c.JMP(LabelRef("multi"))

	c.Label("begins")
	k.finished(Mem{Base: p, Disp: -vector})
	c.ADDQ(Imm(2*vector), p)
	ascii(c, "ascii4", p, four, 4*vector, "ascii2", "ascii2")
	ascii(c, "ascii2", p, pair, 2*vector, "multi", "multiEnd")

	// Less than two vectors are left. What the last one has in common with others is checked again.
	c.Label("multiEnd")
	c.CMPQ(p, end)
	c.JAE(LabelRef("result"))
	c.CMPQ(p, last)
	c.JA(LabelRef("last"))
	x = load(c, p, 0)[0]
	k.vector(x, k.behindAt(Mem{Base: p}))
	c.Label("last")
	x = load(c, last, 0)[0]
	k.vector(x, k.behindAt(Mem{Base: last}))
	c.Label("result")
	k.result(0)
}

// unmask writes unmaskVectors. The last vector is unmasked as in maskVectors, and so is, but not
// stored, the one before it, which checking the last one needs.
func unmask(c *build.Context, shared constants) {
	c.Function("unmaskVectors")
	c.Attributes(attr.NOSPLIT)
	c.Pragma("noescape")
	c.Doc("unmaskVectors is maskVectors, and validVectors of what comes out; n is 64 or more.")
	c.SignatureExpr("func(b *byte, n int, key uint32) (next uint32, ok bool)")
	p := c.Load(c.Param("b"), c.GP64())
	n := c.Load(c.Param("n"), c.GP64())
	key32 := c.Load(c.Param("key"), c.GP32())
	end, last, pair, long := c.GP64(), c.GP64(), c.GP64(), c.GP64()
	c.LEAQ(Mem{Base: p, Index: n, Scale: 1}, end)
	c.LEAQ(Mem{Base: end, Disp: -1 * vector}, last)
	c.LEAQ(Mem{Base: end, Disp: -2 * vector}, pair)
	c.LEAQ(Mem{Base: end, Disp: -stretch}, long)
	next := turned(c, key32, n)
	c.Store(next, c.ReturnIndex(0))
	key := broadcast(c, key32)
	tail := broadcast(c, next)
	beforeTail := c.YMM()
	c.VPXOR(Mem{Base: pair}, tail, beforeTail)
	c.VPXOR(Mem{Base: last}, tail, tail)

	xs := vectors(c, 4)
	store := func(xs ...reg.VecVirtual) {
		for i, x := range xs {
			c.VPXOR(Mem{Base: p, Disp: i * vector}, key, x)
		}
		for i, x := range xs {
			c.VMOVDQU(x, Mem{Base: p, Disp: i * vector})
		}
		c.ADDQ(U32(uint32(len(xs)*vector)), p)
	}

	// ASCII at the start needs none of the constants.
	c.Label("first")
	c.CMPQ(p, pair)
	c.JA(LabelRef("firstEnd"))
	store(xs[:2]...)
	ifASCII(c, "first", xs[:2]...)
	inPair := c.GP32()
	c.MOVL(U32(1), inPair)
	c.JMP(LabelRef("other"))
	c.Label("firstEnd")
	c.CMPQ(p, end)
	c.JAE(LabelRef("valid"))
	c.XORL(inPair, inPair)
	c.CMPQ(p, last)
	c.JA(LabelRef("firstLast"))
	c.VPXOR(Mem{Base: p}, key, xs[0])
	unlessASCII(c, "other", xs[0], tail)
	c.VMOVDQU(xs[0], Mem{Base: p})
	c.Label("firstLast")
	unlessASCII(c, "other", tail)
	c.VMOVDQU(tail, Mem{Base: last})
	c.Label("valid")
	returnTrue(c, 1)

	c.Label("other")
	k := begin(c, shared)
	before := c.YMM() // the vector before
	c.VPXOR(before, before, before)
	c.TESTL(inPair, inPair)
	c.JEQ(LabelRef("multiEnd"))
	c.Label("check")
	for _, x := range xs[:2] {
		k.vector(x, k.behind(x, before))
		c.VMOVDQA(x, before)
	}
	c.Label("multi")
	c.CMPQ(p, long)
	c.JBE(LabelRef("stretch"))
	c.CMPQ(p, pair)
	c.JA(LabelRef("multiEnd"))
	store(xs[:2]...)
	unlessASCII(c, "check", xs[:2]...)
	c.VPSUBUSB(k.unfinished, before, before)
	c.VPOR(before, k.wrong, k.wrong)
	c.Label("ascii")
	c.VPXOR(before, before, before)
	c.CMPQ(p, pair)
	c.JA(LabelRef("multiEnd"))
	store(xs[:2]...)
	ifASCII(c, "ascii", xs[:2]...)
	c.JMP(LabelRef("check"))

	// Where text is not ASCII, what stands before a vector is had from memory faster than from
	// registers, but not from what has just been stored.
	c.Label("stretch")
	from, to := c.GP64(), c.GP64()
	c.MOVQ(p, from)
	c.LEAQ(Mem{Base: p, Disp: stretch}, to)
	c.Label("stretchMask")
	store(xs...)
	c.CMPQ(p, to)
	c.JB(LabelRef("stretchMask"))
	c.Label("stretchCheck")
	ys := load(c, from, 0, vector)
	ifASCII(c, "stretchASCII", ys...)
	for i, y := range ys {
		k.vector(y, k.behindAt(Mem{Base: from, Disp: i * vector}))
	}
	c.Label("stretchNext")
	c.ADDQ(Imm(2*vector), from)
	c.CMPQ(from, to)
	c.JB(LabelRef("stretchCheck"))
	c.VMOVDQU(Mem{Base: p, Disp: -vector}, before)
	ifASCII(c, "ascii", before)
	c.JMP(LabelRef("multi"))
	c.Label("stretchASCII")
	k.finished(Mem{Base: from, Disp: -vector})
	c.JMP(LabelRef("stretchNext"))

	c.Label("multiEnd")
	c.CMPQ(p, end)
	c.JAE(LabelRef("result"))
	c.CMPQ(p, last)
	c.JA(LabelRef("last"))
	x := xs[0]
	c.VPXOR(Mem{Base: p}, key, x)
	c.VMOVDQU(x, Mem{Base: p})
	k.vector(x, k.behind(x, before))
	c.Label("last")
	c.VMOVDQU(tail, Mem{Base: last})
	k.vector(tail, k.behind(tail, beforeTail))
	c.Label("result")
	k.result(1)
}

// stretch is how many octets unmaskVectors masks before it checks them, where text is not ASCII.
const stretch = 1024

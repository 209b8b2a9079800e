//go:build !purego

#include "textflag.h"

// The algorithms are those of _asm, where they are explained, on vectors of 16 octets, four at a time.

// func maskVectors(b *byte, n int, key uint32) uint32
TEXT ·maskVectors(SB), NOSPLIT, $0-28
	MOVD  b+0(FP), R0
	MOVD  n+8(FP), R1
	MOVWU key+16(FP), R2
	ADD   R0, R1, R3
	SUB   $16, R3, R3          // the last vector
	SUB   $48, R3, R4          // the last place to take four from
	LSL   $3, R1, R5
	RORW  R5, R2, R6
	MOVW  R6, ret+24(FP)
	VDUP  R2, V0.S4
	VDUP  R6, V1.S4
	VLD1  (R3), [V2.B16]
	VEOR  V1.B16, V2.B16, V2.B16

four:
	CMP    R4, R0
	BHI    one
	VLD1   (R0), [V4.B16, V5.B16, V6.B16, V7.B16]
	VEOR   V0.B16, V4.B16, V4.B16
	VEOR   V0.B16, V5.B16, V5.B16
	VEOR   V0.B16, V6.B16, V6.B16
	VEOR   V0.B16, V7.B16, V7.B16
	VST1.P [V4.B16, V5.B16, V6.B16, V7.B16], 64(R0)
	B      four

one:
	CMP    R3, R0
	BHS    last
	VLD1   (R0), [V4.B16]
	VEOR   V0.B16, V4.B16, V4.B16
	VST1.P [V4.B16], 16(R0)
	B      one

last:
	VST1 [V2.B16], (R3)
	RET

// The tables for the upper and the lower half of an octet and for the upper half of the next, and what
// the last octets of a vector are at most where no character is left to be finished behind it.
DATA utf8_tables<>+0(SB)/8, $0x0202020202020202
DATA utf8_tables<>+8(SB)/8, $0x4915012180808080
DATA utf8_tables<>+16(SB)/8, $0xcbcbcb8b8383a3e7
DATA utf8_tables<>+24(SB)/8, $0xcbcbdbcbcbcbcbcb
DATA utf8_tables<>+32(SB)/8, $0x0101010101010101
DATA utf8_tables<>+40(SB)/8, $0x01010101babaaee6
DATA utf8_tables<>+48(SB)/8, $0xffffffffffffffff
DATA utf8_tables<>+56(SB)/8, $0xbfdfefffffffffff
GLOBL utf8_tables<>(SB), RODATA|NOPTR, $64

// CONSTANTS loads V16 to V23 and clears V24, where what is wrong is gathered, and V3, the vector before.
#define CONSTANTS \
	MOVD  $utf8_tables<>(SB), R5                           \
	VLD1  (R5), [V16.B16, V17.B16, V18.B16, V19.B16]       \
	VMOVI $0x0F, V20.B16                                   \
	VMOVI $0x80, V21.B16                                   \
	VMOVI $0xE0, V22.B16                                   \
	VMOVI $0xF0, V23.B16                                   \
	VEOR  V24.B16, V24.B16, V24.B16                        \
	VEOR  V3.B16, V3.B16, V3.B16

// BEHIND puts the octets one, two and three before each of X into V25, V26 and V27.
#define BEHIND(BEFORE, X) \
	VEXT $15, X.B16, BEFORE.B16, V25.B16 \
	VEXT $14, X.B16, BEFORE.B16, V26.B16 \
	VEXT $13, X.B16, BEFORE.B16, V27.B16

// JUDGE checks X, behind BEHIND.
#define JUDGE(X) \
	VUMAX V22.B16, V26.B16, V28.B16   \
	VUMAX V23.B16, V27.B16, V29.B16   \
	VCMEQ V28.B16, V26.B16, V28.B16   \
	VCMEQ V29.B16, V27.B16, V29.B16   \
	VORR  V29.B16, V28.B16, V28.B16   \
	VAND  V21.B16, V28.B16, V28.B16   \
	VUSHR $4, V25.B16, V29.B16        \
	VAND  V20.B16, V25.B16, V30.B16   \
	VUSHR $4, X.B16, V31.B16          \
	VTBL  V29.B16, [V16.B16], V29.B16 \
	VTBL  V30.B16, [V17.B16], V30.B16 \
	VTBL  V31.B16, [V18.B16], V31.B16 \
	VAND  V30.B16, V29.B16, V29.B16   \
	VAND  V31.B16, V29.B16, V29.B16   \
	VEOR  V28.B16, V29.B16, V29.B16   \
	VORR  V29.B16, V24.B16, V24.B16

#define CHECK(BEFORE, X) \
	BEHIND(BEFORE, X) \
	JUDGE(X)

// FINISHED holds it against V3 that a character is not finished at its end.
#define FINISHED \
	VUMAX V19.B16, V3.B16, V25.B16  \
	VEOR  V19.B16, V25.B16, V25.B16 \
	VORR  V25.B16, V24.B16, V24.B16

// ASCII puts into R7 what is not zero where one of V4 to V7 is not all ASCII.
#define ASCII \
	VORR V4.B16, V5.B16, V25.B16        \
	VORR V6.B16, V7.B16, V26.B16        \
	VORR V25.B16, V26.B16, V25.B16      \
	VMOV V25.D[0], R7                   \
	VMOV V25.D[1], R8                   \
	ORR  R8, R7, R7                     \
	AND  $0x8080808080808080, R7, R7

// func validVectors(b *byte, n int) bool
TEXT ·validVectors(SB), NOSPLIT, $0-17
	MOVD b+0(FP), R0
	MOVD n+8(FP), R1
	ADD  R0, R1, R2            // the end
	SUB  $16, R2, R3           // the last vector
	SUB  $64, R2, R4           // the last place to take four from
	CONSTANTS

four:
	CMP    R4, R0
	BHI    one
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16]
	ASCII
	CBZ    R7, ascii
	CHECK(V3, V4)
	CHECK(V4, V5)
	CHECK(V5, V6)
	CHECK(V6, V7)
	VMOV   V7.B16, V3.B16
	B      four

ascii:
	FINISHED
	VMOV V7.B16, V3.B16
	B    four

one:
	CMP    R3, R0
	BHI    last
	VLD1.P 16(R0), [V4.B16]
	CHECK(V3, V4)
	VMOV   V4.B16, V3.B16
	B      one

last:
	CMP  R2, R0
	BHS  result
	VLD1 (R3), [V4.B16]
	SUB  $1, R3, R5
	VLD1 (R5), [V25.B16]
	SUB  $2, R3, R5
	VLD1 (R5), [V26.B16]
	SUB  $3, R3, R5
	VLD1 (R5), [V27.B16]
	JUDGE(V4)

result:
	VMOV V24.D[0], R7
	VMOV V24.D[1], R8
	ORR  R8, R7, R7
	CMP  $0, R7
	CSET EQ, R7
	MOVB R7, ret+16(FP)
	RET

// func unmaskVectors(b *byte, n int, key uint32) (next uint32, ok bool)
TEXT ·unmaskVectors(SB), NOSPLIT, $0-29
	MOVD  b+0(FP), R0
	MOVD  n+8(FP), R1
	MOVWU key+16(FP), R6
	ADD   R0, R1, R2
	SUB   $16, R2, R3
	SUB   $64, R2, R4
	LSL   $3, R1, R5
	RORW  R5, R6, R7
	MOVW  R7, next+24(FP)
	VDUP  R6, V0.S4
	VDUP  R7, V1.S4
	SUB   $16, R3, R5
	VLD1  (R5), [V2.B16]
	VEOR  V1.B16, V2.B16, V2.B16 // the last vector but one
	VLD1  (R3), [V8.B16]
	VEOR  V1.B16, V8.B16, V8.B16 // the last vector
	CONSTANTS

four:
	CMP    R4, R0
	BHI    one
	VLD1   (R0), [V4.B16, V5.B16, V6.B16, V7.B16]
	VEOR   V0.B16, V4.B16, V4.B16
	VEOR   V0.B16, V5.B16, V5.B16
	VEOR   V0.B16, V6.B16, V6.B16
	VEOR   V0.B16, V7.B16, V7.B16
	VST1.P [V4.B16, V5.B16, V6.B16, V7.B16], 64(R0)
	ASCII
	CBZ    R7, ascii
	CHECK(V3, V4)
	CHECK(V4, V5)
	CHECK(V5, V6)
	CHECK(V6, V7)
	VMOV   V7.B16, V3.B16
	B      four

ascii:
	FINISHED
	VMOV V7.B16, V3.B16
	B    four

one:
	CMP    R3, R0
	BHI    last
	VLD1   (R0), [V4.B16]
	VEOR   V0.B16, V4.B16, V4.B16
	VST1.P [V4.B16], 16(R0)
	CHECK(V3, V4)
	VMOV   V4.B16, V3.B16
	B      one

last:
	CMP  R2, R0
	BHS  result
	VST1 [V8.B16], (R3)
	CHECK(V2, V8)

result:
	VMOV V24.D[0], R7
	VMOV V24.D[1], R8
	ORR  R8, R7, R7
	CMP  $0, R7
	CSET EQ, R7
	MOVB R7, ok+28(FP)
	RET

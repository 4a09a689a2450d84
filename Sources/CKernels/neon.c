#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "layout.h"

#if defined(__aarch64__)
#include <arm_neon.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#define NAME(x) neon_##x
#define SCORE_BLOCKS 1
#define VALUE_SLAB 1
#include "lanes.h"
#include "attention.h"

// sdot multiplies signed by signed bytes; unsigned codes are below 64.
#define LANES 4
#define TILE 8
#define SIGNED_BIAS 0
#define partial char
#define DOT(l, sum, part, codes, q) \
  ((sum) = (ints)vdotq_s32((int32x4_t)(sum), (int8x16_t)(codes), (int8x16_t)(q)))
#define FLUSH(l, sum, part) ((void)(part))
#define DOTS_BEFORE_FLUSH(l) 8
#define LOOK_UP(table, v) ((bytes)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)(v)))
#include "matrix.h"
#pragma clang attribute pop

static const dna_kernels kernels = KERNELS;

const dna_kernels *dna_neon_kernels(void) { return &kernels; }
#else
const dna_kernels *dna_neon_kernels(void) { return 0; }
#endif

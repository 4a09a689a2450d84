// The kernels for any CPU. `__builtin_elementwise_fma` may become a call of libm's fmaf here, which the C standard
// requires to round once: it is the only function of libm the numerics lean on.
#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "layout.h"

#define NAME(x) portable_##x
#define SCORE_BLOCKS 1
#define VALUE_SLAB 1
#include "lanes.h"
#include "attention.h"

// The four codes of a 32-bit lane one after the other, sign-extended. Unsigned codes are below 64.
#define LANES 4
#define TILE 4
#define SIGNED_BIAS 0
#define partial char
#define BYTE(v, i) ((ints)(v) << (24 - 8 * (i)) >> 24)
#define DOT(l, sum, part, codes, q)                                                 \
  ((sum) += BYTE(codes, 0) * BYTE(q, 0) + BYTE(codes, 1) * BYTE(q, 1) + BYTE(codes, 2) * BYTE(q, 2) + \
            BYTE(codes, 3) * BYTE(q, 3))
#define FLUSH(l, sum, part) ((void)(part))
#define DOTS_BEFORE_FLUSH(l) 8
#define LOOK_UP(table, v)                                              \
  ({                                                                   \
    bytes found_;                                                      \
    for (int i_ = 0; i_ < 16; i_++) found_[i_] = (table)[(v)[i_]];     \
    found_;                                                            \
  })
#include "matrix.h"

static const dna_kernels kernels = KERNELS;

const dna_kernels *dna_portable_kernels(void) { return &kernels; }

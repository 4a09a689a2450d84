#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "layout.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define NAME(x) avx512_##x
#define SCORE_BLOCKS 2
#define VALUE_SLAB 4
#include "lanes.h"
#include "attention.h"

// vpdpbusd multiplies unsigned by signed bytes.
#define LANES 16
#define TILE 8
#define SIGNED_BIAS 128
#define partial char
#define DOT(l, sum, part, codes, q) ((sum) = (ints)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(codes), (__m512i)(q)))
#define FLUSH(l, sum, part) ((void)(part))
#define DOTS_BEFORE_FLUSH(l) 8
#define LOOK_UP(table, v) \
  ((bytes)_mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(table))), (__m512i)(v)))
#include "matrix.h"
#pragma clang attribute pop

static const dna_kernels kernels = KERNELS;

const dna_kernels *dna_avx512_kernels(void) { return &kernels; }
#else
const dna_kernels *dna_avx512_kernels(void) { return 0; }
#endif

#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"), \
                                            min_vector_width(512))), apply_to = function)
#define NAME(x) avx512_##x
#define SCORE_TILE 6
#define SCORE_BLOCKS 2
#define VALUE_TILE 6
#define VALUE_SLAB 4
#define TILE 8
#include "lanes.h"

static inline __attribute__((always_inline)) __m512i four(const int8_t *codes) {
  int32_t x;
  __builtin_memcpy(&x, codes, 4);
  return _mm512_set1_epi32(x);
}

static inline __attribute__((always_inline)) void finish(__m512 acc, float *out, int mode) {
  _mm512_storeu_ps(out, mode == DNA_ADD ? _mm512_add_ps(_mm512_loadu_ps(out), acc) : acc);
}

static inline __attribute__((always_inline)) void avx512_q4_1_tile(const dna_q4_1_block *w, int64_t blocks,
                                                                   const dna_activations *a, int64_t token, float *out,
                                                                   int64_t stride, int mode, const int n) {
  const __m512i low = _mm512_set1_epi8(15);
  const int8_t *codes = a->codes + token * a->columns;
  const float *scale = a->scale + token * blocks, *scaled_sum = a->scaled_sum + token * blocks;
  __m512 acc[8];
#pragma unroll
  for (int t = 0; t < n; t++) acc[t] = _mm512_setzero_ps();
  for (int64_t b = 0; b < blocks; b++) {
    __m512i sum[8];
#pragma unroll
    for (int t = 0; t < n; t++) sum[t] = _mm512_setzero_si512();
#pragma unroll
    for (int g = 0; g < 4; g++) {
      const __m512i v = _mm512_loadu_si512(w[b].codes + 64 * g);
      const __m512i lo = _mm512_and_si512(v, low), hi = _mm512_and_si512(_mm512_srli_epi16(v, 4), low);
#pragma unroll
      for (int t = 0; t < n; t++) {
        const int8_t *q = codes + t * a->columns + 32 * b + 4 * g;
        sum[t] = _mm512_dpbusd_epi32(sum[t], lo, four(q));
        sum[t] = _mm512_dpbusd_epi32(sum[t], hi, four(q + 16));
      }
    }
    const __m512 d = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)w[b].scale));
    const __m512 m = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)w[b].minimum));
#pragma unroll
    for (int t = 0; t < n; t++) {
      const __m512 ds = _mm512_mul_ps(d, _mm512_set1_ps(scale[t * blocks + b]));
      acc[t] = _mm512_fmadd_ps(ds, _mm512_cvtepi32_ps(sum[t]), acc[t]);
      acc[t] = _mm512_fmadd_ps(m, _mm512_set1_ps(scaled_sum[t * blocks + b]), acc[t]);
    }
  }
#pragma unroll
  for (int t = 0; t < n; t++) finish(acc[t], out + t * stride, mode);
}

static inline __attribute__((always_inline)) void avx512_q8_0_tile(const dna_q8_0_block *w, int64_t blocks,
                                                                   const dna_activations *a, int64_t token, float *out,
                                                                   int64_t stride, int mode, const int n) {
  // vpdpbusd wants unsigned x signed: add 128 to the weights and take 128 * sum(q) off, exactly, in integers
  const __m512i bias = _mm512_set1_epi8((char)0x80);
  const int8_t *codes = a->codes + token * a->columns;
  const float *scale = a->scale + token * blocks;
  const int32_t *sums = a->sum + token * blocks;
  __m512 acc[8];
#pragma unroll
  for (int t = 0; t < n; t++) acc[t] = _mm512_setzero_ps();
  for (int64_t b = 0; b < blocks; b++) {
    __m512i sum[8];
#pragma unroll
    for (int t = 0; t < n; t++) sum[t] = _mm512_set1_epi32(-128 * sums[t * blocks + b]);
#pragma unroll
    for (int g = 0; g < 8; g++) {
      const __m512i v = _mm512_xor_si512(_mm512_loadu_si512(w[b].codes + 64 * g), bias);
#pragma unroll
      for (int t = 0; t < n; t++)
        sum[t] = _mm512_dpbusd_epi32(sum[t], v, four(codes + t * a->columns + 32 * b + 4 * g));
    }
    const __m512 d = _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)w[b].scale));
#pragma unroll
    for (int t = 0; t < n; t++) {
      const __m512 ds = _mm512_mul_ps(d, _mm512_set1_ps(scale[t * blocks + b]));
      acc[t] = _mm512_fmadd_ps(ds, _mm512_cvtepi32_ps(sum[t]), acc[t]);
    }
  }
#pragma unroll
  for (int t = 0; t < n; t++) finish(acc[t], out + t * stride, mode);
}

#include "tiles.h"
#pragma clang attribute pop

const dna_kernels dna_kernels_avx512 = KERNELS;
#endif

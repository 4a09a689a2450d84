#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define NAME(x) avx2_##x
#define SCORE_TILE 6
#define SCORE_BLOCKS 1
#define VALUE_TILE 3
#define VALUE_SLAB 2
#define TILE 4
#include "lanes.h"

static inline __attribute__((always_inline)) __m256i four(const int8_t *codes) {
  int32_t x;
  __builtin_memcpy(&x, codes, 4);
  return _mm256_set1_epi32(x);
}

static inline __attribute__((always_inline)) void finish(__m256 acc, float *out, int mode) {
  _mm256_storeu_ps(out, mode == DNA_ADD ? _mm256_add_ps(_mm256_loadu_ps(out), acc) : acc);
}

static inline __attribute__((always_inline)) void avx2_q4_1_half(const dna_q4_1_block *w, int64_t blocks,
                                                                 const dna_activations *a, int64_t token, float *out,
                                                                 int64_t stride, int mode, const int n, int half) {
  const __m256i low = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);
  const int8_t *codes = a->codes + token * a->columns;
  const float *scale = a->scale + token * blocks, *scaled_sum = a->scaled_sum + token * blocks;
  __m256 acc[4];
#pragma unroll
  for (int t = 0; t < n; t++) acc[t] = _mm256_setzero_ps();
  for (int64_t b = 0; b < blocks; b++) {
    // 16-bit sums: 4 vectors x 2 nibbles x 2 products of at most 15 * 127 stay below 2^15, so they need no widening
    __m256i sum[4];
#pragma unroll
    for (int t = 0; t < n; t++) sum[t] = _mm256_setzero_si256();
#pragma unroll
    for (int g = 0; g < 4; g++) {
      const __m256i v = _mm256_loadu_si256((const __m256i *)(w[b].codes + 64 * g + 32 * half));
      const __m256i lo = _mm256_and_si256(v, low), hi = _mm256_and_si256(_mm256_srli_epi16(v, 4), low);
#pragma unroll
      for (int t = 0; t < n; t++) {
        const int8_t *q = codes + t * a->columns + 32 * b + 4 * g;
        sum[t] = _mm256_add_epi16(sum[t], _mm256_add_epi16(_mm256_maddubs_epi16(lo, four(q)),
                                                           _mm256_maddubs_epi16(hi, four(q + 16))));
      }
    }
    const __m256 d = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(w[b].scale + 8 * half)));
    const __m256 m = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(w[b].minimum + 8 * half)));
#pragma unroll
    for (int t = 0; t < n; t++) {
      const __m256 ds = _mm256_mul_ps(d, _mm256_set1_ps(scale[t * blocks + b]));
      acc[t] = _mm256_fmadd_ps(ds, _mm256_cvtepi32_ps(_mm256_madd_epi16(sum[t], ones)), acc[t]);
      acc[t] = _mm256_fmadd_ps(m, _mm256_set1_ps(scaled_sum[t * blocks + b]), acc[t]);
    }
  }
#pragma unroll
  for (int t = 0; t < n; t++) finish(acc[t], out + t * stride + 8 * half, mode);
}

static inline __attribute__((always_inline)) void avx2_q4_1_tile(const dna_q4_1_block *w, int64_t blocks,
                                                                 const dna_activations *a, int64_t token, float *out,
                                                                 int64_t stride, int mode, const int n) {
  for (int half = 0; half < 2; half++) avx2_q4_1_half(w, blocks, a, token, out, stride, mode, n, half);
}

static inline __attribute__((always_inline)) void avx2_q8_0_half(const dna_q8_0_block *w, int64_t blocks,
                                                                 const dna_activations *a, int64_t token, float *out,
                                                                 int64_t stride, int mode, const int n, int half) {
  const __m256i ones = _mm256_set1_epi16(1);
  const int8_t *codes = a->codes + token * a->columns;
  const float *scale = a->scale + token * blocks;
  __m256 acc[4];
#pragma unroll
  for (int t = 0; t < n; t++) acc[t] = _mm256_setzero_ps();
  for (int64_t b = 0; b < blocks; b++) {
    __m256i sum[4];
#pragma unroll
    for (int t = 0; t < n; t++) sum[t] = _mm256_setzero_si256();
#pragma unroll
    for (int g = 0; g < 8; g++) {
      // |w| as unsigned (-128 becomes 128) times q with w's sign: 2 * 128 * 127 is below 2^15, so nothing saturates
      const __m256i v = _mm256_loadu_si256((const __m256i *)(w[b].codes + 64 * g + 32 * half));
      const __m256i size = _mm256_abs_epi8(v);
#pragma unroll
      for (int t = 0; t < n; t++) {
        const __m256i q = _mm256_sign_epi8(four(codes + t * a->columns + 32 * b + 4 * g), v);
        sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(_mm256_maddubs_epi16(size, q), ones));
      }
    }
    const __m256 d = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(w[b].scale + 8 * half)));
#pragma unroll
    for (int t = 0; t < n; t++) {
      const __m256 ds = _mm256_mul_ps(d, _mm256_set1_ps(scale[t * blocks + b]));
      acc[t] = _mm256_fmadd_ps(ds, _mm256_cvtepi32_ps(sum[t]), acc[t]);
    }
  }
#pragma unroll
  for (int t = 0; t < n; t++) finish(acc[t], out + t * stride + 8 * half, mode);
}

static inline __attribute__((always_inline)) void avx2_q8_0_tile(const dna_q8_0_block *w, int64_t blocks,
                                                                 const dna_activations *a, int64_t token, float *out,
                                                                 int64_t stride, int mode, const int n) {
  for (int half = 0; half < 2; half++) avx2_q8_0_half(w, blocks, a, token, out, stride, mode, n, half);
}

#include "tiles.h"
#pragma clang attribute pop

const dna_kernels dna_kernels_avx2 = KERNELS;
#endif

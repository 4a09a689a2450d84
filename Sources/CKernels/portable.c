// The kernels for any CPU. `__builtin_elementwise_fma` may become a call of libm's fmaf here, which the C standard
// requires to round once: it is the only function of libm the numerics lean on.
#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "CKernels.h"

#define NAME(x) portable_##x
#define SCORE_TILE 6
#define SCORE_BLOCKS 1
#define VALUE_TILE 1
#define VALUE_SLAB 1
#define TILE 1
#include "lanes.h"

static float half_to_float(uint16_t bits) {
  _Float16 h;
  __builtin_memcpy(&h, &bits, 2);
  return (float)h;
}

static void portable_q4_1_tile(const dna_q4_1_block *w, int64_t blocks, const dna_activations *a, int64_t token,
                               float *out, int64_t stride, int mode, const int n) {
  (void)stride, (void)n;
  const int8_t *q = a->codes + token * a->columns;
  for (int r = 0; r < 16; r++) {
    float acc = 0;
    for (int64_t b = 0; b < blocks; b++) {
      int32_t sum = 0;
      for (int k = 0; k < 16; k++) {
        const uint8_t byte = w[b].codes[64 * (k / 4) + 4 * r + k % 4];
        sum += (byte & 15) * q[32 * b + k] + (byte >> 4) * q[32 * b + 16 + k];
      }
      const int64_t at = token * blocks + b;
      acc = __builtin_elementwise_fma(half_to_float(w[b].scale[r]) * a->scale[at], (float)sum, acc);
      acc = __builtin_elementwise_fma(half_to_float(w[b].minimum[r]), a->scaled_sum[at], acc);
    }
    out[r] = mode == DNA_ADD ? out[r] + acc : acc;
  }
}

static void portable_q8_0_tile(const dna_q8_0_block *w, int64_t blocks, const dna_activations *a, int64_t token,
                               float *out, int64_t stride, int mode, const int n) {
  (void)stride, (void)n;
  const int8_t *q = a->codes + token * a->columns;
  for (int r = 0; r < 16; r++) {
    float acc = 0;
    for (int64_t b = 0; b < blocks; b++) {
      int32_t sum = 0;
      for (int k = 0; k < 32; k++) sum += w[b].codes[64 * (k / 4) + 4 * r + k % 4] * q[32 * b + k];
      acc = __builtin_elementwise_fma(half_to_float(w[b].scale[r]) * a->scale[token * blocks + b], (float)sum, acc);
    }
    out[r] = mode == DNA_ADD ? out[r] + acc : acc;
  }
}

#include "tiles.h"

const dna_kernels dna_kernels_portable = KERNELS;

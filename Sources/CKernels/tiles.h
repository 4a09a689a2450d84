// The walk of a quantized matrix: for each group of 16 rows, tiles of TILE tokens, then of 4, 2 and 1. The including
// file sets NAME(x) and TILE and defines NAME(q4_1_tile) and NAME(q8_0_tile), whose last argument is a constant.

#define WALK(type)                                                                                                  \
  static void NAME(type)(const dna_##type##_block *w, int64_t groups, int64_t blocks, const dna_activations *a,     \
                         int64_t first, int64_t tokens, float *out, int64_t stride, int mode) {                     \
    for (int64_t g = 0; g < groups; g++) {                                                                          \
      const dna_##type##_block *group = w + g * blocks;                                                             \
      int64_t t = 0;                                                                                                \
      for (; t + TILE <= tokens; t += TILE)                                                                         \
        NAME(type##_tile)(group, blocks, a, first + t, out + t * stride + 16 * g, stride, mode, TILE);              \
      if (TILE > 4 && t + 4 <= tokens) {                                                                            \
        NAME(type##_tile)(group, blocks, a, first + t, out + t * stride + 16 * g, stride, mode, 4);                 \
        t += 4;                                                                                                     \
      }                                                                                                             \
      if (TILE > 2 && t + 2 <= tokens) {                                                                            \
        NAME(type##_tile)(group, blocks, a, first + t, out + t * stride + 16 * g, stride, mode, 2);                 \
        t += 2;                                                                                                     \
      }                                                                                                             \
      for (; t < tokens; t++)                                                                                       \
        NAME(type##_tile)(group, blocks, a, first + t, out + t * stride + 16 * g, stride, mode, 1);                 \
    }                                                                                                               \
  }

WALK(q4_1)
WALK(q8_0)

#define KERNELS                                                                                                     \
  {NAME(q4_1),     NAME(q8_0),   NAME(f16),  NAME(f32),   NAME(quantize),  NAME(magnitude),                         \
   NAME(rms_norm), NAME(swiglu), NAME(rope), NAME(store), NAME(attention), NAME(exponential)}

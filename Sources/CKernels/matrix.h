// The quantized matrix product, written once and compiled once for each instruction set. The including file sets
//   NAME(x)         its prefix
//   LANES           rows of one vector: 16, 8 or 4
//   TILE            tokens that share a pass over the weights: 8 or 4
//   SIGNED_BIAS     what is added to signed codes (layout_is_signed) before DOT and taken off again in integers
//   partial         the type of partial sums
//   DOT(l, sum, part, codes, q)   adds, in `sum` or, until FLUSH, in `part`, each lane's four codes times the four of q
//   FLUSH(l, sum, part)           adds `part` to `sum` and clears it
//   DOTS_BEFORE_FLUSH(l)          how many DOTs `part` can take
//   LOOK_UP(table, v)             the table's byte at each byte of v
// Each lane is one row, so the definition's order holds: blocks ascending, one fma for the scale, one for the minimum.

typedef uint8_t bytes __attribute__((ext_vector_type(4 * LANES), aligned(1)));
typedef uint16_t words __attribute__((ext_vector_type(2 * LANES), aligned(1)));
typedef int32_t ints __attribute__((ext_vector_type(LANES), aligned(1)));
typedef float floats __attribute__((ext_vector_type(LANES), aligned(1)));
typedef _Float16 half_floats __attribute__((ext_vector_type(LANES), aligned(1)));
typedef int8_t small_ints __attribute__((ext_vector_type(LANES), aligned(1)));

#define PARTS (16 / LANES)

INLINE bytes NAME(left)(bytes v, const int count) { return (bytes)((words)v << count); }
INLINE bytes NAME(right)(bytes v, const int count) { return (bytes)((words)v >> count); }

// The bits `mask` of the result are bits of `v`, moved from place `from` to place `to`.
INLINE bytes NAME(moved)(bytes v, const int from, const int to, const int mask) {
  return (from > to ? NAME(right)(v, from - to) : from < to ? NAME(left)(v, to - from) : v) & (bytes)(uint8_t)mask;
}

// Quad g of a block, LANES rows from `block` on.
INLINE bytes NAME(quad)(const layout l, const uint8_t *block, const int g) {
  const bytes v = *(const bytes *)(block + 64 * (l.codes == CODES_8 ? g : l.codes <= CODES_3 ? g / 4 : g % 4));
  switch (l.codes) {
    case CODES_2: return NAME(moved)(v, 2 * (g % 4), 0, 3);
    case CODES_3: return NAME(moved)(v, 2 * (g % 4), 0, 3) | NAME(moved)(*(const bytes *)(block + 128), g, 2, 4);
    case CODES_8: return v ^ (bytes)(uint8_t)SIGNED_BIAS;
    default: break;
  }
  const bytes nibbles = NAME(moved)(v, g < 4 ? 0 : 4, 0, 15);
  switch (l.codes) {
    case CODES_5: return nibbles | NAME(moved)(*(const bytes *)(block + 256), g, 4, 16);
    case CODES_6: return nibbles | NAME(moved)(*(const bytes *)(block + 256 + 64 * (g / 4)), 2 * (g % 4), 4, 48);
    case CODES_TABLE: {
#define BIASED(v) (uint8_t)((v) + SIGNED_BIAS)
      static const uint8_t table[16] = {IQ4_TABLE(BIASED)};
      return LOOK_UP(table, nibbles);
    }
    default: return nibbles;
  }
}

INLINE bytes NAME(four)(const int8_t *codes) {
  int32_t x;
  __builtin_memcpy(&x, codes, 4);
  return (bytes)(ints)x;
}

INLINE floats NAME(halves)(const uint8_t *at) { return __builtin_convertvector(*(const half_floats *)at, floats); }
INLINE floats NAME(factors)(small_ints v) { return __builtin_convertvector(v, floats); }

// The scales and minima of a half block from those of its super-block; `scales` are its scale bytes.
INLINE floats NAME(scale)(const layout l, floats d, const uint8_t *scales) {
  const small_ints v = *(const small_ints *)scales;
  if (l.scales == SCALE_HALF) return d;
  return d * NAME(factors)(l.scales == SCALE_NIBBLE_16 ? v & 15 : v);
}

INLINE floats NAME(minimum)(const layout l, floats m, const uint8_t *scales) {
  if (l.scales == SCALE_HALF) return m;
  if (l.scales == SCALE_BYTE) return -m * NAME(factors)(*(const small_ints *)(scales + 16));
  return -m * NAME(factors)(*(const small_ints *)scales >> 4 & 15);
}

// `m` parts of LANES rows, from row `row` of the group on, times `n` tokens; n * m is at most 8. With every block it
// asks for `ahead` bytes more from `next` on, which are wanted later.
INLINE void NAME(tile)(const layout l, const uint8_t *w, const dna_activations *a, int64_t token, float *out,
                       int64_t stride, int mode, const int n, int row, const int m, const uint8_t *next,
                       int64_t ahead) {
  const int halves = layout_halves(l), quads = 8 / halves, offset = l.offset + (layout_is_signed(l) ? SIGNED_BIAS : 0);
  const int64_t columns = a->columns, first = token * columns / 32, blocks = columns / 32;
  const int8_t *q = a->codes + token * columns;
  const int32_t *sums = halves == 2 ? a->half_sum + 2 * first : a->sum + first;
  const float *scaled_sums = halves == 2 ? a->scaled_half_sum + 2 * first : a->scaled_sum + first;
  floats acc[8];
#pragma unroll
  for (int i = 0; i < n * m; i++) acc[i] = (floats)0.0f;
  for (int64_t b = 0; b < blocks; w += layout_bytes(l)) {
    const uint8_t *scales = w + layout_blocks(l) * layout_code_bytes(l);
    const uint8_t *super_scales = scales + layout_blocks(l) * layout_scale_bytes(l);
    floats super_d[4], super_m[4];
#pragma unroll
    for (int p = 0; p < m; p++) {
      super_d[p] = NAME(halves)(super_scales + 2 * (row + LANES * p));
      super_m[p] = l.minimum ? NAME(halves)(super_scales + 32 + 2 * (row + LANES * p)) : (floats)0.0f;
    }
#pragma clang loop unroll(disable)
    for (int k = 0; k < layout_blocks(l); k++, b++, scales += layout_scale_bytes(l), next += ahead) {
      // a cache line each; the second level will do, for much is read before
      for (int64_t i = 0; i < ahead; i += 64) __builtin_prefetch(next + i, 0, 2);
      const uint8_t *codes = w + k * layout_code_bytes(l);
#pragma unroll
      for (int half = 0; half < halves; half++) {
        ints sum[8];
        partial part[8];
#pragma unroll
        for (int i = 0; i < n * m; i++) {
          sum[i] = (ints)(offset == 0 ? 0 : -offset * sums[(i / m * blocks + b) * halves + half]);
          part[i] = (partial)0;
        }
#pragma unroll
        for (int i = 0; i < quads; i++) {
          // a vector's low nibbles and its high ones in one go where no half ends between them
          const int g = halves == 2 ? 4 * half + i : l.codes == CODES_8 ? i : 4 * (i % 2) + i / 2;
#pragma unroll
          for (int p = 0; p < m; p++) {
            const bytes v = NAME(quad)(l, codes + 4 * (row + LANES * p), g);
#pragma unroll
            for (int t = 0; t < n; t++)
              DOT(l, sum[t * m + p], part[t * m + p], v, NAME(four)(q + t * columns + 32 * b + 4 * g));
          }
          if ((i + 1) % DOTS_BEFORE_FLUSH(l) == 0 || i + 1 == quads)
#pragma unroll
            for (int j = 0; j < n * m; j++) FLUSH(l, sum[j], part[j]);
        }
#pragma unroll
        for (int p = 0; p < m; p++) {
          const uint8_t *at = scales + 16 * half + row + LANES * p;
          const floats d = NAME(scale)(l, super_d[p], at);
          const floats low = l.minimum ? NAME(minimum)(l, super_m[p], at) : (floats)0.0f;
#pragma unroll
          for (int t = 0; t < n; t++) {
            const int64_t i = t * blocks + b;
            floats *to = &acc[t * m + p];
            const floats s = (floats)a->scale[first + i];
            *to = __builtin_elementwise_fma(d * s, __builtin_convertvector(sum[t * m + p], floats), *to);
            if (l.minimum) *to = __builtin_elementwise_fma(low, (floats)scaled_sums[i * halves + half], *to);
          }
        }
      }
    }
  }
#pragma unroll
  for (int i = 0; i < n * m; i++) {
    floats *to = (floats *)(out + i / m * stride + row + i % m * LANES);
    *to = mode == DNA_ADD ? *to + acc[i] : acc[i];
  }
}

// All rows of a group times n tokens: several parts at once when one token leaves registers free. All parts read the
// same bytes, so the first one asks for the next group's.
INLINE void NAME(tiles)(const layout l, const uint8_t *w, const dna_activations *a, int64_t token, float *out,
                        int64_t stride, int mode, const int n, const uint8_t *next, int64_t ahead) {
  const int m = n == 1 ? PARTS : 1;
#pragma clang loop unroll(disable)
  for (int p = 0; p < PARTS; p += m, ahead = 0)
    NAME(tile)(l, w, a, token, out, stride, mode, n, LANES * p, m, next, ahead);
}

// A group that is used by several tiles is read in bursts, which the processor does not foresee. So each tile asks for
// its share of the next group, bit by bit.
INLINE void NAME(rows)(const layout l, const uint8_t *w, int64_t groups, const dna_activations *a, int64_t first,
                       int64_t tokens, float *out, int64_t stride, int mode) {
  const int64_t blocks = a->columns / 32, size = blocks / layout_blocks(l) * layout_bytes(l);
  for (int64_t g = 0; g < groups; g++, out += 16, w += size) {
    const int64_t share = tokens < TILE || g + 1 == groups ? 0 : size / (tokens / TILE), ahead = share / blocks;
    const uint8_t *next = w + size;
    int64_t t = 0;
    for (; t + TILE <= tokens; t += TILE, next += share)
      NAME(tiles)(l, w, a, first + t, out + t * stride, stride, mode, TILE, next, ahead);
    if (TILE > 4 && t + 4 <= tokens) {
      NAME(tiles)(l, w, a, first + t, out + t * stride, stride, mode, 4, w, 0);
      t += 4;
    }
    if (TILE > 2 && t + 2 <= tokens) {
      NAME(tiles)(l, w, a, first + t, out + t * stride, stride, mode, 2, w, 0);
      t += 2;
    }
    for (; t < tokens; t++) NAME(tiles)(l, w, a, first + t, out + t * stride, stride, mode, 1, w, 0);
  }
}

QUANTIZED(WALK)

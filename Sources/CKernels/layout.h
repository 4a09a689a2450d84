// How packed rows lie in memory: for each quantized format how its codes and scales are kept. The kernels are one
// function specialised by these constants, so a format has no arithmetic of its own.
//
// A packed matrix is groups of 16 rows, a group its super-blocks in order. A super-block is 1 or 8 blocks of 32
// columns: first the codes of all blocks, then their scale bytes, then 16 scales in f16, then 16 minima if it has any.
// Rows are innermost everywhere. "Quad g" are the columns 4g ... 4g+3 of a block; a vector of 64 bytes holds a quad of
// 16 rows, byte 4*r+j belonging to column 4g+j of row r, so that a 32-bit lane is four consecutive codes of one row.
#ifndef DNA_LAYOUT_H
#define DNA_LAYOUT_H

#include "CKernels.h"

#define INLINE static inline __attribute__((always_inline))

// Codes of a block. Vectors are 64 bytes; planes come one behind the other.
enum {
  CODES_2,      // 2 vectors; vector g/4 holds quad g in its bits 2*(g%4) and up
  CODES_3,      // CODES_2, then 1 vector whose bit g is bit 2 of quad g
  CODES_4,      // 4 vectors; vector g%4 holds quad g in its low nibbles (g < 4) or high nibbles
  CODES_5,      // CODES_4, then 1 vector whose bit g is bit 4 of quad g
  CODES_6,      // CODES_4, then CODES_2 with bits 4 and 5
  CODES_8,      // 8 vectors of signed bytes
  CODES_TABLE,  // CODES_4, which index the table of IQ4
};

// Scales of a super-block. Half blocks are the columns 0...15 and 16...31 of a block.
enum {
  SCALE_HALF,       // one block; its scale is the f16
  SCALE_BYTE,       // eight blocks; for each 16 signed factors of the f16, then 16 of the minimum if there is one
  SCALE_BYTE_16,    // eight blocks; for each half block 16 signed factors
  SCALE_NIBBLE_16,  // eight blocks; for each half block 16 factors: the scale's low, the minimum's high nibble
};

typedef struct {
  int codes, scales;
  int offset;    // what is taken off every code
  bool minimum;  // whether there is one
} layout;

#define QUANTIZED(X)                                 \
  X(Q4_0, q4_0, CODES_4, SCALE_HALF, 8, false)       \
  X(Q4_1, q4_1, CODES_4, SCALE_HALF, 0, true)        \
  X(Q5_0, q5_0, CODES_5, SCALE_HALF, 16, false)      \
  X(Q5_1, q5_1, CODES_5, SCALE_HALF, 0, true)        \
  X(Q8_0, q8_0, CODES_8, SCALE_HALF, 0, false)       \
  X(Q2_K, q2_K, CODES_2, SCALE_NIBBLE_16, 0, true)   \
  X(Q3_K, q3_K, CODES_3, SCALE_BYTE_16, 4, false)    \
  X(Q4_K, q4_K, CODES_4, SCALE_BYTE, 0, true)        \
  X(Q5_K, q5_K, CODES_5, SCALE_BYTE, 0, true)        \
  X(Q6_K, q6_K, CODES_6, SCALE_BYTE_16, 32, false)   \
  X(IQ4_NL, iq4_NL, CODES_TABLE, SCALE_HALF, 0, false) \
  X(IQ4_XS, iq4_XS, CODES_TABLE, SCALE_BYTE, 0, false)

// The values of IQ4_NL's and IQ4_XS's codes.
#define IQ4_TABLE(V)                                                                                          \
  V(-127), V(-104), V(-83), V(-65), V(-49), V(-35), V(-22), V(-10), V(1), V(13), V(25), V(38), V(53), V(69), V(89), \
      V(113)

// Blocks of 32 columns in a super-block.
INLINE int layout_blocks(const layout l) { return l.scales == SCALE_HALF ? 1 : 8; }

// Scales of a block.
INLINE int layout_halves(const layout l) { return l.scales == SCALE_BYTE_16 || l.scales == SCALE_NIBBLE_16 ? 2 : 1; }

// Bytes of a block's codes.
INLINE int layout_code_bytes(const layout l) {
  switch (l.codes) {
    case CODES_2: return 128;
    case CODES_3: return 192;
    case CODES_5: return 320;
    case CODES_6: return 384;
    case CODES_8: return 512;
    default: return 256;
  }
}

// Bytes of a block's scales.
INLINE int layout_scale_bytes(const layout l) {
  if (l.scales == SCALE_HALF) return 0;
  return l.scales == SCALE_BYTE && !l.minimum ? 16 : 32;
}

INLINE int layout_bytes(const layout l) {
  return layout_blocks(l) * (layout_code_bytes(l) + layout_scale_bytes(l)) + (l.minimum ? 64 : 32);
}

// Whether codes are signed bytes, or become them by the table; all others are kept unsigned, below 64.
INLINE bool layout_is_signed(const layout l) { return l.codes == CODES_8 || l.codes == CODES_TABLE; }

// The integer that column `column` of row `row` of a block stands for.
INLINE int layout_code(const layout l, const uint8_t *block, int row, int column) {
#define VALUE(v) v
  static const int8_t table[16] = {IQ4_TABLE(VALUE)};
  const int g = column / 4, lane = 4 * row + column % 4;
  const int nibble = block[64 * (g % 4) + lane] >> (g < 4 ? 0 : 4) & 15;
  switch (l.codes) {
    case CODES_2: return (block[64 * (g / 4) + lane] >> 2 * (g % 4) & 3) - l.offset;
    case CODES_3:
      return (block[64 * (g / 4) + lane] >> 2 * (g % 4) & 3) + (block[128 + lane] >> g & 1) * 4 - l.offset;
    case CODES_4: return nibble - l.offset;
    case CODES_5: return nibble + (block[256 + lane] >> g & 1) * 16 - l.offset;
    case CODES_6: return nibble + (block[256 + 64 * (g / 4) + lane] >> 2 * (g % 4) & 3) * 16 - l.offset;
    case CODES_8: return (int8_t)block[64 * g + lane];
    default: return table[nibble];
  }
}

INLINE float layout_half(const void *at) {
  _Float16 h;
  __builtin_memcpy(&h, at, 2);
  return (float)h;
}

// The scale of a row's half block, and its minimum (0 if the format has none). Products are exact: 11 bits times 8.
INLINE void layout_scale(const layout l, const uint8_t *super, int block, int half, int row, float *d, float *m) {
  const uint8_t *scales = super + layout_blocks(l) * layout_code_bytes(l);
  const uint8_t *halves = scales + layout_blocks(l) * layout_scale_bytes(l);
  const uint8_t *at = scales + block * layout_scale_bytes(l) + 16 * half + row;
  *d = layout_half(halves + 2 * row);
  *m = l.minimum ? layout_half(halves + 32 + 2 * row) : 0;
  switch (l.scales) {
    case SCALE_HALF: return;
    case SCALE_BYTE:
      if (l.minimum) *m = -*m * (float)(int8_t)at[16];
      *d *= (float)(int8_t)*at;
      return;
    case SCALE_BYTE_16: *d *= (float)(int8_t)*at; return;
    default: *m = -*m * (float)(*at >> 4), *d *= (float)(*at & 15);
  }
}

// The walk of a quantized matrix for each format, by NAME(rows), whose first argument is a constant, and the table of
// kernels.
#define WALK(NAME_, name, codes, scales, offset, minimum)                                                          \
  static void NAME(name)(const void *w, int64_t groups, const dna_activations *a, int64_t first, int64_t tokens,   \
                         float *out, int64_t stride, int mode) {                                                   \
    const layout l = {codes, scales, offset, minimum};                                                             \
    NAME(rows)(l, w, groups, a, first, tokens, out, stride, mode);                                                 \
  }
#define MEMBER(NAME_, name, codes, scales, offset, minimum) [DNA_##NAME_] = NAME(name),
#define KERNELS                                                                                                    \
  {{[DNA_F32] = NAME(f32), [DNA_F16] = NAME(f16), [DNA_BF16] = NAME(bf16), QUANTIZED(MEMBER)},                     \
   NAME(quantize), NAME(magnitude), NAME(rms_norm), NAME(add), NAME(scale_by), NAME(accumulate), NAME(activate),   \
   NAME(soft_cap), NAME(rotate), NAME(store), NAME(attention), NAME(exponential)}

#endif

// Packing of the file's rows, and packed rows as floats. A block of the file is first read into plain codes and scales,
// by a function for each type that knows the file's format (docs/numerics.md), and then written in the layout.
#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "layout.h"

#include <string.h>

// One row of a super-block: codes before the offset is taken off, and scales.
typedef struct {
  uint8_t codes[256];
  uint16_t d, m;
  int8_t scales[16], minima[8];
} plain_row;

INLINE void read_nibbles(const uint8_t *in, plain_row *out) {
  for (int i = 0; i < 16; i++) out->codes[i] = in[i] & 15, out->codes[16 + i] = in[i] >> 4;
}

INLINE void read_fifth_bits(const uint8_t *in, plain_row *out) {
  uint32_t bits;
  memcpy(&bits, in, 4);
  for (int i = 0; i < 32; i++) out->codes[i] |= (uint8_t)((bits >> i & 1) << 4);
}

INLINE void read_q4_0(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  read_nibbles(in + 2, out);
}

INLINE void read_q4_1(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  memcpy(&out->m, in + 2, 2);
  read_nibbles(in + 4, out);
}

INLINE void read_q5_0(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  read_nibbles(in + 6, out);
  read_fifth_bits(in + 2, out);
}

INLINE void read_q5_1(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  memcpy(&out->m, in + 2, 2);
  read_nibbles(in + 8, out);
  read_fifth_bits(in + 4, out);
}

INLINE void read_q8_0(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  memcpy(out->codes, in + 2, 32);
}

INLINE void read_pairs(const uint8_t *in, plain_row *out) {
  for (int n = 0; n < 2; n++)
    for (int j = 0; j < 4; j++)
      for (int i = 0; i < 32; i++) out->codes[128 * n + 32 * j + i] = in[32 * n + i] >> 2 * j & 3;
}

INLINE void read_q2_K(const uint8_t *in, plain_row *out) {
  memcpy(out->scales, in, 16);
  read_pairs(in + 16, out);
  memcpy(&out->d, in + 80, 2);
  memcpy(&out->m, in + 82, 2);
}

INLINE void read_q3_K(const uint8_t *in, plain_row *out) {
  read_pairs(in + 32, out);
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 32; i++) out->codes[32 * j + i] |= (uint8_t)((in[i] >> j & 1) << 2);
  const uint8_t *s = in + 96;
  for (int i = 0; i < 16; i++) {
    const int low = i < 8 ? s[i] & 15 : s[i - 8] >> 4, high = s[8 + i % 4] >> 2 * (i / 4) & 3;
    out->scales[i] = (int8_t)((low | high << 4) - 32);
  }
  memcpy(&out->d, in + 108, 2);
}

// Eight scales and eight minima of 6 bits in 12 bytes.
INLINE void read_sixes(const uint8_t *in, plain_row *out) {
  for (int i = 0; i < 4; i++) {
    out->scales[i] = in[i] & 63;
    out->minima[i] = in[4 + i] & 63;
    out->scales[4 + i] = (int8_t)((in[8 + i] & 15) | in[i] >> 6 << 4);
    out->minima[4 + i] = (int8_t)(in[8 + i] >> 4 | in[4 + i] >> 6 << 4);
  }
}

INLINE void read_q4_K(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  memcpy(&out->m, in + 2, 2);
  read_sixes(in + 4, out);
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 32; i++) {
      const uint8_t byte = in[16 + 32 * j + i];
      out->codes[64 * j + i] = byte & 15;
      out->codes[64 * j + 32 + i] = byte >> 4;
    }
}

INLINE void read_q5_K(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  memcpy(&out->m, in + 2, 2);
  read_sixes(in + 4, out);
  for (int j = 0; j < 4; j++)
    for (int i = 0; i < 32; i++) {
      const uint8_t byte = in[48 + 32 * j + i], high = in[16 + i];
      out->codes[64 * j + i] = (uint8_t)((byte & 15) | (high >> 2 * j & 1) << 4);
      out->codes[64 * j + 32 + i] = (uint8_t)(byte >> 4 | (high >> (2 * j + 1) & 1) << 4);
    }
}

INLINE void read_q6_K(const uint8_t *in, plain_row *out) {
  for (int n = 0; n < 2; n++)
    for (int j = 0; j < 4; j++)
      for (int i = 0; i < 32; i++) {
        const int low = in[64 * n + 32 * (j % 2) + i] >> 4 * (j / 2) & 15, high = in[128 + 32 * n + i] >> 2 * j & 3;
        out->codes[128 * n + 32 * j + i] = (uint8_t)(low | high << 4);
      }
  memcpy(out->scales, in + 192, 16);
  memcpy(&out->d, in + 208, 2);
}

INLINE void read_iq4_NL(const uint8_t *in, plain_row *out) { read_q4_0(in, out); }

INLINE void read_iq4_XS(const uint8_t *in, plain_row *out) {
  memcpy(&out->d, in, 2);
  uint16_t high;
  memcpy(&high, in + 2, 2);
  for (int i = 0; i < 8; i++)
    out->scales[i] = (int8_t)(((in[4 + i / 2] >> 4 * (i % 2) & 15) | (high >> 2 * i & 3) << 4) - 32);
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 16; i++) {
      const uint8_t byte = in[8 + 16 * j + i];
      out->codes[32 * j + i] = byte & 15;
      out->codes[32 * j + 16 + i] = byte >> 4;
    }
}

typedef uint8_t plane __attribute__((ext_vector_type(64)));
typedef uint32_t quads __attribute__((ext_vector_type(16)));

#define PUT(to, v)                \
  do {                            \
    const plane v_ = (v);         \
    memcpy((to), &v_, sizeof v_); \
  } while (0)
#define BITS(v, from, mask) (((v) >> (from)) & (plane)(uint8_t)(mask))

// Block `b` of 16 rows.
INLINE void write_codes(const layout l, const plain_row *rows, int b, uint8_t *out) {
  plane c[8];
  for (int g = 0; g < 8; g++) {
    quads q;
    for (int r = 0; r < 16; r++) {
      uint32_t four;
      memcpy(&four, rows[r].codes + 32 * b + 4 * g, 4);
      q[r] = four;
    }
    c[g] = (plane)q;
  }
  if (l.codes == CODES_8) {
    for (int g = 0; g < 8; g++) PUT(out + 64 * g, c[g]);
    return;
  }
  const bool pairs = l.codes == CODES_2 || l.codes == CODES_3;
  if (!pairs) {
    for (int g = 0; g < 4; g++) PUT(out + 64 * g, BITS(c[g], 0, 15) | BITS(c[g + 4], 0, 15) << 4);
    out += 256;
  }
  if (pairs || l.codes == CODES_6) {
    const int from = pairs ? 0 : 4;
    for (int g = 0; g < 8; g += 4)
      PUT(out + 16 * g, BITS(c[g], from, 3) | BITS(c[g + 1], from, 3) << 2 | BITS(c[g + 2], from, 3) << 4 |
                            BITS(c[g + 3], from, 3) << 6);
    out += 128;
  }
  if (l.codes == CODES_3 || l.codes == CODES_5) {
    plane bits = (plane)(uint8_t)0;
    for (int g = 0; g < 8; g++) bits |= BITS(c[g], l.codes == CODES_3 ? 2 : 4, 1) << g;
    PUT(out, bits);
  }
}

INLINE void write_rows(const layout l, const plain_row *rows, uint8_t *out) {
  const int blocks = layout_blocks(l), halves = layout_halves(l);
  for (int b = 0; b < blocks; b++, out += layout_code_bytes(l)) write_codes(l, rows, b, out);
  if (l.scales != SCALE_HALF)
    for (int b = 0; b < blocks; b++, out += layout_scale_bytes(l))
      for (int r = 0; r < 16; r++) {
        for (int half = 0; half < halves; half++) out[16 * half + r] = (uint8_t)rows[r].scales[halves * b + half];
        if (l.scales == SCALE_BYTE && l.minimum) out[16 + r] = (uint8_t)rows[r].minima[b];
      }
  for (int r = 0; r < 16; r++) {
    memcpy(out + 2 * r, &rows[r].d, 2);
    if (l.minimum) memcpy(out + 32 + 2 * r, &rows[r].m, 2);
  }
}

static bool half_is_finite(uint16_t bits) { return (bits & 0x7c00) != 0x7c00; }

typedef void reader(const uint8_t *, plain_row *);

INLINE bool pack_rows(const layout l, reader *const read, int64_t file_bytes, const uint8_t *in, int64_t row_count,
                      int64_t columns, uint8_t *out) {
  const int64_t supers = columns / 32 / layout_blocks(l);
  plain_row rows[16];
  bool finite = true;
  memset(rows, 0, sizeof rows);
  for (int64_t b = 0; b < supers; b++, out += layout_bytes(l)) {
    for (int64_t r = 0; r < row_count; r++) {
      read(in + (r * supers + b) * file_bytes, rows + r);
      finite = finite && half_is_finite(rows[r].d) && half_is_finite(rows[r].m);
    }
    write_rows(l, rows, out);
  }
  return finite;
}

static bool pack_shorts(const uint8_t *rows, int64_t row_count, int64_t columns, uint16_t exponent, uint16_t *out) {
  bool finite = true;
  if (row_count < 16) memset(out, 0, (size_t)columns * 32);
  for (int64_t r = 0; r < row_count; r++)
    for (int64_t k = 0; k < columns; k++) {
      memcpy(out + 16 * k + r, rows + 2 * (r * columns + k), 2);
      finite = finite && (out[16 * k + r] & exponent) != exponent;
    }
  return finite;
}

static bool pack_floats(const uint8_t *rows, int64_t row_count, int64_t columns, float *out) {
  bool finite = true;
  if (row_count < 16) memset(out, 0, (size_t)columns * 64);
  for (int64_t r = 0; r < row_count; r++)
    for (int64_t k = 0; k < columns; k++) {
      uint32_t bits;
      memcpy(&bits, rows + 4 * (r * columns + k), 4);
      memcpy(out + 16 * k + r, &bits, 4);
      finite = finite && (bits & 0x7fffffff) < 0x7f800000;
    }
  return finite;
}

INLINE void unpack_row(const layout l, const uint8_t *w, int64_t columns, int row, float *out) {
  for (int64_t b = 0; b < columns / 32; w += layout_bytes(l))
    for (int k = 0; k < layout_blocks(l); k++, b++)
      for (int i = 0; i < 32; i++) {
        float d, m;
        layout_scale(l, w, k, layout_halves(l) == 2 ? i / 16 : 0, row, &d, &m);
        const float code = (float)layout_code(l, w + k * layout_code_bytes(l), row, i);
        out[32 * b + i] = l.minimum ? __builtin_elementwise_fma(d, code, m) : d * code;
      }
}

enum {
  FILE_Q4_0 = 18, FILE_Q4_1 = 20, FILE_Q5_0 = 22, FILE_Q5_1 = 24, FILE_Q8_0 = 34, FILE_Q2_K = 84, FILE_Q3_K = 110,
  FILE_Q4_K = 144, FILE_Q5_K = 176, FILE_Q6_K = 210, FILE_IQ4_NL = 18, FILE_IQ4_XS = 136
};

#define LAYOUT(codes, scales, offset, minimum) ((const layout){codes, scales, offset, minimum})

int64_t dna_block_columns(int format) {
#define COLUMNS(NAME, name, ...) \
  case DNA_##NAME: return 32 * layout_blocks(LAYOUT(__VA_ARGS__));
  switch (format) {
    QUANTIZED(COLUMNS)
    default: return 1;
  }
}

int64_t dna_file_bytes(int format) {
#define FILE_BYTES(NAME, name, ...) \
  case DNA_##NAME: return FILE_##NAME;
  switch (format) {
    QUANTIZED(FILE_BYTES)
    case DNA_F32: return 4;
    default: return 2;
  }
}

int64_t dna_packed_bytes(int format) {
#define PACKED_BYTES(NAME, name, ...) \
  case DNA_##NAME: return layout_bytes(LAYOUT(__VA_ARGS__));
  switch (format) {
    QUANTIZED(PACKED_BYTES)
    case DNA_F32: return 64;
    default: return 32;
  }
}

bool dna_pack(int format, const uint8_t *rows, int64_t row_count, int64_t columns, void *out) {
#define PACK(NAME, name, ...) \
  case DNA_##NAME: return pack_rows(LAYOUT(__VA_ARGS__), read_##name, FILE_##NAME, rows, row_count, columns, out);
  switch (format) {
    QUANTIZED(PACK)
    case DNA_F16: return pack_shorts(rows, row_count, columns, 0x7c00, out);
    case DNA_BF16: return pack_shorts(rows, row_count, columns, 0x7f80, out);
    default: return pack_floats(rows, row_count, columns, out);
  }
}

void dna_unpack(int format, const void *group, int64_t columns, int64_t row, float *out) {
#define UNPACK(NAME, name, ...) \
  case DNA_##NAME: unpack_row(LAYOUT(__VA_ARGS__), group, columns, (int)row, out); return;
  switch (format) {
    QUANTIZED(UNPACK)
    case DNA_F16:
      for (int64_t k = 0; k < columns; k++) out[k] = layout_half((const uint16_t *)group + 16 * k + row);
      return;
    case DNA_BF16:
      for (int64_t k = 0; k < columns; k++) {
        const uint32_t bits = (uint32_t)((const uint16_t *)group)[16 * k + row] << 16;
        memcpy(out + k, &bits, 4);
      }
      return;
    default:
      for (int64_t k = 0; k < columns; k++) out[k] = ((const float *)group)[16 * k + row];
  }
}

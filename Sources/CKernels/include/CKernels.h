// Micro-kernels of dna-numerics-1 (docs/numerics.md). Every function computes each output by the one definition in
// scalar order; the vector lane is always an independent output, so all instruction sets give the same bits.
#ifndef DNA_CKERNELS_H
#define DNA_CKERNELS_H

#include <stdbool.h>
#include <stdint.h>

// 16 rows x 32 columns of Q4_1. Byte 4*r+j of the 64-byte vector g holds column 4g+j of row r in its low nibble and
// column 16+4g+j in its high nibble, so that a 32-bit lane holds four consecutive codes of one row.
typedef struct {
  uint8_t codes[256];
  uint16_t scale[16], minimum[16];
} dna_q4_1_block;

// 16 rows x 32 columns of Q8_0. Byte 4*r+j of vector g holds column 4g+j of row r.
typedef struct {
  int8_t codes[512];
  uint16_t scale[16];
} dna_q8_0_block;

// Quantized activations of several tokens; token t starts at codes + t*columns and at index t*columns/32 elsewhere.
typedef struct {
  int8_t *codes;
  float *scale;       // s
  float *scaled_sum;  // s * Float(sum)
  int32_t *sum;       // sum of the block's codes
  int64_t columns;
} dna_activations;

// What a matrix product does with the result already in `out`.
enum { DNA_STORE = 0, DNA_ADD = 1 };

// One call of an attention kernel: `count` queries that share one key/value head.
typedef struct {
  const float *const *queries;  // count x head_dimension
  float *const *outputs;        // count x head_dimension
  const int64_t *lengths;       // positions 0 ..< lengths[i] are visible to query i
  int64_t count;
  int64_t head_dimension;       // a multiple of 16
  const uint16_t *keys;         // f16, blocks of 16 positions: [position / 16][dimension][position % 16]
  const uint16_t *values;       // f16, [position][dimension]
  float *scores;                // scratch, count x score_stride
  int64_t score_stride;         // a multiple of 16, at least the longest length
  float scale;
} dna_attention;

// The kernels of one instruction set. Magnitudes are max(bits & 0x7fffffff): 0x7f800000 or more means not finite.
typedef struct {
  void (*q4_1)(const dna_q4_1_block *, int64_t groups, int64_t blocks, const dna_activations *, int64_t first_token,
               int64_t tokens, float *out, int64_t stride, int mode);
  void (*q8_0)(const dna_q8_0_block *, int64_t groups, int64_t blocks, const dna_activations *, int64_t first_token,
               int64_t tokens, float *out, int64_t stride, int mode);
  void (*f16)(const uint16_t *, int64_t groups, int64_t columns, const float *x, int64_t x_stride, int64_t tokens,
              float *out, int64_t stride, int mode);
  void (*f32)(const float *, int64_t groups, int64_t columns, const float *x, int64_t x_stride, int64_t tokens,
              float *out, int64_t stride, int mode);
  uint32_t (*quantize)(const float *x, const dna_activations *, int64_t token);
  uint32_t (*magnitude)(const float *x, int64_t count);
  float (*rms_norm)(const float *x, const float *weight, int64_t count, float epsilon, float *out);
  void (*swiglu)(const float *gate, const float *up, int64_t count, float *out);
  // Rotates `heads` consecutive heads in place, pairs (2i, 2i+1).
  void (*rope)(float *x, int64_t heads, int64_t head_dimension, int64_t pairs, const float *cosines,
               const float *sines);
  // Rounds one position's key and value of one head to f16 and stores them; returns max(bits & 0x7fff) over both.
  uint32_t (*store)(const float *key, const float *value, int64_t head_dimension, int64_t position, uint16_t *keys,
                    uint16_t *values);
  uint32_t (*attention)(const dna_attention *);
  void (*exponential)(const float *x, int64_t count, float *out);
} dna_kernels;

extern const dna_kernels dna_kernels_portable;
#if defined(__x86_64__)
extern const dna_kernels dna_kernels_avx2;
extern const dna_kernels dna_kernels_avx512;
#endif

bool dna_has_avx2(void);
bool dna_has_avx512(void);

// True when this thread rounds to nearest even and neither flushes nor zeroes subnormals.
bool dna_float_environment_is_exact(void);

// One iteration of a spin loop.
void dna_spin_hint(void);

// Keeps the calling thread on one CPU; false when the system refuses.
bool dna_pin_to_cpu(int cpu);

// Packing of `rows` (1...16) rows of a GGUF tensor; missing rows become zeros. False when a scale is not finite.
bool dna_pack_q4_1(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t blocks, dna_q4_1_block *out);
bool dna_pack_q8_0(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t blocks, dna_q8_0_block *out);
bool dna_pack_f16(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t columns, uint16_t *out);
bool dna_pack_f32(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t columns, float *out);

// One row of a packed matrix as floats: the embedding look-up.
void dna_unpack_q4_1(const dna_q4_1_block *, int64_t blocks, int64_t row, float *out);
void dna_unpack_q8_0(const dna_q8_0_block *, int64_t blocks, int64_t row, float *out);
void dna_unpack_f16(const uint16_t *, int64_t columns, int64_t row, float *out);
void dna_unpack_f32(const float *, int64_t columns, int64_t row, float *out);

#endif

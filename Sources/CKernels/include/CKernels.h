// Micro-kernels of dna-numerics-1 (docs/numerics.md). Every function computes each output by the one definition in
// scalar order; the vector lane is always an independent output, so all instruction sets give the same bits.
#ifndef DNA_CKERNELS_H
#define DNA_CKERNELS_H

#include <stdbool.h>
#include <stdint.h>

// How a matrix is kept: one format for each type of the file, named like it. Swift's `MatrixFormat` counts the same.
enum {
  DNA_F32, DNA_F16, DNA_BF16, DNA_Q4_0, DNA_Q4_1, DNA_Q5_0, DNA_Q5_1, DNA_Q8_0, DNA_Q2_K, DNA_Q3_K, DNA_Q4_K, DNA_Q5_K,
  DNA_Q6_K, DNA_IQ4_NL, DNA_IQ4_XS, DNA_FORMATS
};

// The input vectors of several tokens, as they are and quantized: token t starts at element t*columns of values and
// codes, at t*columns/32 of what there is for each block, at t*columns/16 of what there is for each half block.
typedef struct {
  float *values;
  int8_t *codes;
  float *scale;                           // s, for each block
  int32_t *sum, *half_sum;                // sum of the codes
  float *scaled_sum, *scaled_half_sum;    // s * Float(sum)
  int64_t columns;
} dna_activations;

// What a matrix product does with the result already in `out`.
enum { DNA_STORE = 0, DNA_ADD = 1 };

// What a gate goes through before it is multiplied. Swift's `GatedActivation` counts the same.
enum { DNA_SILU = 0, DNA_GELU = 1 };

// Which elements RoPE rotates with each other: 2i and 2i+1, or i and i + pairs. Swift's `RotaryPairing` counts the same.
enum { DNA_ADJACENT = 0, DNA_HALVES = 1 };

// One call of an attention kernel: `count` queries that share one key/value head of one sequence.
typedef struct {
  const float *const *queries;    // count x head_dimension
  float *const *outputs;          // count x head_dimension
  const int64_t *starts;          // query i sees positions starts[i] ..< lengths[i], at least one
  const int64_t *lengths;
  int64_t count;
  int64_t head_dimension;         // a multiple of 16
  const uint16_t *const *pages;   // f16, 16 positions each; those that lie before every start are not looked at
  int64_t keys;                   // where in a page the head's keys begin: [dimension][position % 16]
  int64_t values;                 // where in a page its values begin: [position % 16][dimension]
  float *scores;                  // scratch, count x score_stride
  int64_t score_stride;           // a multiple of 16, at least the longest length
  float scale;
  float soft_cap;                 // 0: none
} dna_attention;

// The kernels of one instruction set. Magnitudes are max(bits & 0x7fffffff): 0x7f800000 or more means not finite.
typedef struct {
  // Groups of 16 rows times tokens, by format.
  void (*multiply[DNA_FORMATS])(const void *w, int64_t groups, const dna_activations *, int64_t first_token,
                                int64_t tokens, float *out, int64_t stride, int mode);
  // Quantizes a token from its values.
  uint32_t (*quantize)(const dna_activations *, int64_t token);
  uint32_t (*magnitude)(const float *x, int64_t count);
  float (*rms_norm)(const float *x, const float *weight, int64_t count, float epsilon, float *out);
  // y = y + x; x = x * by; y = fma(weight, x, y). Counts are multiples of 16.
  void (*add)(const float *x, int64_t count, float *y);
  void (*scale)(float *x, float by, int64_t count);
  void (*accumulate)(const float *x, float weight, int64_t count, float *y);
  // activation(gate) * up
  void (*activate)(int activation, const float *gate, const float *up, int64_t count, float *out);
  // x = cap * tanh(x / cap), for any count.
  void (*soft_cap)(float *x, int64_t count, float cap);
  // Rotates `heads` consecutive heads in place; elements from 2 * pairs on are left alone.
  void (*rotate)(int pairing, float *x, int64_t heads, int64_t head_dimension, int64_t pairs, const float *cosines,
                 const float *sines);
  // Rounds one position's key and value of one head to f16 and stores them in the position's page, where the head's
  // keys and values begin; returns max(bits & 0x7fff) over both.
  uint32_t (*store)(const float *key, const float *value, int64_t head_dimension, int64_t position, uint16_t *keys,
                    uint16_t *values);
  uint32_t (*attention)(const dna_attention *);
  void (*exponential)(const float *x, int64_t count, float *out);
} dna_kernels;

// The member of an array, which Swift would see as a tuple.
static inline void dna_multiply(const dna_kernels *kernels, int format, const void *w, int64_t groups,
                                const dna_activations *a, int64_t first_token, int64_t tokens, float *out,
                                int64_t stride, int mode) {
  kernels->multiply[format](w, groups, a, first_token, tokens, out, stride, mode);
}

// The kernels of an instruction set; NULL on another architecture. Whether this machine has it is a question apart.
const dna_kernels *dna_portable_kernels(void);
const dna_kernels *dna_avx2_kernels(void);
const dna_kernels *dna_avx512_kernels(void);
const dna_kernels *dna_neon_kernels(void);

bool dna_has_avx2(void);
bool dna_has_avx512(void);
bool dna_has_neon(void);

// True when this thread rounds to nearest even and neither flushes nor zeroes subnormals.
bool dna_float_environment_is_exact(void);

// One iteration of a spin loop.
void dna_spin_hint(void);

// Keeps the calling thread on one CPU; false when the system refuses.
bool dna_pin_to_cpu(int cpu);

// Gives memory that was freed back to the system.
void dna_release_freed_memory(void);

// Columns of one block of the file, its bytes in the file, and its bytes in 16 packed rows.
int64_t dna_block_columns(int format);
int64_t dna_file_bytes(int format);
int64_t dna_packed_bytes(int format);

// Packs 1...16 rows of a GGUF tensor; missing rows become zeros. False when a scale or a weight is not finite.
bool dna_pack(int format, const uint8_t *rows, int64_t row_count, int64_t columns, void *out);

// One of 16 packed rows as floats: the embedding look-up.
void dna_unpack(int format, const void *group, int64_t columns, int64_t row, float *out);

#endif

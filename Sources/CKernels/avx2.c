#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "layout.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define NAME(x) avx2_##x
#define SCORE_BLOCKS 1
#define VALUE_SLAB 1
#include "lanes.h"
#include "attention.h"

// vpmaddubsw adds two products of an unsigned and a signed byte in 16 bits. Signed codes: |w| as unsigned (-128 becomes
// 128) times q with w's sign; 2 * 128 * 127 stays below 2^15. Unsigned codes of at most u: as many as stay below it,
// 2 * u * 127 each, are added up before they are widened. The empty instruction keeps the compiler from computing one
// token after the other, which would need more registers than there are.
#define LANES 8
#define TILE 4
#define SIGNED_BIAS 0
typedef int16_t partial __attribute__((ext_vector_type(16)));
#define WIDENED(v) ((ints)_mm256_madd_epi16((v), _mm256_set1_epi16(1)))
#define DOT(l, sum, part, codes, q)                                                          \
  do {                                                                                       \
    const __m256i v_ = (__m256i)(codes), q_ = (__m256i)(q);                                  \
    if (layout_is_signed(l))                                                                 \
      (sum) += WIDENED(_mm256_maddubs_epi16(_mm256_abs_epi8(v_), _mm256_sign_epi8(q_, v_))); \
    else                                                                                     \
      (part) += (partial)_mm256_maddubs_epi16(v_, q_);                                       \
    __asm__ volatile("" : "+x"(sum), "+x"(part));                                            \
  } while (0)
#define FLUSH(l, sum, part)                                                                  \
  do {                                                                                       \
    if (!layout_is_signed(l)) (sum) += WIDENED((__m256i)(part)), (part) = (partial)0;        \
  } while (0)
#define DOTS_BEFORE_FLUSH(l) ((l).codes == CODES_6 ? 2 : (l).codes == CODES_5 ? 4 : 8)
#define LOOK_UP(table, v) \
  ((bytes)_mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table))), (__m256i)(v)))
#include "matrix.h"
#pragma clang attribute pop

static const dna_kernels kernels = KERNELS;

const dna_kernels *dna_avx2_kernels(void) { return &kernels; }
#else
const dna_kernels *dna_avx2_kernels(void) { return 0; }
#endif

// The float kernels, written once over 16 lanes and compiled once for each instruction set: the including file sets
// NAME(x). None of them touches the order of any sum.

typedef float lanes __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t ilanes __attribute__((ext_vector_type(16), aligned(4)));
typedef uint16_t shorts __attribute__((ext_vector_type(16), aligned(2)));
typedef int8_t small __attribute__((ext_vector_type(16), aligned(1)));
typedef _Float16 halves __attribute__((ext_vector_type(16), aligned(2)));

#define LOAD(p) (*(const lanes *)(p))
#define STORE(p, v) (*(lanes *)(p) = (v))
#define LOAD_HALVES(p) __builtin_convertvector(*(const halves *)(p), lanes)
// bfloat16: the upper half of a float.
#define LOAD_BRAINS(p) ((lanes)(__builtin_convertvector(*(const shorts *)(p), ilanes) << 16))
#define FMA(a, b, c) __builtin_elementwise_fma((a), (b), (c))
#define SPLAT(x) ((lanes)(x))
// A select that passes NaN of `b` on, unlike the max instructions.
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

// The fixed tree over 16 partial sums: (0+8, 1+9, ...), (0+4, ...), (0+2, ...), 0+1.
static float NAME(tree)(const float *partial) {
  float s[8];
  for (int i = 0; i < 8; i++) s[i] = partial[i] + partial[i + 8];
  for (int i = 0; i < 4; i++) s[i] = s[i] + s[i + 4];
  for (int i = 0; i < 2; i++) s[i] = s[i] + s[i + 2];
  return s[0] + s[1];
}

// exp(x), x clamped to [-87, 88]: 2^k * p(r), Cody-Waite reduction, degree 6. A macro, because a function would pass
// vectors by an ABI that depends on the instruction set. NaN stays NaN.
#define EXPONENTIAL(result, argument)                                                           \
  do {                                                                                          \
    lanes x_ = (argument);                                                                      \
    x_ = x_ < SPLAT(-87.0f) ? SPLAT(-87.0f) : x_;                                               \
    x_ = x_ > SPLAT(88.0f) ? SPLAT(88.0f) : x_;                                                 \
    const lanes t_ = FMA(x_, SPLAT(0x1.715476p+0f), SPLAT(0x1.8p+23f));                         \
    const lanes k_ = t_ - SPLAT(0x1.8p+23f);                                                    \
    const lanes r_ = FMA(k_, SPLAT(0x1.bd0106p-13f), FMA(k_, SPLAT(-0x1.63p-1f), x_));          \
    lanes p_ = FMA(SPLAT(0x1.6a23b2p-10f), r_, SPLAT(0x1.123a16p-7f));                          \
    p_ = FMA(p_, r_, SPLAT(0x1.5558f2p-5f));                                                    \
    p_ = FMA(p_, r_, SPLAT(0x1.555492p-3f));                                                    \
    p_ = FMA(p_, r_, SPLAT(0x1.fffffcp-2f));                                                    \
    p_ = FMA(p_, r_, SPLAT(1.0f));                                                              \
    p_ = FMA(p_, r_, SPLAT(1.0f));                                                              \
    /* t_ holds k in its low bits; k + 127 in 1...254 becomes the exponent of 2^k */            \
    (result) = p_ * (lanes)(((ilanes)t_ - 0x4b400000 + 127) << 23);                             \
  } while (0)

static void NAME(exponential)(const float *x, int64_t count, float *out) {
  float in[16] = {0};
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t n = count - i < 16 ? count - i : 16;
    for (int64_t j = 0; j < n; j++) in[j] = x[i + j];
    lanes y;
    EXPONENTIAL(y, LOAD(in));
    for (int64_t j = 0; j < n; j++) out[i + j] = y[j];
  }
}

static uint32_t NAME(magnitude)(const float *x, int64_t count) {
  ilanes m = {0};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const ilanes b = *(const ilanes *)(x + i) & 0x7fffffff;
    m = b > m ? b : m;
  }
  uint32_t top = (uint32_t)__builtin_reduce_max(m);
  for (; i < count; i++) {
    uint32_t b;
    __builtin_memcpy(&b, x + i, 4);
    b &= 0x7fffffff;
    top = b > top ? b : top;
  }
  return top;
}

static uint32_t NAME(quantize)(const dna_activations *a, int64_t token) {
  const int64_t blocks = a->columns / 32;
  uint32_t top = 0;
  for (int64_t b = 0; b < blocks; b++) {
    const float *v = a->values + token * a->columns + 32 * b;
    int8_t *codes = a->codes + token * a->columns + 32 * b;
    const int64_t at = token * blocks + b;
    const uint32_t bits = NAME(magnitude)(v, 32);
    top = bits > top ? bits : top;
    float amax, s = 0;
    int32_t sum[2] = {0, 0};
    __builtin_memcpy(&amax, &bits, 4);
    if (bits >= 0x7f800000 || amax < 0x1p-100f) {
      __builtin_memset(codes, 0, 32);
    } else {
      s = amax / 127.0f;
      for (int half = 0; half < 2; half++) {
        // |x/s| <= 127 + a rounding error, so adding 1.5*2^23 rounds to an integer, ties to even
        const lanes t = LOAD(v + 16 * half) / SPLAT(s) + SPLAT(0x1.8p+23f);
        const ilanes q = (ilanes)t - 0x4b400000;
        *(small *)(codes + 16 * half) = __builtin_convertvector(q, small);
        sum[half] = __builtin_reduce_add(q);
      }
    }
    a->scale[at] = s;
    a->sum[at] = sum[0] + sum[1];
    a->scaled_sum[at] = s * (float)(sum[0] + sum[1]);
    for (int half = 0; half < 2; half++) {
      a->half_sum[2 * at + half] = sum[half];
      a->scaled_half_sum[2 * at + half] = s * (float)sum[half];
    }
  }
  return top;
}

static float NAME(rms_norm)(const float *x, const float *weight, int64_t count, float epsilon, float *out) {
  float partial[16] = {0};
  lanes acc = {0};
  for (int64_t i = 0; i < count; i += 16) acc = FMA(LOAD(x + i), LOAD(x + i), acc);
  STORE(partial, acc);
  const float squares = NAME(tree)(partial);
  const float root = __builtin_elementwise_sqrt(squares / (float)count + epsilon);
  const float r = 1.0f / root;
  for (int64_t i = 0; i < count; i += 16) STORE(out + i, (LOAD(x + i) * SPLAT(r)) * LOAD(weight + i));
  return squares;
}

static void NAME(add)(const float *x, int64_t count, float *y) {
  for (int64_t i = 0; i < count; i += 16) STORE(y + i, LOAD(y + i) + LOAD(x + i));
}

static void NAME(scale_by)(float *x, float by, int64_t count) {
  for (int64_t i = 0; i < count; i += 16) STORE(x + i, LOAD(x + i) * SPLAT(by));
}

static void NAME(accumulate)(const float *x, float weight, int64_t count, float *y) {
  for (int64_t i = 0; i < count; i += 16) STORE(y + i, FMA(SPLAT(weight), LOAD(x + i), LOAD(y + i)));
}

// SiLU is g / (1 + exp(-g)); GELU by tanh is x / (1 + exp(-2y)) with y = sqrt(2/pi) * (x + 0.044715 x^3).
static void NAME(activate)(int activation, const float *gate, const float *up, int64_t count, float *out) {
  for (int64_t i = 0; i < count; i += 16) {
    const lanes g = LOAD(gate + i);
    lanes e, argument = -g;
    if (activation == DNA_GELU)
      argument = (g * FMA(SPLAT(0x1.6e4e26p-5f), g * g, SPLAT(1.0f))) * SPLAT(-0x1.988454p+0f);
    EXPONENTIAL(e, argument);
    STORE(out + i, (g / (SPLAT(1.0f) + e)) * LOAD(up + i));
  }
}

// cap * tanh(x / cap), where tanh(y) has y's sign and the size (1 - e) / (1 + e), e = exp(-2|y|).
static void NAME(soft_cap)(float *x, int64_t count, float cap) {
  float part[16] = {0};
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t n = count - i < 16 ? count - i : 16;
    for (int64_t j = 0; n < 16 && j < n; j++) part[j] = x[i + j];
    float *at = n < 16 ? part : x + i;
    const ilanes y = (ilanes)(LOAD(at) / SPLAT(cap));
    lanes e;
    EXPONENTIAL(e, SPLAT(-2.0f) * (lanes)(y & 0x7fffffff));
    const ilanes size = (ilanes)((SPLAT(1.0f) - e) / (SPLAT(1.0f) + e));
    STORE(at, SPLAT(cap) * (lanes)((size & 0x7fffffff) | (y & (int32_t)0x80000000)));
    for (int64_t j = 0; n < 16 && j < n; j++) x[i + j] = part[j];
  }
}

// One pair: the elements `a` and `b` of a head.
static inline __attribute__((always_inline)) void NAME(rotate_pair)(float *a, float *b, float c, float s) {
  const float x = *a, y = *b;
  *a = __builtin_elementwise_fma(x, c, -(y * s));
  *b = __builtin_elementwise_fma(x, s, y * c);
}

static void NAME(rotate)(int pairing, float *x, int64_t heads, int64_t head_dimension, int64_t pairs,
                         const float *cosines, const float *sines) {
  for (int64_t h = 0; h < heads; h++, x += head_dimension) {
    int64_t i = 0;
    if (pairing == DNA_HALVES) {
      for (; i + 16 <= pairs; i += 16) {
        const lanes a = LOAD(x + i), b = LOAD(x + pairs + i), c = LOAD(cosines + i), s = LOAD(sines + i);
        STORE(x + i, FMA(a, c, -(b * s)));
        STORE(x + pairs + i, FMA(a, s, b * c));
      }
      for (; i < pairs; i++) NAME(rotate_pair)(x + i, x + pairs + i, cosines[i], sines[i]);
    } else {
      for (; i < pairs; i++) NAME(rotate_pair)(x + 2 * i, x + 2 * i + 1, cosines[i], sines[i]);
    }
  }
}

static uint32_t NAME(store)(const float *key, const float *value, int64_t head_dimension, int64_t position,
                            uint16_t *keys, uint16_t *values) {
  uint16_t *k = keys + position % 16, *v = values + position % 16 * head_dimension;
  uint32_t top = 0;
  for (int64_t d = 0; d < head_dimension; d += 16) {
    uint16_t column[16];
    *(halves *)column = __builtin_convertvector(LOAD(key + d), halves);
    *(halves *)(v + d) = __builtin_convertvector(LOAD(value + d), halves);
    for (int j = 0; j < 16; j++) {
      k[16 * (d + j)] = column[j];
      const uint32_t a = column[j] & 0x7fff, b = v[d + j] & 0x7fff;
      top = a > top ? a : top;
      top = b > top ? b : top;
    }
  }
  return top;
}

// Float matrices in groups of 16 rows: [column][row]. One fma a column, columns ascending. `format` is a constant.
static inline __attribute__((always_inline)) void NAME(float_tile)(const int format, const void *w,
                                                                   const dna_activations *a, int64_t token, float *out,
                                                                   int64_t stride, int mode, const int n) {
  const float *x = a->values + token * a->columns;
  lanes acc[4];
#pragma unroll
  for (int t = 0; t < n; t++) acc[t] = (lanes){0};
  for (int64_t k = 0; k < a->columns; k++) {
    const lanes v = format == DNA_F32   ? LOAD((const float *)w + 16 * k)
                    : format == DNA_F16 ? LOAD_HALVES((const uint16_t *)w + 16 * k)
                                        : LOAD_BRAINS((const uint16_t *)w + 16 * k);
#pragma unroll
    for (int t = 0; t < n; t++) acc[t] = FMA(v, SPLAT(x[t * a->columns + k]), acc[t]);
  }
#pragma unroll
  for (int t = 0; t < n; t++) {
    float *o = out + t * stride;
    STORE(o, mode == DNA_ADD ? LOAD(o) + acc[t] : acc[t]);
  }
}

static inline __attribute__((always_inline)) void NAME(float_walk)(const int format, const uint8_t *w, int64_t groups,
                                                                   const dna_activations *a, int64_t first,
                                                                   int64_t tokens, float *out, int64_t stride,
                                                                   int mode) {
  for (int64_t g = 0; g < groups; g++, out += 16, w += a->columns * 16 * (format == DNA_F32 ? 4 : 2)) {
    int64_t t = 0;
    for (; t + 4 <= tokens; t += 4) NAME(float_tile)(format, w, a, first + t, out + t * stride, stride, mode, 4);
    for (; t < tokens; t++) NAME(float_tile)(format, w, a, first + t, out + t * stride, stride, mode, 1);
  }
}

static void NAME(f32)(const void *w, int64_t groups, const dna_activations *a, int64_t first, int64_t tokens,
                      float *out, int64_t stride, int mode) {
  NAME(float_walk)(DNA_F32, w, groups, a, first, tokens, out, stride, mode);
}

static void NAME(f16)(const void *w, int64_t groups, const dna_activations *a, int64_t first, int64_t tokens,
                      float *out, int64_t stride, int mode) {
  NAME(float_walk)(DNA_F16, w, groups, a, first, tokens, out, stride, mode);
}

static void NAME(bf16)(const void *w, int64_t groups, const dna_activations *a, int64_t first, int64_t tokens,
                       float *out, int64_t stride, int mode) {
  NAME(float_walk)(DNA_BF16, w, groups, a, first, tokens, out, stride, mode);
}

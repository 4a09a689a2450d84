// Prints a digest of what every kernel of an instruction set computes from pseudo-random inputs, one line each. The
// lines of any two instruction sets, on any two machines, must be the same: `scripts/test-neon` compares them.
//
//   kernel-results portable|avx2|avx512|neon
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CKernels.h"

enum { ROWS = 37, GROUPS = 3, COLUMNS = 512, TOKENS = 17, HEAD = 80, POSITIONS = 83, CACHE = 96, QUERIES = 7 };

static uint64_t state = 1;

static uint32_t number(void) {
  state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
  return (uint32_t)(state * 0x2545F4914F6CDD1Du >> 32);
}

// Mostly ordinary; now and then zero, subnormal, a tie, an extreme.
static float value(void) {
  const float rare[] = {0.0f, -0.0f, 0x1p-140f, 2.5f, 127.0f};
  const uint32_t kind = number() % 32;
  return kind < 5 ? rare[kind] : ((float)(number() >> 8) * 0x1p-21f) - 4.0f;
}

static void values(float *out, int count) {
  for (int i = 0; i < count; i++) out[i] = value();
}

static uint64_t digest;

static void add(const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) digest = (digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
}

static void line(const char *name) {
  printf("%016llx %s\n", (unsigned long long)digest, name);
  digest = 0xcbf29ce484222325u;
}

static const struct {
  const char *name;
  int format, halves[2];
} types[] = {
    {"F32", DNA_F32, {-1, -1}},   {"F16", DNA_F16, {0, -1}},    {"BF16", DNA_BF16, {-1, -1}},
    {"Q4_0", DNA_Q4_0, {0, -1}},  {"Q4_1", DNA_Q4_1, {0, 2}},   {"Q5_0", DNA_Q5_0, {0, -1}},
    {"Q5_1", DNA_Q5_1, {0, 2}},   {"Q8_0", DNA_Q8_0, {0, -1}},  {"Q2_K", DNA_Q2_K, {80, 82}},
    {"Q3_K", DNA_Q3_K, {108, -1}}, {"Q4_K", DNA_Q4_K, {0, 2}},  {"Q5_K", DNA_Q5_K, {0, 2}},
    {"Q6_K", DNA_Q6_K, {208, -1}}, {"IQ4_NL", DNA_IQ4_NL, {0, -1}}, {"IQ4_XS", DNA_IQ4_XS, {0, -1}},
};

static void block(int type, uint8_t *out) {
  const int64_t size = dna_file_bytes(types[type].format);
  const bool alike = number() % 8 == 0;
  const uint8_t same = (uint8_t)number();
  for (int64_t i = 0; i < size; i++) out[i] = alike ? same : (uint8_t)number();
  for (int i = 0; i < 2; i++)
    if (types[type].halves[i] >= 0) {
      const uint16_t sizes[] = {0, (uint16_t)(number() % 0x400), 0x7bff, (uint16_t)(number() % 0x7c00)};
      const uint32_t kind = number() % 16;
      const uint16_t half = (kind < 4 ? sizes[kind] : 0x1000 + number() % 0x2000) | (number() % 2 ? 0x8000 : 0);
      memcpy(out + types[type].halves[i], &half, 2);
    }
  const float x = value();
  if (types[type].format == DNA_F32) memcpy(out, &x, 4);
  if (types[type].format == DNA_BF16) memcpy(out, (const uint8_t *)&x + 2, 2);
}

static void *zeros(size_t count, size_t size) {
  void *found = calloc(count, size);
  if (!found) abort();
  return found;
}

static void matrices(const dna_kernels *kernels, const dna_activations *a) {
  for (int i = 0; i < (int)(sizeof types / sizeof *types); i++) {
    const int format = types[i].format;
    const int64_t blocks = COLUMNS / dna_block_columns(format), bytes = dna_file_bytes(format);
    const int64_t group = blocks * dna_packed_bytes(format);
    uint8_t *file = zeros((size_t)(ROWS * blocks), (size_t)bytes), *packed = zeros(GROUPS, (size_t)group);
    for (int64_t j = 0; j < ROWS * blocks; j++) block(i, file + j * bytes);
    for (int g = 0; g < GROUPS; g++) {
      const int64_t count = ROWS - 16 * g < 16 ? ROWS - 16 * g : 16;
      if (!dna_pack(format, file + 16 * g * blocks * bytes, count, COLUMNS, packed + g * group)) abort();
    }
    float *out = zeros(TOKENS * GROUPS * 16, sizeof *out), row[COLUMNS];
    for (int tokens = 1; tokens <= TOKENS; tokens++)
      for (int mode = DNA_STORE; mode <= DNA_ADD; mode++) {
        dna_multiply(kernels, format, packed, GROUPS, a, TOKENS - tokens, tokens, out, GROUPS * 16, mode);
        add(out, sizeof *out * (size_t)tokens * GROUPS * 16);
      }
    for (int r = 0; r < ROWS; r++) {
      dna_unpack(format, packed + r / 16 * group, COLUMNS, r % 16, row);
      add(row, sizeof row);
    }
    char name[80];
    snprintf(name, sizeof name, "%s: %dx%d times 1...%d tokens, stored and added; rows as floats", types[i].name, ROWS,
             COLUMNS, TOKENS);
    line(name);
    free(file), free(packed), free(out);
  }
}

static void activations(const dna_kernels *kernels, const dna_activations *a) {
  values(a->values, TOKENS * COLUMNS);
  for (int i = 0; i < 64; i++) a->values[3 * COLUMNS + i] = i < 32 ? -0x1p-101f : i % 2 ? 127.0f : -127.0f;
  for (int t = 0; t < TOKENS; t++) {
    const uint32_t most = kernels->quantize(a, t);
    add(&most, 4);
  }
  const size_t blocks = TOKENS * COLUMNS / 32;
  add(a->codes, TOKENS * COLUMNS);
  add(a->scale, 4 * blocks), add(a->sum, 4 * blocks), add(a->half_sum, 8 * blocks);
  add(a->scaled_sum, 4 * blocks), add(a->scaled_half_sum, 8 * blocks);
  line("quantization");
}

static void vectors(const dna_kernels *kernels) {
  float x[96], y[96], out[3201];
  values(x, 96), values(y, 96);
  const float squares = kernels->rms_norm(x, y, 96, 1e-5f, out);
  add(&squares, 4), add(out, 4 * 96);
  line("RMSNorm");
  kernels->scale(out, -0.3f, 96);
  kernels->accumulate(x, 0.7f, 96, out);
  kernels->add(y, 96, out);
  add(out, 4 * 96);
  line("sums of vectors");
  for (int activation = DNA_SILU; activation <= DNA_GELU; activation++) {
    kernels->activate(activation, x, y, 96, out);
    add(out, 4 * 96);
  }
  line("SiLU and GELU");
  for (int pairing = DNA_ADJACENT; pairing <= DNA_HALVES; pairing++)
    for (int pairs = 0; pairs <= 48; pairs += 8) {
      kernels->rotate(pairing, x, 1, 96, pairs, y, y + 48);
      add(x, sizeof x);
    }
  line("RoPE");
  float steps[3201];
  for (int i = 0; i < 3201; i++) steps[i] = (float)(i - 1600) / 16;
  kernels->exponential(steps, 3201, out);
  add(out, sizeof out);
  line("exp");
  kernels->soft_cap(steps, 3201, 30);
  add(steps, sizeof steps);
  kernels->activate(DNA_GELU, steps, out, 3200, out);
  add(out, sizeof out);
  line("soft cap; GELU of a range");
}

static void attention(const dna_kernels *kernels) {
  enum { PAGE = 2 * 16 * HEAD, PAGES = CACHE / 16 };
  static uint16_t cache[PAGES * PAGE];
  static float queries[QUERIES * HEAD], out[QUERIES * HEAD], scores[QUERIES * CACHE];
  const uint16_t *pages[PAGES];
  for (int i = 0; i < PAGES; i++) pages[i] = cache + i * PAGE;
  for (int p = 0; p < POSITIONS; p++) {
    float key[HEAD], kept[HEAD];
    values(key, HEAD), values(kept, HEAD);
    uint16_t *page = cache + p / 16 * PAGE;
    kernels->store(key, kept, HEAD, p, page, page + PAGE / 2);
  }
  add(cache, sizeof cache);
  line("keys and values in f16");
  values(queries, QUERIES * HEAD);
  const float *from[QUERIES];
  float *to[QUERIES];
  int64_t starts[QUERIES], lengths[QUERIES];
  for (int i = 0; i < QUERIES; i++) {
    from[i] = queries + i * HEAD;
    to[i] = out + i * HEAD;
    lengths[i] = POSITIONS - 2 * i;
  }
  for (int window = 1; window <= CACHE; window += 19) {
    for (int i = 0; i < QUERIES; i++) starts[i] = lengths[i] > window ? lengths[i] - window : 0;
    for (int count = 1; count <= QUERIES; count++) {
      const float cap = count % 2 ? 0 : 5;
      const dna_attention call = {from,  to,       starts, lengths, count,  HEAD, pages,
                                  0,     PAGE / 2, scores, CACHE,   0.125f, cap};
      const uint32_t most = kernels->attention(&call);
      add(&most, 4), add(out, 4 * (size_t)count * HEAD);
    }
  }
  line("attention, with windows and soft caps");
}

int main(int argc, char **argv) {
  const char *name = argc == 2 ? argv[1] : "";
  const dna_kernels *kernels = NULL;
  if (strcmp(name, "portable") == 0) kernels = dna_portable_kernels();
  if (strcmp(name, "avx2") == 0 && dna_has_avx2()) kernels = dna_avx2_kernels();
  if (strcmp(name, "avx512") == 0 && dna_has_avx512()) kernels = dna_avx512_kernels();
  if (strcmp(name, "neon") == 0 && dna_has_neon()) kernels = dna_neon_kernels();
  if (!kernels) {
    fprintf(stderr, "kernel-results: this machine has no '%s'\n", name);
    return 2;
  }
  const size_t blocks = TOKENS * COLUMNS / 32;
  const dna_activations a = {zeros(TOKENS * COLUMNS, 4), zeros(TOKENS * COLUMNS, 1), zeros(blocks, 4), zeros(blocks, 4),
                             zeros(2 * blocks, 4),       zeros(blocks, 4),           zeros(2 * blocks, 4), COLUMNS};
  digest = 0xcbf29ce484222325u;
  activations(kernels, &a);
  matrices(kernels, &a);
  vectors(kernels);
  attention(kernels);
}

// What needs no vectors: packing, embedding rows, and questions to the machine.
#define _GNU_SOURCE
#pragma STDC FP_CONTRACT OFF
#pragma clang fp contract(off)

#include "CKernels.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

bool dna_has_avx2(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
  return false;
#endif
}

bool dna_has_avx512(void) {
#if defined(__x86_64__)
  return dna_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

bool dna_float_environment_is_exact(void) {
#if defined(__x86_64__)
  const unsigned flush_to_zero = 0x8000, rounding = 0x6000, denormals_are_zero = 0x0040;
  return (_mm_getcsr() & (flush_to_zero | rounding | denormals_are_zero)) == 0;
#elif defined(__aarch64__)
  uint64_t fpcr;
  __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
  const uint64_t flush_inputs = 1, flush_to_zero = 1 << 24, rounding = 3 << 22;
  return (fpcr & (flush_inputs | flush_to_zero | rounding)) == 0;
#else
  return true;
#endif
}

void dna_spin_hint(void) {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

bool dna_pin_to_cpu(int cpu) {
#if defined(__linux__)
  if (cpu < 0 || cpu >= CPU_SETSIZE) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
#else
  return false;
#endif
}

static bool half_is_finite(uint16_t bits) { return (bits & 0x7c00) != 0x7c00; }

static float half_to_float(uint16_t bits) {
  _Float16 h;
  memcpy(&h, &bits, 2);
  return (float)h;
}

bool dna_pack_q4_1(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t blocks, dna_q4_1_block *out) {
  bool finite = true;
  if (row_count < 16) memset(out, 0, (size_t)blocks * sizeof *out);
  for (int64_t r = 0; r < row_count; r++)
    for (int64_t b = 0; b < blocks; b++) {
      const uint8_t *in = rows + r * row_bytes + 20 * b;
      memcpy(&out[b].scale[r], in, 2);
      memcpy(&out[b].minimum[r], in + 2, 2);
      finite = finite && half_is_finite(out[b].scale[r]) && half_is_finite(out[b].minimum[r]);
      for (int g = 0; g < 4; g++) memcpy(out[b].codes + 64 * g + 4 * r, in + 4 + 4 * g, 4);
    }
  return finite;
}

bool dna_pack_q8_0(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t blocks, dna_q8_0_block *out) {
  bool finite = true;
  if (row_count < 16) memset(out, 0, (size_t)blocks * sizeof *out);
  for (int64_t r = 0; r < row_count; r++)
    for (int64_t b = 0; b < blocks; b++) {
      const uint8_t *in = rows + r * row_bytes + 34 * b;
      memcpy(&out[b].scale[r], in, 2);
      finite = finite && half_is_finite(out[b].scale[r]);
      for (int g = 0; g < 8; g++) memcpy(out[b].codes + 64 * g + 4 * r, in + 2 + 4 * g, 4);
    }
  return finite;
}

bool dna_pack_f16(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t columns, uint16_t *out) {
  bool finite = true;
  if (row_count < 16) memset(out, 0, (size_t)columns * 32);
  for (int64_t r = 0; r < row_count; r++)
    for (int64_t k = 0; k < columns; k++) {
      memcpy(out + 16 * k + r, rows + r * row_bytes + 2 * k, 2);
      finite = finite && half_is_finite(out[16 * k + r]);
    }
  return finite;
}

bool dna_pack_f32(const uint8_t *rows, int64_t row_bytes, int64_t row_count, int64_t columns, float *out) {
  bool finite = true;
  if (row_count < 16) memset(out, 0, (size_t)columns * 64);
  for (int64_t r = 0; r < row_count; r++)
    for (int64_t k = 0; k < columns; k++) {
      uint32_t bits;
      memcpy(&bits, rows + r * row_bytes + 4 * k, 4);
      memcpy(out + 16 * k + r, &bits, 4);
      finite = finite && (bits & 0x7fffffff) < 0x7f800000;
    }
  return finite;
}

void dna_unpack_q4_1(const dna_q4_1_block *w, int64_t blocks, int64_t row, float *out) {
  for (int64_t b = 0; b < blocks; b++) {
    const float d = half_to_float(w[b].scale[row]), m = half_to_float(w[b].minimum[row]);
    for (int k = 0; k < 16; k++) {
      const uint8_t byte = w[b].codes[64 * (k / 4) + 4 * row + k % 4];
      out[32 * b + k] = __builtin_elementwise_fma(d, (float)(byte & 15), m);
      out[32 * b + 16 + k] = __builtin_elementwise_fma(d, (float)(byte >> 4), m);
    }
  }
}

void dna_unpack_q8_0(const dna_q8_0_block *w, int64_t blocks, int64_t row, float *out) {
  for (int64_t b = 0; b < blocks; b++)
    for (int k = 0; k < 32; k++)
      out[32 * b + k] = half_to_float(w[b].scale[row]) * (float)w[b].codes[64 * (k / 4) + 4 * row + k % 4];
}

void dna_unpack_f16(const uint16_t *w, int64_t columns, int64_t row, float *out) {
  for (int64_t k = 0; k < columns; k++) out[k] = half_to_float(w[16 * k + row]);
}

void dna_unpack_f32(const float *w, int64_t columns, int64_t row, float *out) {
  for (int64_t k = 0; k < columns; k++) out[k] = w[16 * k + row];
}

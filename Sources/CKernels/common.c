// Questions to the machine.
#define _GNU_SOURCE
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#if defined(__linux__)
#include <malloc.h>
#include <sched.h>
#include <sys/auxv.h>
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

bool dna_has_neon(void) {
#if defined(__aarch64__) && defined(__linux__)
  const unsigned long dot_products = 1 << 20;  // HWCAP_ASIMDDP
  return (getauxval(AT_HWCAP) & dot_products) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  return true;  // every Apple processor of this architecture that runs macOS has them
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

void dna_release_freed_memory(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
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

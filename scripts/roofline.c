// What this machine's memory and its integer units give at best, for scripts/compare-llama: bytes a second that THREADS
// read from memory at a time, and multiply-adds of bytes a second in their registers.
//
//   cc -O2 -pthread scripts/roofline.c -o roofline && ./roofline THREADS
//
// Prints one JSON object: read (1 GiB for each thread, what all of them together get, best of some passes), and for each
// instruction set that the machine has: avx512 (vpdpbusd on 64 bytes), avx2 (vpmaddubsw, vpmaddwd, vpaddd on 32 bytes).
#include <immintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READ_BYTES = 1 << 30, PASSES = 5, ROUNDS = 20000000, ACCUMULATORS = 12 };

static pthread_barrier_t barrier;
static uint64_t sink;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

__attribute__((target("avx2"))) static uint64_t read_all(const __m256i *words, size_t count) {
  __m256i sums[8];
  memset(sums, 0, sizeof sums);
  for (size_t i = 0; i < count; i += 8)
    for (int j = 0; j < 8; j++) sums[j] = _mm256_xor_si256(sums[j], _mm256_load_si256(words + i + j));
  for (int j = 1; j < 8; j++) sums[0] = _mm256_xor_si256(sums[0], sums[j]);
  return (uint64_t)_mm256_extract_epi64(sums[0], 0) ^ (uint64_t)_mm256_extract_epi64(sums[0], 2);
}

// The empty assembly keeps the compiler from seeing that nothing changes. Every loop over the accumulators must be unrolled,
// or they are kept in memory.
__attribute__((target("avx512f,avx512vnni"))) static uint64_t multiply_avx512(void) {
  __m512i sums[ACCUMULATORS], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
#pragma GCC unroll 12
  for (int j = 0; j < ACCUMULATORS; j++) sums[j] = _mm512_setzero_si512();
  for (int i = 0; i < ROUNDS; i++)
#pragma GCC unroll 12
    for (int j = 0; j < ACCUMULATORS; j++) {
      sums[j] = _mm512_dpbusd_epi32(sums[j], a, b);
      __asm__ volatile("" : "+v"(sums[j]));
    }
#pragma GCC unroll 12
  for (int j = 1; j < ACCUMULATORS; j++) sums[0] = _mm512_add_epi32(sums[0], sums[j]);
  return (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(sums[0]));
}

__attribute__((target("avx2"))) static uint64_t multiply_avx2(void) {
  __m256i sums[ACCUMULATORS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(5), ones = _mm256_set1_epi16(1);
#pragma GCC unroll 12
  for (int j = 0; j < ACCUMULATORS; j++) sums[j] = _mm256_setzero_si256();
  for (int i = 0; i < ROUNDS; i++)
#pragma GCC unroll 12
    for (int j = 0; j < ACCUMULATORS; j++) {
      __m256i pairs = _mm256_maddubs_epi16(a, b);
      __asm__ volatile("" : "+v"(pairs));
      sums[j] = _mm256_add_epi32(sums[j], _mm256_madd_epi16(pairs, ones));
      __asm__ volatile("" : "+v"(sums[j]));
    }
#pragma GCC unroll 12
  for (int j = 1; j < ACCUMULATORS; j++) sums[0] = _mm256_add_epi32(sums[0], sums[j]);
  return (uint64_t)_mm256_extract_epi64(sums[0], 0);
}

typedef struct {
  int avx512;
  double read, multiply512, multiply256;
} Share;

// From when all threads are ready to when the last one is done.
static double timed(uint64_t (*work)(const void *), const void *data) {
  pthread_barrier_wait(&barrier);
  double began = now();
  uint64_t result = work(data);
  pthread_barrier_wait(&barrier);
  double time = now() - began;
  __atomic_fetch_xor(&sink, result, __ATOMIC_RELAXED);
  return time;
}

static uint64_t work_read(const void *data) { return read_all(data, READ_BYTES / sizeof(__m256i)); }
static uint64_t work_512(const void *data) { return (void)data, multiply_avx512(); }
static uint64_t work_256(const void *data) { return (void)data, multiply_avx2(); }

static double least(double a, double b) { return a == 0 || b < a ? b : a; }

static void *run(void *argument) {
  Share *share = argument;
  void *data = aligned_alloc(4096, READ_BYTES);
  if (data == NULL) exit(1);
  memset(data, 1, READ_BYTES);
  for (int pass = 0; pass < PASSES; pass++) {
    share->read = least(share->read, timed(work_read, data));
    if (share->avx512) share->multiply512 = least(share->multiply512, timed(work_512, NULL));
    share->multiply256 = least(share->multiply256, timed(work_256, NULL));
  }
  free(data);
  return NULL;
}

int main(int count, char **arguments) {
  int threads = count > 1 ? atoi(arguments[1]) : 0;
  if (threads < 1 || threads > 256) {
    fprintf(stderr, "usage: roofline THREADS\n");
    return 2;
  }
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2")) {
    fprintf(stderr, "roofline: this machine has no AVX2\n");
    return 1;
  }
  int avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  pthread_t ids[256];
  Share shares[256] = {0};
  for (int i = 0; i < threads; i++) {
    shares[i] = (Share){.avx512 = avx512};
    pthread_create(&ids[i], NULL, run, &shares[i]);
  }
  for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
  double products = (double)ROUNDS * ACCUMULATORS * threads;
  printf("{\"threads\": %d, \"read\": %.4g, ", threads, (double)READ_BYTES * threads / shares[0].read);
  if (avx512) printf("\"avx512\": %.4g, ", 64 * products / shares[0].multiply512);
  printf("\"avx2\": %.4g}\n", 32 * products / shares[0].multiply256);
  return 0;
}

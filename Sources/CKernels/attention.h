// Attention over a paged cache, written once over 16 lanes like lanes.h. Up to 6 queries share a pass over the keys and
// the values. For 4 and 6 the including file sets how many blocks of 16 positions are scored at once, SCORE_BLOCKS, and
// how many vectors of 16 dimensions are summed at once, VALUE_SLAB, so that the sums fit its registers.

// `n` and `m` are constants at each call, so both loops unroll into registers.
static inline __attribute__((always_inline)) void NAME(score_tile)(const dna_attention *a, int64_t first,
                                                                   int64_t block, int64_t end, const int n,
                                                                   const int m) {
  lanes acc[12];
  const float *q[6];
  const uint16_t *keys[4], *next[4];
  for (int i = 0; i < n; i++) q[i] = a->queries[first + i];
  for (int j = 0; j < m; j++) {
    const uint16_t *const *page = a->pages + block + j;
    keys[j] = page[0] + a->keys;
    next[j] = page[block + j + m < end ? m : 0] + a->keys;
  }
#pragma unroll
  for (int i = 0; i < n * m; i++) acc[i] = (lanes){0};
  for (int64_t d = 0; d < a->head_dimension; d++) {
#pragma unroll
    for (int j = 0; j < m; j++) {
      const lanes k = LOAD_HALVES(keys[j] + 16 * d);
      if (n > 1) __builtin_prefetch(next[j] + 16 * d);
#pragma unroll
      for (int i = 0; i < n; i++) acc[i * m + j] = FMA(SPLAT(q[i][d]), k, acc[i * m + j]);
    }
  }
#pragma unroll
  for (int i = 0; i < n; i++)
#pragma unroll
    for (int j = 0; j < m; j++)
      STORE(a->scores + (first + i) * a->score_stride + 16 * (block + j), acc[i * m + j] * SPLAT(a->scale));
}

static inline __attribute__((always_inline)) void NAME(scores)(const dna_attention *a, int64_t first, int64_t block,
                                                               int64_t end, const int n, const int m) {
  for (; block + m <= end; block += m) NAME(score_tile)(a, first, block, end, n, m);
  for (; block < end; block++) NAME(score_tile)(a, first, block, end, n, 1);
}

// Scores of one query to weights, in place; returns the denominator. Lanes that the query does not see take part in
// neither sum: their weight is +0 and a partial sum is never -0, so adding them leaves every bit.
static float NAME(softmax)(const dna_attention *a, int64_t query, uint32_t *magnitude) {
  float *scores = a->scores + query * a->score_stride;
  const int64_t start = a->starts[query], length = a->lengths[query];
  const int64_t first = start / 16, end = (length + 15) / 16;
  const uint32_t bits = NAME(magnitude)(scores + start, length - start);
  *magnitude = bits > *magnitude ? bits : *magnitude;
  if (a->soft_cap > 0) NAME(soft_cap)(scores + start, length - start, a->soft_cap);
  for (int64_t p = 16 * first; p < start; p++) scores[p] = -__builtin_inff();
  for (int64_t p = length; p < 16 * end; p++) scores[p] = -__builtin_inff();
  lanes top = LOAD(scores + 16 * first);
  for (int64_t b = first + 1; b < end; b++) top = LARGER(LOAD(scores + 16 * b), top);
  float most = top[0];
  for (int j = 1; j < 16; j++) most = LARGER(top[j], most);
  lanes acc = {0};
  for (int64_t b = first; b < end; b++) {
    lanes e;
    EXPONENTIAL(e, LOAD(scores + 16 * b) - SPLAT(most));
    if (b == first)
      for (int64_t p = 16 * b; p < start; p++) e[p - 16 * b] = 0;
    if (b == end - 1)
      for (int64_t p = length; p < 16 * end; p++) e[p - 16 * b] = 0;
    acc += e;
    STORE(scores + 16 * b, e);
  }
  float partial[16];
  STORE(partial, acc);
  return NAME(tree)(partial);
}

// Adds positions `from ..< to` to the sums of queries `first ..< first + n`, positions ascending.
static inline __attribute__((always_inline)) void NAME(add_values)(const dna_attention *a, lanes *acc, int64_t first,
                                                                   int64_t dimension, int64_t from, int64_t to,
                                                                   const int n, const int m) {
  const float *weights = a->scores + first * a->score_stride;
  while (from < to) {
    const int64_t rest = 16 - from % 16, count = to - from < rest ? to - from : rest;
    const uint16_t *const *page = a->pages + from / 16;
    const int64_t row = a->values + from % 16 * a->head_dimension + dimension;
    const uint16_t *values = *page + row, *next = page[from + count < to] + row;
    for (int64_t p = from; p < from + count; p++, values += a->head_dimension, next += a->head_dimension) {
      lanes v[4];
      __builtin_prefetch(next);
#pragma unroll
      for (int j = 0; j < m; j++) v[j] = LOAD_HALVES(values + 16 * j);
#pragma unroll
      for (int i = 0; i < n; i++)
#pragma unroll
        for (int j = 0; j < m; j++)
          acc[i * m + j] = FMA(SPLAT(weights[i * a->score_stride + p]), v[j], acc[i * m + j]);
    }
    from += count;
  }
}

// What some of the queries see before and after the positions that all of them see, each query adds alone.
static inline __attribute__((always_inline)) void NAME(value_tile)(const dna_attention *a, const float *denominators,
                                                                   int64_t first, int64_t dimension, const int n,
                                                                   const int m) {
  lanes acc[24];
  const int64_t *starts = a->starts + first, *lengths = a->lengths + first;
  int64_t from = starts[0], to = lengths[0];
  for (int i = 1; i < n; i++) {
    from = starts[i] > from ? starts[i] : from;
    to = lengths[i] < to ? lengths[i] : to;
  }
  to = from > to ? from : to;
#pragma unroll
  for (int i = 0; i < n * m; i++) acc[i] = (lanes){0};
#pragma unroll
  for (int i = 0; i < n; i++)
    NAME(add_values)(a, acc + i * m, first + i, dimension, starts[i], lengths[i] < from ? lengths[i] : from, 1, m);
  NAME(add_values)(a, acc, first, dimension, from, to, n, m);
#pragma unroll
  for (int i = 0; i < n; i++) {
    NAME(add_values)(a, acc + i * m, first + i, dimension, to, lengths[i], 1, m);
#pragma unroll
    for (int j = 0; j < m; j++)
      STORE(a->outputs[first + i] + dimension + 16 * j, acc[i * m + j] / SPLAT(denominators[i]));
  }
}

static inline __attribute__((always_inline)) void NAME(sums)(const dna_attention *a, const float *denominators,
                                                             int64_t first, const int n, const int m) {
  int64_t d = 0;
  for (; d + 16 * m <= a->head_dimension; d += 16 * m) NAME(value_tile)(a, denominators, first, d, n, m);
  for (; d < a->head_dimension; d += 16) NAME(value_tile)(a, denominators, first, d, n, 1);
}

static inline __attribute__((always_inline)) uint32_t NAME(query_tile)(const dna_attention *a, int64_t first,
                                                                       const int n, const int blocks,
                                                                       const int slab) {
  int64_t start = a->starts[first], length = a->lengths[first];
  for (int i = 1; i < n; i++) {
    start = a->starts[first + i] < start ? a->starts[first + i] : start;
    length = a->lengths[first + i] > length ? a->lengths[first + i] : length;
  }
  NAME(scores)(a, first, start / 16, (length + 15) / 16, n, blocks);
  uint32_t magnitude = 0;
  float denominators[6];
  for (int i = 0; i < n; i++) denominators[i] = NAME(softmax)(a, first + i, &magnitude);
  NAME(sums)(a, denominators, first, n, slab);
  return magnitude;
}

static uint32_t NAME(attention)(const dna_attention *a) {
  uint32_t magnitude = 0;
  for (int64_t first = 0, n; first < a->count; first += n) {
    const int64_t left = a->count - first;
    n = left >= 6 ? 6 : left == 5 ? 3 : left;
    const uint32_t bits = n == 6   ? NAME(query_tile)(a, first, 6, SCORE_BLOCKS, VALUE_SLAB)
                          : n == 4 ? NAME(query_tile)(a, first, 4, SCORE_BLOCKS, VALUE_SLAB)
                          : n == 3 ? NAME(query_tile)(a, first, 3, 2, 2)
                          : n == 2 ? NAME(query_tile)(a, first, 2, 2, 2)
                                   : NAME(query_tile)(a, first, 1, 4, 4);
    magnitude = bits > magnitude ? bits : magnitude;
  }
  return magnitude;
}

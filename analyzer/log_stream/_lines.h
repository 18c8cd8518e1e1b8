/* Where the lines of a piece of a log are, and a number of each one's bytes without its digits. */

#ifndef CALICO_TRIAGE_LINES_H
#define CALICO_TRIAGE_LINES_H

#include "_words.h"

/* The bytes of a word that are no digits, moved together; `digits` has the high bit of each digit's byte. */
static inline uint64_t without(uint64_t word, uint64_t digits)
{
    do {
        unsigned at = (unsigned)__builtin_ctzll(digits) & ~7U;
        uint64_t behind = ~(digits >> at) & HIGH;
        unsigned next = at + (behind ? ((unsigned)__builtin_ctzll(behind) & ~7U) : 64);
        uint64_t low = word & ((1ULL << at) - 1);
        if (next >= 64)
            return low;
        word = low | (word >> next << at);
        digits = digits >> next << at;
    } while (digits);
    return word;
}

/* The same in one instruction, where the processor has it (Intel since 2013, AMD since 2015) and is quick at it. */
#ifdef __x86_64__
static int has_pext(void)
{
    return __builtin_cpu_supports("bmi2") && !__builtin_cpu_is("znver1") && !__builtin_cpu_is("znver2");
}
static inline uint64_t extract(uint64_t word, uint64_t digits)
{
    uint64_t found;
    __asm__("pextq %2, %1, %0" : "=r"(found) : "r"(word), "r"(~((digits << 1) - (digits >> 7))));
    return found;
}
#else
static int has_pext(void) { return 0; }
#define extract without
#endif

/* ---- a number made of many bytes: two lanes, so that the processor need not wait for one product after another ---- */

#define BLOCK 32

typedef struct {
    uint64_t a, b, length;
} Lanes;

static inline Lanes lanes_of(uint64_t seed) { return (Lanes){seed ^ K1, seed * K2 + K3, 0}; }

static inline Lanes fold(Lanes lanes, const unsigned char *at, size_t blocks, uint64_t seed)
{
    uint64_t key = seed * K3 + K1, other = key ^ K2;
    for (; blocks; blocks--, at += BLOCK) {
        lanes.a = mix(lanes.a ^ load(at), key ^ load(at + 8));
        lanes.b = mix(lanes.b ^ load(at + 16), other ^ load(at + 24));
    }
    return lanes;
}

static inline uint64_t finished(Lanes lanes) { return mix(lanes.a ^ K2 ^ lanes.length * K3, lanes.b ^ K1); }

/* What is found of each line; `seen` has what bytes there are: a high bit for one that is not ASCII, bit 0 for a zero. */
typedef struct {
    int64_t *starts, *ends;
    uint64_t *number;
    Py_ssize_t room;
    uint64_t seen;
} Lines;

/* Lines without their digits, waiting for their numbers: written and read in turns, since what was just written can
   be read in other portions only later. */
#define ROOM 8192
#define WAITING 64
#define SLACK 192 /* what may be written behind it before it is looked at */

typedef struct {
    unsigned char text[ROOM + SLACK];
    unsigned char *line; /* where the line at hand begins */
    struct {
        unsigned char *text;
        uint64_t length;
    } waiting[WAITING];
    Py_ssize_t count;
    Lanes begun, fresh; /* the first line waiting; any other */
} Bench;

/* Give the lines waiting their numbers; they are the last ones before `until`. */
static void number_them(Bench *bench, uint64_t seed, const Lines *to, Py_ssize_t until)
{
    for (Py_ssize_t i = 0; i < bench->count; i++) {
        Lanes lanes = i ? bench->fresh : bench->begun;
        uint64_t length = bench->waiting[i].length;
        lanes.length += length;
        lanes = fold(lanes, bench->waiting[i].text, (length + BLOCK - 1) / BLOCK, seed);
        to->number[until - bench->count + i] = finished(lanes);
    }
    if (bench->count)
        bench->begun = bench->fresh;
    bench->count = 0;
}

/* Make room: what is at hand of a line moves to the front, its whole blocks are taken in; give where it ends. */
static unsigned char *make_room(Bench *bench, const unsigned char *out, uint64_t seed)
{
    size_t length = (size_t)(out - bench->line), whole = length / BLOCK, rest = length % BLOCK;
    if (whole) {
        bench->begun = fold(bench->begun, bench->line, whole, seed);
        bench->begun.length += whole * BLOCK;
    }
    memmove(bench->text, out - rest, rest);
    bench->line = bench->text;
    return bench->text + rest;
}

static void begin_bench(Bench *bench, uint64_t seed)
{
    bench->count = 0;
    bench->begun = bench->fresh = lanes_of(seed);
    bench->line = bench->text;
}

/* A line is complete at `out`: it waits for its number; give where the next one begins. */
static inline unsigned char *end_line(Bench *bench, unsigned char *out)
{
    uint64_t length = (uint64_t)(out - bench->line);
    memset(out, 0, BLOCK);
    bench->waiting[bench->count].text = bench->line;
    bench->waiting[bench->count++].length = length;
    return bench->line += (length + BLOCK - 1) / BLOCK * BLOCK;
}

/* Read whole lines; give how many, -1 where there is no room for all of them. */
static inline __attribute__((always_inline)) Py_ssize_t read_words(uint64_t seed, const unsigned char *data,
                                                                   Py_ssize_t end, Lines *to, int pext)
{
    const unsigned char *at = data, *last = data + end, *begin = data;
    Py_ssize_t lines = 0;
    uint64_t zeros = 0, high = 0;
    Bench bench;
    begin_bench(&bench, seed);
    unsigned char *out = bench.text; /* not in the bench: it changes with each word */
    while (at < last && lines < to->room) {
        uint64_t word = load(at), other = word ^ (ONES * '\n');
        uint64_t ends = (other - ONES) & ~other & HIGH;
        unsigned bytes = 8;
        if (ends) {
            bytes = (unsigned)__builtin_ctzll(ends) >> 3;
            uint64_t mask = (1ULL << (8 * bytes)) - 1;
            zeros |= ((word | ~mask) - ONES) & ~word & mask;
            word &= mask;
        } else
            zeros |= (word - ONES) & ~word;
        high |= word;
        uint64_t digits = digits_of(word);
        word = pext ? extract(word, digits) : digits ? without(word, digits) : word;
        memcpy(out, &word, 8);
        out += bytes - (unsigned)((digits >> 7) * ONES >> 56);
        at += bytes;
        if (ends) {
            out = end_line(&bench, out);
            to->starts[lines] = begin - data;
            to->ends[lines++] = at - data;
            begin = ++at;
            if (bench.count < WAITING && out < bench.text + ROOM)
                continue;
        } else if (out < bench.text + ROOM)
            continue;
        number_them(&bench, seed, to, lines);
        out = make_room(&bench, out, seed);
    }
    number_them(&bench, seed, to, lines);
    to->seen |= (high & HIGH) | ((zeros & HIGH) != 0);
    return at < last ? -1 : lines;
}

/* The same with 64 bytes at once, where the processor can move those that are no digits together by itself (Intel since
   2019, AMD since 2022). */
#if defined(__x86_64__) && (defined(__clang__) || __GNUC__ >= 9)
#include <immintrin.h>
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,popcnt")))
static int has_wide(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
}

static inline WIDE unsigned char *put(unsigned char *out, __m512i bytes, uint64_t which)
{
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi8(which, bytes));
    return out + __builtin_popcountll(which);
}

static WIDE Py_ssize_t read_wide(uint64_t seed, const unsigned char *data, Py_ssize_t end, Lines *to)
{
    const __m512i newline = _mm512_set1_epi8('\n'), zero = _mm512_set1_epi8('0'), nine = _mm512_set1_epi8(9);
    const unsigned char *last = data + end, *begin = data;
    Py_ssize_t lines = 0;
    __m512i any = newline, least = newline; /* all bytes or'ed, and the least of those at each place */
    Bench bench;
    begin_bench(&bench, seed);
    unsigned char *out = bench.text;
    for (const unsigned char *at = data; at < last; at += 64) {
        __m512i bytes = last - at >= 64 ? _mm512_loadu_si512(at)
                                        : _mm512_mask_loadu_epi8(zero, (1ULL << (last - at)) - 1, at);
        uint64_t ends = _mm512_cmpeq_epi8_mask(bytes, newline);
        uint64_t kept = _mm512_cmpgt_epu8_mask(_mm512_sub_epi8(bytes, zero), nine);
        any = _mm512_or_si512(any, bytes);
        least = _mm512_min_epu8(least, bytes);
        _mm_prefetch((const char *)at + 1024, _MM_HINT_T0);
        for (; ends; ends &= ends - 1) {
            unsigned stop = (unsigned)__builtin_ctzll(ends);
            if (lines == to->room)
                return -1;
            out = end_line(&bench, put(out, bytes, kept & ((1ULL << stop) - 1)));
            kept &= -2ULL << stop;
            to->starts[lines] = begin - data;
            to->ends[lines++] = at + stop - data;
            begin = at + stop + 1;
            if (bench.count == WAITING || out >= bench.text + ROOM) {
                number_them(&bench, seed, to, lines);
                out = make_room(&bench, out, seed);
            }
        }
        out = put(out, bytes, kept);
        if (out >= bench.text + ROOM) {
            number_them(&bench, seed, to, lines);
            out = make_room(&bench, out, seed);
        }
    }
    number_them(&bench, seed, to, lines);
    to->seen |= (_mm512_movepi8_mask(any) ? HIGH : 0) | (_mm512_testn_epi8_mask(least, least) != 0);
    return lines;
}
#else
static int has_wide(void) { return 0; }
#define read_wide(seed, data, end, to) -1
#endif

#define BEST 99

/* In how many ways this processor can read lines. */
static int ways(void) { return has_wide() ? 3 : has_pext() ? 2 : 1; }

static Py_ssize_t read_lines(uint64_t seed, const unsigned char *data, Py_ssize_t end, Lines *to, int way)
{
    int most = ways();
    switch (way < most ? way : most - 1) {
    case 2:
        return read_wide(seed, data, end, to);
    case 1:
        return read_words(seed, data, end, to, 1);
    default:
        return read_words(seed, data, end, to, 0);
    }
}

#endif

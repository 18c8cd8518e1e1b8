/* Numbers made of the content of lines: of all of it, or of all but those digits that decide nothing. */

#ifndef CALICO_TRIAGE_RULES_H
#define CALICO_TRIAGE_RULES_H

#include "_lines.h"
#include "_words.h"

/* The next bytes, at most eight of them, as a number; eight can be read from any place. */
static inline uint64_t some(const unsigned char *at, int64_t count)
{
    return count >= 8 ? load(at) : count > 0 ? load(at) & ((1ULL << (8 * count)) - 1) : 0;
}

/* A number made of some bytes; `seed` is secret, so that nobody can write bytes that give a certain number. */
static inline uint64_t content(const unsigned char *at, int64_t length, uint64_t hash, uint64_t seed)
{
    uint64_t key = seed * K3 + K1;
    int64_t done = length > 0 ? length / BLOCK * BLOCK : 0;
    Lanes lanes = fold((Lanes){hash, hash ^ K3, 0}, at, (size_t)done / BLOCK, seed);
    for (; done < length; done += 16)
        lanes.a = mix(lanes.a ^ some(at + done, length - done), key ^ some(at + done + 8, length - done - 8));
    return mix(lanes.a ^ K2 ^ lanes.b, key ^ (uint64_t)length * K3);
}

/* Digits next to each other that decide; see parsers/digit_rules.py and native_scan.py, which packs them. */
typedef struct {
    uint8_t count, first, last, unused;
    uint16_t digits[14];
} Rule;

/* Which of up to 64 rules next to each other begin with a digit; bit i stands for the i-th of them. */
typedef struct {
    int64_t at, count; /* of the first one among all, and how many */
    uint64_t by_digit[10], anywhere; /* anywhere: those that need not stand at the beginning of a run */
} Index;

#define INDEXED 64
#define INDEXES 32

static const Index *index_of(Index *known, const Rule *rules, int64_t at, int64_t count)
{
    Index *index = known + at % INDEXES;
    if (index->at == at && index->count == count)
        return index;
    *index = (Index){.at = at, .count = count};
    for (int64_t i = 0; i < count && i < INDEXED; i++) {
        for (int digit = 0; digit < 10; digit++)
            index->by_digit[digit] |= (uint64_t)(rules[i].digits[0] >> digit & 1) << i;
        index->anywhere |= (uint64_t)!rules[i].first << i;
    }
    return index;
}

/* Whether the digits that begin at a place of a run are those of a rule. */
static inline int fits_at(const unsigned char *run, int64_t length, int64_t at, const Rule *rule)
{
    int64_t left = length - at, i = 0;
    if (rule->count > left || (rule->last && rule->count != left) || (rule->first && at))
        return 0;
    while (i < rule->count && rule->digits[i] >> (run[at + i] - '0') & 1)
        i++;
    return i == rule->count;
}

/* Whether a run of digits must be taken as it is. */
static int decides(const unsigned char *run, int64_t length, const Rule *rules, int64_t count, const Index *index)
{
    for (int64_t at = 0; at < length; at++) {
        uint64_t may = index->by_digit[run[at] - '0'] & (at ? index->anywhere : ~0ULL);
        for (; may; may &= may - 1)
            if (fits_at(run, length, at, rules + __builtin_ctzll(may)))
                return 1;
        for (int64_t i = INDEXED; i < count; i++)
            if (fits_at(run, length, at, rules + i))
                return 1;
    }
    return 0;
}

/* A word in which all digits are one and the same. */
static inline uint64_t digits_alike(uint64_t word)
{
    uint64_t digits = digits_of(word), them = (digits << 1) - (digits >> 7);
    return (word & ~them) | (ONES & them);
}

/* As content(), but of a run of digits that decides nothing only the length and the place count. */
static uint64_t content_by_rules(const unsigned char *at, int64_t length, uint64_t hash, uint64_t seed,
                                 const Rule *rules, int64_t count, const Index *index)
{
    uint64_t key = seed * K3 + K1;
    int64_t least = length + 1, done = 0; /* digits of the shortest rule; bytes of runs that were looked at */
    for (int64_t i = 0; i < count; i++)
        least = rules[i].count < least ? rules[i].count : least;
    for (int64_t i = 0; i < length; i += 16)
        hash = mix(hash ^ digits_alike(some(at + i, length - i)), key ^ digits_alike(some(at + i + 8, length - i - 8)));
    for (int64_t i = 0; count && i < length; i += 8) {
        uint64_t digits = digits_of(some(at + i, length - i));
        while (digits) {
            int64_t run = i + ((int64_t)__builtin_ctzll(digits) >> 3), end = run + 1;
            if (run >= done) {
                while (end < length && is_digit(at[end]))
                    end++;
                if (end - run >= least && decides(at + run, end - run, rules, count, index))
                    hash = mix(hash ^ content(at + run, end - run, (uint64_t)run, seed), key ^ K2);
                done = end;
            } else
                end = done;
            digits = end - i >= 8 ? 0 : digits >> (8 * (end - i)) << (8 * (end - i));
        }
    }
    return mix(hash ^ K2, key ^ (uint64_t)length * K3);
}

#endif

/* Eight bytes at a time: what the loops over a large log's bytes share. */

#ifndef CALICO_TRIAGE_WORDS_H
#define CALICO_TRIAGE_WORDS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || !defined(__SIZEOF_INT128__)
#error "written for 64-bit processors that store the lowest byte first; the program does without it elsewhere"
#endif

#define ONES 0x0101010101010101ULL
#define HIGH 0x8080808080808080ULL
#define K1 0x9E3779B97F4A7C15ULL
#define K2 0xC2B2AE3D27D4EB4FULL
#define K3 0x165667B19E3779F9ULL

static inline uint64_t load(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The high bit of each byte of a word that is a digit. */
static inline uint64_t digits_of(uint64_t word)
{
    uint64_t from = word ^ (ONES * '0');
    return ~(((from & ~HIGH) + ONES * 0x76) | from) & HIGH;
}

static inline int is_digit(unsigned char byte) { return (unsigned char)(byte - '0') < 10; }

#endif

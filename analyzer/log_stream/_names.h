/* What may be a name in a line: it is taken out to tell what lines have in common. */

#ifndef CALICO_TRIAGE_NAMES_H
#define CALICO_TRIAGE_NAMES_H

#include "_words.h"

enum { WORD = 1, HEX = 2, JOINS = 4, BEGINS_JOINED = 8 }; /* of a word, a to f, ./:@-, - or / */

#define LETTERS(from, to, what) [from... to] = what
static const uint8_t KINDS[256] = {
    LETTERS('0', '9', WORD), LETTERS('A', 'Z', WORD), LETTERS('a', 'f', WORD | HEX), LETTERS('g', 'z', WORD),
    ['_'] = WORD, ['.'] = JOINS, ['/'] = JOINS | BEGINS_JOINED, [':'] = JOINS, ['@'] = JOINS,
    ['-'] = JOINS | BEGINS_JOINED,
};

static inline int is_lower_hex(unsigned char byte) { return KINDS[byte] & HEX; }

static inline int is_word(unsigned char byte) { return KINDS[byte] & WORD; }

/* Where what may be a name ends that begins at `at`, NULL where none does; the same as the expression in shapes.py. */
static const unsigned char *name_end(const unsigned char *at, const unsigned char *from, const unsigned char *end)
{
    int inside = at > from && is_word(at[-1]);
    if (!inside && !(at > from && at[-1] == '.')) { /* parts joined by hyphens, slashes or dots */
        int joined = 0;
        const unsigned char *stop = at;
        for (; stop < end && (is_word(*stop) || *stop == '.'); stop++)
            joined |= *stop == '.';
        if (joined || (stop < end && KINDS[*stop] & BEGINS_JOINED)) {
            while (stop < end && KINDS[*stop] & (WORD | JOINS))
                stop++;
            return stop;
        }
    }
    if (inside || at == end || !is_word(*at))
        return NULL;
    const unsigned char *first = end - at >= 4 && !memcmp(at, "cali", 4) ? at + 4 : at, *stop = first;
    while (stop < end && is_lower_hex(*stop))
        stop++;
    if (!(stop < end && is_word(*stop)) && (first != at || stop - at >= 3))
        return stop;
    if (end - first < 10 || (*first != 's' && *first != 'n') || first[1] != ':')
        return NULL;
    for (stop = first + 2; stop < end && (is_word(*stop) || *stop == '-'); stop++)
        ;
    return stop - first >= 10 ? stop : NULL; /* an IP set */
}

/* Write a line without its digits, and with ~ for what may be a name behind the place in the sources that wrote it; give
   how long that is, at most as long as the line. `text` has room for the line as well. */
static Py_ssize_t bare_text(const unsigned char *line, Py_ssize_t size, unsigned char *text, unsigned char *out)
{
    unsigned char *end = text, *begin = out;
    const unsigned char *from = text, *at;
    for (const unsigned char *byte = line; byte < line + size; byte++) {
        *end = *byte;
        end += !is_digit(*end);
    }
    for (at = text; end - at >= 4; at++)
        if (!memcmp(at, ".go", 3) && (at[3] == ' ' || at[3] == ':')) {
            from = at + 4;
            break;
        }
    memcpy(out, text, (size_t)(from - text));
    out += from - text;
    for (at = from; at < end;) {
        const unsigned char *stop = name_end(at, from, end);
        if (stop) {
            *out++ = '~';
            at = stop;
        } else /* a name begins where a word does */
            do
                *out++ = *at++;
            while (at < end && is_word(*at) && is_word(at[-1]));
    }
    return out - begin;
}

#endif

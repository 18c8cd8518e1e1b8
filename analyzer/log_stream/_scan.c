/* The loops over each byte of a large log: where its lines are, what shape each has, which group it belongs to.

   analyzer/log_stream/scan.py says what they compute, does the same with numpy and pyarrow where this could not be
   compiled, and tests compare both. Nothing here looks beyond the buffers that it is given. */

#include "_likes.h"
#include "_lines.h"
#include "_names.h"
#include "_rules.h"
#include "_table.h"
#include "_words.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Changes with the functions' arguments and results; native_scan.py wants the same, else an old build is at hand. */
#define FORM 10

#define AHEAD 12 /* lines whose beginning is fetched before it is looked at */

typedef struct {
    Py_buffer of;
} Array;

static int fits(const Array *arrays, int count, Py_ssize_t size, Py_ssize_t least)
{
    for (int i = 0; i < count; i++)
        if (arrays[i].of.len < least * size) {
            PyErr_SetString(PyExc_ValueError, "an array is too short");
            return 0;
        }
    return 1;
}

static void release(Array *arrays, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&arrays[i].of);
}

static PyObject *lines(PyObject *module, PyObject *args)
{
    Array a[4]; /* data, starts, ends, number */
    Py_ssize_t end;
    unsigned long long seed;
    int way = BEST;
    if (!PyArg_ParseTuple(args, "Ky*nw*w*w*|i", &seed, &a[0].of, &end, &a[1].of, &a[2].of, &a[3].of, &way))
        return NULL;
    const unsigned char *data = a[0].of.buf;
    Lines to = {a[1].of.buf, a[2].of.buf, a[3].of.buf, a[1].of.len / 8, 0};
    Py_ssize_t count;
    PyObject *result = NULL;
    if (end < 0 || a[0].of.len < end + 8 || (end && data[end - 1] != '\n'))
        PyErr_SetString(PyExc_ValueError, "no whole lines with eight bytes behind them");
    else if (fits(a + 2, 2, 8, to.room)) {
        Py_BEGIN_ALLOW_THREADS
        count = read_lines(seed, data, end, &to, way);
        Py_END_ALLOW_THREADS
        result = Py_BuildValue("nO", count, to.seen ? Py_True : Py_False);
    }
    release(a, 4);
    return result;
}

static PyObject *look_up(PyObject *module, PyObject *args)
{
    Table *table;
    Array a[3]; /* number, found, places */
    if (!PyArg_ParseTuple(args, "O!y*w*w*", &TableType, &table, &a[0].of, &a[1].of, &a[2].of))
        return NULL;
    const uint64_t *number = a[0].of.buf;
    int64_t *found = a[1].of.buf, *places = a[2].of.buf;
    Py_ssize_t count = a[0].of.len / 8, unknown = 0;
    PyObject *result = NULL;
    if (fits(a + 1, 2, 8, count)) {
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < count; i++) {
            found[i] = table_get(table, number[i]);
            places[unknown] = i;
            unknown += found[i] < 0;
        }
        Py_END_ALLOW_THREADS
        result = PyLong_FromSsize_t(unknown);
    }
    release(a, 3);
    return result;
}

static PyObject *distinct(PyObject *module, PyObject *args)
{
    Array a[3]; /* numbers, first, which */
    unsigned long long seed;
    if (!PyArg_ParseTuple(args, "Ky*w*w*", &seed, &a[0].of, &a[1].of, &a[2].of))
        return NULL;
    const uint64_t *numbers = a[0].of.buf;
    int64_t *first = a[1].of.buf, *which = a[2].of.buf;
    Py_ssize_t count = a[0].of.len / 8, found = 0;
    size_t size = 16;
    while (size < 2 * (size_t)count)
        size *= 2;
    Table table = {.size = size, .seed = seed};
    PyObject *result = NULL;
    if (fits(a + 1, 2, 8, count)) {
        table.entries = PyMem_Calloc(size, sizeof *table.entries);
        if (!table.entries)
            PyErr_NoMemory();
        else {
            for (Py_ssize_t i = 0; i < count; i++) {
                Entry *entry = table.entries + place_of(&table, key_of(numbers[i]));
                if (!entry->key) {
                    *entry = (Entry){key_of(numbers[i]), found};
                    first[found++] = i;
                }
                which[i] = entry->value;
            }
            result = PyLong_FromSsize_t(found);
        }
        PyMem_Free(table.entries);
    }
    release(a, 3);
    return result;
}

/* ---- minutes ---- */

/* Counts of a month's lines by minute and level; `word` is how its times begin: "2026-02-". */
typedef struct {
    int32_t *counts;
    Py_ssize_t room;
    uint64_t word;
} Month;

static inline uint64_t two(uint64_t word, unsigned shift) { return (word >> shift & 15) * 10 + (word >> (shift + 8) & 15); }

/* Count a line whose time is at `at`; 0 where it is of another month. */
static inline int count_minute(const Month *month, const unsigned char *data, int64_t at, Py_ssize_t size, int8_t level)
{
    if (at < 0 || at + 16 > size)
        return 1;
    if (load(data + at) != month->word)
        return 0;
    uint64_t day = load(data + at + 8);
    uint64_t minute = two(day, 0) * 1440 + two(day, 24) * 60 + two(day, 48);
    uint64_t place = minute * 16 + (uint64_t)(level & 15);
    if (place < (uint64_t)month->room) {
        month->counts[place]++;
        month->counts[minute / 1440] = 1; /* no day is the 0th: its room says which days there are */
    }
    return 1;
}

static PyObject *minutes(PyObject *module, PyObject *args)
{
    Array a[6]; /* data; starts, shape by line; time_at, level by shape; counts */
    Py_ssize_t from;
    unsigned long long word;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*w*nK", &a[0].of, &a[1].of, &a[2].of, &a[3].of, &a[4].of, &a[5].of, &from,
                          &word))
        return NULL;
    const unsigned char *data = a[0].of.buf;
    const int8_t *level = a[4].of.buf;
    const int64_t *starts = a[1].of.buf, *shape = a[2].of.buf, *time_at = a[3].of.buf;
    Month month = {a[5].of.buf, a[5].of.len / 4, word};
    Py_ssize_t lines = a[2].of.len / 8, known = a[4].of.len, size = a[0].of.len, i = from;
    PyObject *result = NULL;
    if (from < 0 || !fits(a + 1, 2, 8, lines) || !fits(a + 3, 1, 8, known))
        goto done;
    Py_BEGIN_ALLOW_THREADS
    for (; i < lines; i++) {
        __builtin_prefetch(data + starts[i + AHEAD < lines ? i + AHEAD : i]);
        int64_t what = shape[i];
        if (what < 0 || what >= known || time_at[what] < 0)
            continue;
        if (!count_minute(&month, data, starts[i] + time_at[what], size, level[what]))
            break;
    }
    Py_END_ALLOW_THREADS
    result = PyLong_FromSsize_t(i);
done:
    release(a, 6);
    return result;
}

/* ---- groups ---- */

/* A number that tells the shapes of the lines behind the first one of a record, 0 where there are none. */
static inline uint64_t others_of_record(const int64_t *shape, const unsigned char *heads, Py_ssize_t first,
                                        Py_ssize_t lines)
{
    uint64_t sum = 0;
    for (Py_ssize_t i = first + 1; i < lines && !heads[i]; i++)
        sum += ((uint64_t)shape[i] + 1) * ((uint64_t)(i - first) * K1 | 1);
    return sum;
}

static PyObject *groups(PyObject *module, PyObject *args)
{
    Table *table;
    PyObject *record_begins;
    Array a[22];
    Py_ssize_t base, counted;
    unsigned long long month_word;
    /* data; starts, ends, shape, group, word, number, follow by line; pid_at, begin, end, expected, usual, special, rules
       and their count by shape; rules; places; time_at, level by shape; counts */
    if (!PyArg_ParseTuple(args, "O!y*y*y*y*w*w*w*w*y*y*y*y*y*y*y*y*y*w*y*y*w*KnO", &TableType, &table, &a[0].of,
                          &a[1].of, &a[2].of, &a[3].of, &a[4].of, &a[5].of, &a[6].of, &a[7].of, &a[8].of, &a[9].of,
                          &a[10].of, &a[11].of, &a[12].of, &a[13].of, &a[14].of, &a[15].of, &a[16].of, &a[17].of,
                          &a[18].of, &a[19].of, &a[20].of, &month_word, &counted, &record_begins))
        return NULL;
    const unsigned char *data = a[0].of.buf, *special = a[13].of.buf, *heads = NULL;
    const int64_t *starts = a[1].of.buf, *ends = a[2].of.buf, *shape = a[3].of.buf, *pid_at = a[8].of.buf;
    const int64_t *begin = a[9].of.buf, *end = a[10].of.buf, *usual = a[12].of.buf;
    const uint64_t *expected = a[11].of.buf;
    const int64_t *rules_at = a[14].of.buf, *rules_count = a[15].of.buf;
    const Rule *rules = a[16].of.buf;
    int64_t *group = a[4].of.buf, *places = a[17].of.buf;
    const int64_t *time_at = a[18].of.buf;
    const int8_t *level = a[19].of.buf;
    Month month = {a[20].of.buf, a[20].of.len / 4, month_word};
    uint64_t *words = a[5].of.buf, *numbers = a[6].of.buf, *follow = a[7].of.buf;
    Py_ssize_t lines = a[3].of.len / 8, known = a[13].of.len, all = a[16].of.len / (Py_ssize_t)sizeof(Rule), unknown = 0;
    int held = 21;
    Index indexes[INDEXES];
    for (int i = 0; i < INDEXES; i++)
        indexes[i].at = -1;
    PyObject *result = NULL;
    base = a[0].of.len;
    if (record_begins != Py_None) {
        if (PyObject_GetBuffer(record_begins, &a[21].of, PyBUF_SIMPLE) < 0)
            goto done;
        heads = a[21].of.buf;
        held = 22;
    }
    if (!fits(a + 1, 7, 8, lines) || !fits(a + 8, 5, 8, known) || !fits(a + 14, 2, 8, known) ||
        !fits(a + 17, 1, 8, lines) || !fits(a + 18, 1, 8, known) || !fits(a + 19, 1, 1, known) ||
        (heads && !fits(a + 21, 1, 1, lines)))
        goto done;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < lines; i++) {
        __builtin_prefetch(data + starts[i + AHEAD < lines ? i + AHEAD : i]);
        int64_t what = shape[i], start = starts[i], stop = ends[i];
        if (what < 0 || what >= known || start < 0 || stop < start || stop + 8 > base) {
            unknown = -1;
            break;
        }
        if (i == counted && (time_at[what] < 0 || count_minute(&month, data, start + time_at[what], base, level[what])))
            counted++; /* up to a line of another month */
        int64_t at = pid_at[what];
        uint64_t word = at >= 0 && start + at + 8 <= base ? load(data + start + at) : 0;
        uint64_t behind = heads && heads[i] ? others_of_record(shape, heads, i, lines) : 0;
        words[i] = word;
        follow[i] = behind;
        if (!special[what] && !behind && usual[what] >= 0 && word == expected[what]) {
            group[i] = usual[what];
            continue;
        }
        uint64_t number = ((uint64_t)what + 1) * K1 ^ behind * K3;
        if (special[what]) {
            int64_t length = stop - start, first = begin[what] < length ? begin[what] : length;
            int64_t second = end[what] < length ? end[what] : length;
            uint64_t hash = content(data + start, first, table->seed, table->seed);
            int64_t rule = rules_at[what], count = rules_count[what];
            if (rule >= 0 && count >= 0 && rule + count <= all) {
                const Index *index = index_of(indexes, rules + rule, rule, count);
                hash = content_by_rules(data + start + second, length - second, hash, table->seed, rules + rule, count,
                                        index);
                number ^= hash ^ word * K2 ^ K3; /* what was remembered before no longer holds */
            } else
                number ^= content(data + start + second, length - second, hash, table->seed);
        } else
            number ^= word * K2;
        numbers[i] = number;
        group[i] = table_get(table, number);
        places[unknown] = i;
        unknown += group[i] < 0;
    }
    Py_END_ALLOW_THREADS
    if (unknown < 0)
        PyErr_SetString(PyExc_ValueError, "a line is not in the data, or has no shape");
    else
        result = Py_BuildValue("nn", unknown, counted);
done:
    release(a, held);
    return result;
}

/* Add a number to a list. */
static int append(PyObject *list, Py_ssize_t number)
{
    PyObject *value = PyLong_FromSsize_t(number);
    int failed = !value || PyList_Append(list, value) < 0;
    Py_XDECREF(value);
    return !failed;
}

static PyObject *count(PyObject *module, PyObject *args)
{
    Array a[4]; /* group by line; total, last_part, last_place by group */
    long long part;
    if (!PyArg_ParseTuple(args, "y*Lw*w*w*", &a[0].of, &part, &a[1].of, &a[2].of, &a[3].of))
        return NULL;
    const int64_t *group = a[0].of.buf;
    int64_t *total = a[1].of.buf, *last_part = a[2].of.buf, *last_place = a[3].of.buf;
    Py_ssize_t lines = a[0].of.len / 8, groups = a[1].of.len / 8, i = -1;
    PyObject *firsts = PyList_New(0);
    if (firsts && fits(a + 1, 3, 8, groups)) {
        for (i = 0; i < lines && group[i] >= 0 && group[i] < groups; i++) {
            if (!total[group[i]]++ && !append(firsts, i))
                break;
            last_part[group[i]] = part;
            last_place[group[i]] = i;
        }
        if (i < lines && !PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "a line has no group");
    }
    release(a, 4);
    if (i < lines)
        Py_CLEAR(firsts);
    return firsts;
}

static PyObject *bare(PyObject *module, PyObject *line)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(line, &bytes, &size) < 0)
        return NULL;
    unsigned char few[1024], *text = size <= (Py_ssize_t)sizeof few ? few : PyMem_Malloc((size_t)size);
    PyObject *result = text ? PyBytes_FromStringAndSize(NULL, size) : PyErr_NoMemory(); /* a name has a byte at least */
    if (result)
        _PyBytes_Resize(&result, bare_text((unsigned char *)bytes, size, text, (unsigned char *)PyBytes_AS_STRING(result)));
    if (text != few)
        PyMem_Free(text);
    return result;
}

static PyMethodDef functions[] = {
    {"bare", bare, METH_O, "bare(line): the line without digits, ~ for what may be a name behind its .go: or .go ."},
    {"lines", lines, METH_VARARGS,
     "lines(seed, data, end, starts, ends, number, way): fill in where each line is and the number of its bytes "
     "without digits; how many there are (-1 if there is no room for all), and whether some byte is zero or not ASCII. "
     "All ways below WAYS give the same; without one it is the fastest."},
    {"look_up", look_up, METH_VARARGS,
     "look_up(table, number, found, places): fill in what is known, and the places where nothing is; how many these "
     "are."},
    {"distinct", distinct, METH_VARARGS,
     "distinct(seed, numbers, first, which): number those that differ in their order; fill in the place of the first of "
     "each and, for each place, which one stands there; how many there are."},
    {"groups", groups, METH_VARARGS,
     "groups(table, data, starts, ends, shape, group, word, number, follow, pid_at, begin, end, expected, usual, "
     "special, rules_at, rules_count, rules, places, time_at, level, counts, month, counted, heads): fill in group, word, "
     "number and follow, and the places of lines of no known group; how many these are. From `counted` on also count as "
     "minutes() does; up to which line that was done."},
    {"count", count, METH_VARARGS,
     "count(group, part, total, last_part, last_place): count lines by group; where the last one of each is. The places "
     "of the first lines of groups that had none."},
    {"minutes", minutes, METH_VARARGS,
     "minutes(data, starts, shape, time_at, level, counts, from, month): count lines; the first of another month."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_scan", "The loops over each byte of a large log.", -1, functions, NULL, NULL, NULL, NULL};

/* Buffers of a few megabytes come and go with each stretch: glibc would give each back to the system, which then has to
   clear its pages and hand them out anew. */
static void keep_buffers(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 16 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

PyMODINIT_FUNC PyInit__scan(void)
{
    keep_buffers();
    if (PyType_Ready(&TableType) < 0 || PyType_Ready(&TextsType) < 0 || PyType_Ready(&LikesType) < 0)
        return NULL;
    PyObject *module = PyModule_Create(&definition);
    if (module && (PyModule_AddObjectRef(module, "Table", (PyObject *)&TableType) < 0 ||
                   PyModule_AddObjectRef(module, "Texts", (PyObject *)&TextsType) < 0 ||
                   PyModule_AddObjectRef(module, "Likes", (PyObject *)&LikesType) < 0 ||
                   PyModule_AddIntConstant(module, "FORM", FORM) < 0 ||
                   PyModule_AddIntConstant(module, "WAYS", ways()) < 0))
        Py_CLEAR(module);
    return module;
}

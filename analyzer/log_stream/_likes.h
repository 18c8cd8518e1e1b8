/* Lines that differ in names only from lines that were looked at, and say nothing new: told without looking at each.

   shapes.py puts lines into families by their text without digits and names. Of a family of which enough shapes are
   told apart, a further line is one of its others unless a text of the catalogue stands in it that stands in none of
   those. This finds both: the family by a number made of the bare text, the texts by an automaton (Aho and Corasick). */

#ifndef CALICO_TRIAGE_LIKES_H
#define CALICO_TRIAGE_LIKES_H

#include "_names.h"
#include "_rules.h"
#include "_table.h"

#define LONGEST 4096 /* bytes of a line; a longer one is looked at otherwise */

typedef struct {
    int64_t number; /* of the shape of its others */
    uint8_t *known; /* a bit for each text that stands in lines of it */
} Like;

typedef struct {
    PyObject_HEAD
    Py_ssize_t texts, states, classes, bytes;
    uint8_t class_of[256];
    int32_t *next;  /* where the row of the state after a byte begins, by state and class; see settle() */
    int32_t *text;  /* by state: a text that ends there, -1 for none */
    int32_t *other; /* by state: a shorter state that a text ends in, 0 for none */
} Texts;

typedef struct {
    PyObject_HEAD
    Texts *texts;
    Table families; /* number of the bare text -> place in likes */
    Like *likes;
    Py_ssize_t count, room;
} Likes;

/* ---- the texts ---- */

static void texts_dealloc(Texts *texts)
{
    PyMem_Free(texts->next);
    PyMem_Free(texts->text);
    PyMem_Free(texts->other);
    Py_TYPE(texts)->tp_free((PyObject *)texts);
}

/* Put the texts into the automaton; no two are equal, and those that are empty are not looked for. */
static int plant(Texts *all, PyObject *texts)
{
    all->states = 1;
    for (Py_ssize_t i = 0; i < all->texts; i++) {
        char *bytes;
        Py_ssize_t size, state = 0;
        if (PyBytes_AsStringAndSize(PyList_GET_ITEM(texts, i), &bytes, &size) < 0)
            return -1;
        for (Py_ssize_t at = 0; at < size; at++) {
            int32_t *to = all->next + state * all->classes + all->class_of[(unsigned char)bytes[at]];
            if (!*to)
                *to = (int32_t)all->states++;
            state = *to;
        }
        if (size)
            all->text[state] = (int32_t)i;
    }
    return 0;
}

/* Number the states in the order of `queue`, from the shortest text on: lines are mostly in states of one or two
   letters, which then stand together in the processor's cache. In `next` comes where its row begins, so that nothing is
   to be multiplied between a byte and the next, times two, plus one if a text ends there. Frees `next`, `text` and
   `other` as they were. */
static int settle(Texts *all, const int32_t *queue, int32_t *rank)
{
    Py_ssize_t states = all->states, classes = all->classes;
    int32_t *next = PyMem_Malloc((size_t)(states * classes) * 4), *text = PyMem_Malloc((size_t)states * 4);
    int32_t *other = PyMem_Malloc((size_t)states * 4);
    if (!next || !text || !other) {
        PyMem_Free(next);
        PyMem_Free(text);
        PyMem_Free(other);
        return -1;
    }
    for (int32_t place = 0; place < states; place++)
        rank[queue[place]] = place;
    for (Py_ssize_t place = 0; place < states; place++) {
        int32_t was = queue[place];
        text[place] = all->text[was];
        other[place] = rank[all->other[was]];
        for (Py_ssize_t kind = 0; kind < classes; kind++) {
            int32_t to = all->next[was * classes + kind];
            next[place * classes + kind] = rank[to] * (int32_t)classes * 2 + (all->text[to] >= 0 || all->other[to]);
        }
    }
    PyMem_Free(all->next);
    PyMem_Free(all->text);
    PyMem_Free(all->other);
    all->next = next;
    all->text = text;
    all->other = other;
    return 0;
}

/* Link each state with the longest other one that its text ends in. */
static int link_states(Texts *all)
{
    int32_t *back = PyMem_Calloc((size_t)all->states, 4), *queue = PyMem_Calloc((size_t)all->states, 4);
    Py_ssize_t first = 0, last = 0;
    int done = 0;
    if (back && queue) {
        for (queue[last++] = 0; first < last; first++) {
            int32_t state = queue[first], *row = all->next + state * all->classes;
            int32_t *behind = all->next + back[state] * all->classes;
            if (state)
                all->other[state] = all->text[back[state]] >= 0 ? back[state] : all->other[back[state]];
            for (Py_ssize_t kind = 0; kind < all->classes; kind++) {
                if (row[kind]) {
                    back[row[kind]] = state ? behind[kind] : 0;
                    queue[last++] = row[kind];
                } else
                    row[kind] = state ? behind[kind] : 0;
            }
        }
        done = settle(all, queue, back) == 0;
    }
    if (!done)
        PyErr_NoMemory();
    PyMem_Free(back);
    PyMem_Free(queue);
    return done ? 0 : -1;
}

static int grow_automaton(Texts *all, PyObject *texts)
{
    Py_ssize_t most = 1;
    all->texts = PyList_GET_SIZE(texts);
    all->bytes = all->texts / 8 + 1;
    all->classes = 1;
    for (Py_ssize_t i = 0; i < all->texts; i++) {
        char *bytes;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyList_GET_ITEM(texts, i), &bytes, &size) < 0)
            return -1;
        most += size;
        for (Py_ssize_t at = 0; at < size; at++)
            if (!all->class_of[(unsigned char)bytes[at]])
                all->class_of[(unsigned char)bytes[at]] = (uint8_t)all->classes++;
    }
    for (int byte = 'A'; byte <= 'Z'; byte++) /* the catalogue's texts are in small letters */
        all->class_of[byte] = all->class_of[byte + 32];
    if (most > 4 * 1000 * 1000 || most * all->classes > 1000 * 1000 * 1000 || all->classes > 255) {
        PyErr_SetString(PyExc_ValueError, "too many texts");
        return -1;
    }
    all->next = PyMem_Calloc((size_t)(most * all->classes), 4);
    all->text = PyMem_Malloc((size_t)most * 4);
    all->other = PyMem_Calloc((size_t)most, 4);
    if (!all->next || !all->text || !all->other) {
        PyErr_NoMemory();
        return -1;
    }
    memset(all->text, 0xFF, (size_t)most * 4);
    return plant(all, texts) < 0 ? -1 : link_states(all);
}

static PyObject *texts_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"texts", NULL};
    PyObject *texts;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!", names, &PyList_Type, &texts))
        return NULL;
    Texts *all = (Texts *)type->tp_alloc(type, 0);
    if (all && grow_automaton(all, texts) < 0)
        Py_CLEAR(all);
    return (PyObject *)all;
}

/* The row of the next state behind a byte, times two, plus one if a text ends there; -1 where a line with the byte is not
   told here: the texts are looked for in lines without blanks at their ends, or two in a row. */
static inline int32_t row_behind(const Texts *all, int32_t row, unsigned char before, unsigned char byte)
{
    if (byte < ' ' || byte >= 0x7F || (byte == ' ' && before == ' ') || (byte == '"' && before == '\\'))
        return -1;
    return all->next[row + all->class_of[byte]];
}

static inline int32_t first_end(const Texts *all, int32_t row)
{
    int32_t state = row / (int32_t)all->classes;
    return all->text[state] >= 0 ? state : all->other[state];
}

/* Fill in a bit for each text that stands in a line; 0 where that is not told here. */
static int texts_in(const Texts *all, const unsigned char *line, Py_ssize_t size, uint8_t *bits)
{
    int32_t row = 0;
    unsigned char before = ' ';
    for (Py_ssize_t at = 0; at < size; before = line[at++]) {
        int32_t to = row_behind(all, row, before, line[at]);
        if (to < 0)
            return 0;
        row = to >> 1;
        for (int32_t end = to & 1 ? first_end(all, row) : 0; end; end = all->other[end])
            bits[all->text[end] / 8] |= (uint8_t)(1 << all->text[end] % 8);
    }
    return before != ' ';
}

static PyObject *texts_find(Texts *all, PyObject *line)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(line, &bytes, &size) < 0)
        return NULL;
    PyObject *bits = PyBytes_FromStringAndSize(NULL, all->bytes);
    if (!bits)
        return NULL;
    memset(PyBytes_AS_STRING(bits), 0, (size_t)all->bytes);
    if (texts_in(all, (unsigned char *)bytes, size, (uint8_t *)PyBytes_AS_STRING(bits)))
        return bits;
    Py_DECREF(bits);
    Py_RETURN_NONE;
}

static PyMethodDef texts_methods[] = {
    {"find", (PyCFunction)texts_find, METH_O,
     "find(line): a bit for each text that stands in it; None where that is not told here."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject TextsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "analyzer.log_stream._scan.Texts",
    .tp_basicsize = sizeof(Texts),
    .tp_dealloc = (destructor)texts_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Texts in small letters that are looked for in lines.",
    .tp_methods = texts_methods,
    .tp_new = texts_new,
};

/* ---- the lines ---- */

static void likes_dealloc(Likes *likes)
{
    for (Py_ssize_t i = 0; i < likes->count; i++)
        PyMem_Free(likes->likes[i].known);
    PyMem_Free(likes->likes);
    PyMem_Free(likes->families.entries);
    Py_XDECREF(likes->texts);
    Py_TYPE(likes)->tp_free((PyObject *)likes);
}

static PyObject *likes_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"seed", "texts", NULL};
    unsigned long long seed;
    PyObject *texts;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "KO!", names, &seed, &TextsType, &texts))
        return NULL;
    Likes *likes = (Likes *)type->tp_alloc(type, 0);
    if (likes) {
        likes->texts = (Texts *)Py_NewRef(texts);
        likes->families.seed = seed;
        if (table_resize(&likes->families, 1024) < 0)
            Py_CLEAR(likes);
    }
    return (PyObject *)likes;
}

/* Whether all texts in a line are known of a family. -1: not told here. */
static int says_nothing_new(const Texts *all, const Like *like, const unsigned char *line, Py_ssize_t size)
{
    int32_t row = 0;
    unsigned char before = ' ';
    for (Py_ssize_t at = 0; at < size; before = line[at++]) {
        int32_t to = row_behind(all, row, before, line[at]);
        if (to < 0)
            return -1;
        row = to >> 1;
        for (int32_t end = to & 1 ? first_end(all, row) : 0; end; end = all->other[end])
            if (!(like->known[all->text[end] / 8] >> (all->text[end] % 8) & 1))
                return 0;
    }
    return before == ' ' ? -1 : 1;
}

static uint64_t number_of(const Likes *likes, const unsigned char *text, Py_ssize_t size)
{
    return content(text, size, K1, likes->families.seed);
}

static PyObject *likes_set(Likes *likes, PyObject *args)
{
    Py_buffer bare, known;
    long long number;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*Ly*", &bare, &number, &known))
        return NULL;
    unsigned char padded[LONGEST + 8];
    if (known.len < likes->texts->bytes || bare.len > LONGEST) {
        PyErr_SetString(PyExc_ValueError, "a bit for each text, and a text that is not too long, are needed");
        goto done;
    }
    memcpy(padded, bare.buf, (size_t)bare.len);
    uint64_t key = number_of(likes, padded, bare.len);
    int64_t place = table_get(&likes->families, key);
    if (place < 0) {
        if (likes->count == likes->room) {
            Py_ssize_t room = likes->room ? 2 * likes->room : 64;
            Like *grown = PyMem_Realloc(likes->likes, (size_t)room * sizeof *grown);
            if (!grown) {
                PyErr_NoMemory();
                goto done;
            }
            likes->likes = grown;
            likes->room = room;
        }
        uint8_t *bits = PyMem_Malloc((size_t)likes->texts->bytes);
        if (!bits || table_put(&likes->families, key, likes->count) < 0) {
            PyMem_Free(bits);
            if (!PyErr_Occurred())
                PyErr_NoMemory();
            goto done;
        }
        place = likes->count++;
        likes->likes[place].known = bits;
    }
    likes->likes[place].number = number;
    memcpy(likes->likes[place].known, known.buf, (size_t)likes->texts->bytes);
    result = Py_NewRef(Py_None);
done:
    PyBuffer_Release(&bare);
    PyBuffer_Release(&known);
    return result;
}

static PyObject *likes_find(Likes *likes, PyObject *args)
{
    Py_buffer a[5]; /* data; starts, ends, found, bare */
    if (!PyArg_ParseTuple(args, "y*y*y*w*w*", &a[0], &a[1], &a[2], &a[3], &a[4]))
        return NULL;
    const unsigned char *data = a[0].buf;
    const int64_t *starts = a[1].buf, *ends = a[2].buf;
    int64_t *found = a[3].buf;
    uint64_t *bare = a[4].buf;
    Py_ssize_t lines = a[1].len / 8, unknown = 0;
    PyObject *result = NULL;
    if (a[2].len < 8 * lines || a[3].len < 8 * lines || a[4].len < 8 * lines)
        PyErr_SetString(PyExc_ValueError, "an array is too short");
    else {
        unsigned char text[LONGEST], out[LONGEST + 8];
        for (Py_ssize_t i = 0; i < lines; i++) {
            int64_t start = starts[i], size = ends[i] - start;
            if (found[i] >= 0) /* of a family more and more texts are known: it says nothing new now either */
                continue;
            if (start >= 0 && size > 0 && size <= LONGEST && start + size <= a[0].len) {
                if (!bare[i]) {
                    Py_ssize_t length = bare_text(data + start, size, text, out);
                    bare[i] = number_of(likes, out, length);
                }
                int64_t place = table_get(&likes->families, bare[i]);
                if (place >= 0 && says_nothing_new(likes->texts, likes->likes + place, data + start, size) == 1)
                    found[i] = likes->likes[place].number;
            }
            unknown += found[i] < 0;
        }
        result = PyLong_FromSsize_t(unknown);
    }
    for (int i = 0; i < 5; i++)
        PyBuffer_Release(a + i);
    return result;
}

static PyMethodDef likes_methods[] = {
    {"set", (PyCFunction)likes_set, METH_VARARGS,
     "set(bare, number, known): lines with this bare text are of a shape where they hold no other texts than those "
     "whose bits are set."},
    {"find", (PyCFunction)likes_find, METH_VARARGS,
     "find(data, starts, ends, found, bare): fill in the shapes of lines that have none; how many must be looked at, and "
     "stay -1. The numbers of their bare texts stay in bare, 0 where not known yet."},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject LikesType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "analyzer.log_stream._scan.Likes",
    .tp_basicsize = sizeof(Likes),
    .tp_dealloc = (destructor)likes_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Lines that say nothing new, by what they say without digits and names.",
    .tp_methods = likes_methods,
    .tp_new = likes_new,
};

#endif

/* A table of numbers by key; what is not in it is -1. */

#ifndef CALICO_TRIAGE_TABLE_H
#define CALICO_TRIAGE_TABLE_H

#include "_words.h"

typedef struct {
    uint64_t key; /* 0: free */
    int64_t value;
} Entry;

typedef struct {
    PyObject_HEAD
    Entry *entries;
    size_t size, used; /* size is a power of two */
    uint64_t seed;     /* so that nobody can write lines that fall together */
} Table;

static inline uint64_t key_of(uint64_t key) { return key ? key : K1; }

static inline size_t place_of(const Table *table, uint64_t key)
{
    size_t place = (size_t)mix(key ^ table->seed, K2) & (table->size - 1);
    while (table->entries[place].key && table->entries[place].key != key)
        place = (place + 1) & (table->size - 1);
    return place;
}

static inline int64_t table_get(const Table *table, uint64_t key)
{
    key = key_of(key);
    size_t place = place_of(table, key);
    return table->entries[place].key ? table->entries[place].value : -1;
}

static int table_resize(Table *table, size_t size)
{
    Entry *entries = PyMem_Calloc(size, sizeof *entries), *old = table->entries;
    size_t old_size = table->size;
    if (!entries) {
        PyErr_NoMemory();
        return -1;
    }
    table->entries = entries;
    table->size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key)
            entries[place_of(table, old[i].key)] = old[i];
    PyMem_Free(old);
    return 0;
}

static PyObject *table_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"seed", NULL};
    unsigned long long seed;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "K", names, &seed))
        return NULL;
    Table *table = (Table *)type->tp_alloc(type, 0);
    if (table) {
        table->seed = seed;
        if (table_resize(table, 1024) < 0)
            Py_CLEAR(table);
    }
    return (PyObject *)table;
}

static void table_dealloc(Table *table)
{
    PyMem_Free(table->entries);
    Py_TYPE(table)->tp_free((PyObject *)table);
}

static int table_put(Table *table, uint64_t key, int64_t value)
{
    key = key_of(key);
    size_t place = place_of(table, key);
    if (!table->entries[place].key) {
        if (2 * (table->used + 1) > table->size) {
            if (table_resize(table, 2 * table->size) < 0)
                return -1;
            place = place_of(table, key);
        }
        table->entries[place].key = key;
        table->used++;
    }
    table->entries[place].value = value;
    return 0;
}

static PyObject *table_set(Table *table, PyObject *args)
{
    unsigned long long key;
    long long value;
    if (!PyArg_ParseTuple(args, "KL", &key, &value) || table_put(table, key, value) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *table_set_all(Table *table, PyObject *args)
{
    Py_buffer keys, values;
    Py_ssize_t most;
    if (!PyArg_ParseTuple(args, "y*y*n", &keys, &values, &most))
        return NULL;
    PyObject *result = NULL;
    if (values.len < keys.len)
        PyErr_SetString(PyExc_ValueError, "an array is too short");
    else {
        const uint64_t *key = keys.buf;
        const int64_t *value = values.buf;
        Py_ssize_t count = keys.len / 8, i = 0;
        while (i < count && (Py_ssize_t)table->used < most && table_put(table, key[i], value[i]) == 0)
            i++;
        if (i == count || (Py_ssize_t)table->used >= most)
            result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&values);
    return result;
}

static PyObject *table_clear(Table *table, PyObject *nothing)
{
    memset(table->entries, 0, table->size * sizeof *table->entries);
    table->used = 0;
    Py_RETURN_NONE;
}

static Py_ssize_t table_len(Table *table) { return (Py_ssize_t)table->used; }

static PyMethodDef table_methods[] = {
    {"set", (PyCFunction)table_set, METH_VARARGS, "set(key, value): remember a number."},
    {"set_all", (PyCFunction)table_set_all, METH_VARARGS,
     "set_all(keys, values, most): remember numbers in their order, as long as there are fewer than most."},
    {"clear", (PyCFunction)table_clear, METH_NOARGS, "Forget all."},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods table_sequence = {.sq_length = (lenfunc)table_len};

static PyTypeObject TableType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "analyzer.log_stream._scan.Table",
    .tp_basicsize = sizeof(Table),
    .tp_dealloc = (destructor)table_dealloc,
    .tp_as_sequence = &table_sequence,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "Numbers by 64-bit keys.",
    .tp_methods = table_methods,
    .tp_new = table_new,
};

#endif

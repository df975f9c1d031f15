// Arrays -> NumPy's array file (NEP 1), format 1.0: magic, version, a Python dictionary padded to 64 bytes, the values
// in this machine's byte order.
#include "base/base.h"
#include "ganymede/sample.h"
#include "sample/array.h"

#include <stdlib.h>

static void describe(const gm_file_array *array, gm_text *head) {
    char order = array->type[0] == 'S' || array->size == 1 ? '|' : gm_host_is_little_endian() ? '<' : '>';
    gm_text_printf(head, "{'descr': '%c%s', 'fortran_order': False, 'shape': (", order, array->type);
    for (size_t i = 0; i < array->rank; i++)
        gm_text_printf(head, i + 1 < array->rank ? "%zu, " : array->rank == 1 ? "%zu," : "%zu", array->dim[i]);
    gm_text_append(head, "), }");
    while (!head->failed && (10 + head->length + 1) % 64 != 0)
        gm_text_append(head, " ");
    gm_text_append(head, "\n");
}

gm_status gm_npy_encode(const char *path, const gm_file_array *array, gm_bytes *file) {
    size_t count = 1, bytes = 0;
    bool fits = array->rank <= GM_NPY_MAX_RANK;
    for (size_t i = 0; i < array->rank && fits; i++)
        fits = gm_multiply_sizes(count, array->dim[i], &count);
    if (!fits || !gm_multiply_sizes(count, array->size, &bytes))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: an array of %zu dimensions and %zu values is too large", path,
                       array->rank, count);
    gm_text head = {0};
    gm_status status;
    describe(array, &head);
    if (head.failed)
        GM_TRY_DONE(gm_fail_memory(128, path));
    GM_TRY_DONE(gm_bytes_append(file, "\x93NUMPY\x01\x00", 8, path));
    GM_TRY_DONE(gm_bytes_append_u16(file, (uint16_t)head.length, path));
    GM_TRY_DONE(gm_bytes_append(file, head.data, head.length, path));
    status = gm_bytes_append(file, array->values, bytes, path);
done:
    gm_text_finish(&head);
    return status;
}

gm_status gm_npy_write(const char *path, const float *values, size_t rank, const size_t *dim) {
    gm_file_array array = {.type = "f4", .values = values, .size = sizeof *values, .rank = rank};
    for (size_t i = 0; i < GM_MIN(rank, (size_t)GM_NPY_MAX_RANK); i++)
        array.dim[i] = dim[i];
    gm_bytes file = {0};
    gm_status status = gm_npy_encode(path, &array, &file);
    if (status == GM_OK)
        status = gm_file_write_atomic(path, file.data, file.length);
    free(file.data);
    return status;
}

gm_status gm_class_names_array(gm_file_array *array, const char *const *names, size_t count,
                               char type[GM_ARRAY_TYPE_BYTES], char **values) {
    size_t width = 1;
    for (size_t k = 0; k < count; k++)
        width = GM_MAX(width, strlen(names[k]));
    GM_TRY(gm_alloc(values, count, width, "class names"));
    for (size_t k = 0; k < count; k++)
        memcpy(*values + k * width, names[k], strlen(names[k]));
    gm_snprintf(type, GM_ARRAY_TYPE_BYTES, "S%zu", width);
    *array = (gm_file_array){"class_names", type, *values, width, 1, {count}};
    return GM_OK;
}

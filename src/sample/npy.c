// float32 values -> NumPy's array file (NEP 1), format 1.0: magic, version, a Python dictionary padded to 64 bytes, the
// values in this machine's byte order.
#include "base/base.h"
#include "ganymede/sample.h"

#include <stdlib.h>
#include <string.h>

static bool host_is_little_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

gm_status gm_npy_write(const char *path, const float *values, size_t rank, const size_t *dim) {
    size_t count = 1, bytes = 0;
    bool fits = true;
    gm_text head = {0};
    gm_text_printf(&head, "{'descr': '%cf4', 'fortran_order': False, 'shape': (", host_is_little_endian() ? '<' : '>');
    for (size_t i = 0; i < rank; i++) {
        fits = fits && gm_multiply_sizes(count, dim[i], &count);
        gm_text_printf(&head, i + 1 < rank ? "%zu, " : rank == 1 ? "%zu," : "%zu", dim[i]);
    }
    gm_text_append(&head, "), }");
    while (!head.failed && (10 + head.length + 1) % 64 != 0)
        gm_text_append(&head, " ");
    gm_text_append(&head, "\n");
    gm_status status = GM_OK;
    uint8_t *file = NULL;
    if (head.failed) {
        status = gm_fail_memory(128, path);
    } else if (rank > GM_NPY_MAX_RANK || !fits || !gm_multiply_sizes(count, sizeof(float), &bytes)) {
        status =
            gm_fail(GM_ERROR_ARGUMENT, "%s: an array of %zu dimensions and %zu values is too large", path, rank, count);
    } else {
        status = gm_alloc(&file, 10 + head.length + bytes, 1, path);
    }
    if (status == GM_OK) {
        memcpy(file, "\x93NUMPY", 6);
        file[6] = 1;
        file[7] = 0;
        file[8] = (uint8_t)(head.length & 0xff);
        file[9] = (uint8_t)(head.length >> 8);
        memcpy(file + 10, head.data, head.length);
        if (bytes > 0)
            memcpy(file + 10 + head.length, values, bytes);
        status = gm_file_write_atomic(path, file, 10 + head.length + bytes);
    }
    free(file);
    gm_text_finish(&head);
    return status;
}

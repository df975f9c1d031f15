// A growing array of bytes.
#include "sample/bytes.h"

#include "base/base.h"

#include <stdlib.h>
#include <string.h>

gm_status gm_bytes_append(gm_bytes *bytes, const void *data, size_t count, const char *what) {
    if (bytes->capacity - bytes->length < count) {
        size_t capacity = GM_MAX(bytes->length + count, bytes->capacity + bytes->capacity / 2 + 4096);
        gm_note_allocation();
        uint8_t *grown = capacity < count ? NULL : realloc(bytes->data, capacity);
        if (!grown)
            return gm_fail_memory(count, what);
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    if (count > 0)
        memcpy(bytes->data + bytes->length, data, count);
    bytes->length += count;
    return GM_OK;
}

gm_status gm_bytes_append_u16(gm_bytes *bytes, uint16_t value, const char *what) {
    return gm_bytes_append(bytes, (uint8_t[]){(uint8_t)value, (uint8_t)(value >> 8)}, 2, what);
}

gm_status gm_bytes_append_u32(gm_bytes *bytes, uint32_t value, const char *what) {
    GM_TRY(gm_bytes_append_u16(bytes, (uint16_t)value, what));
    return gm_bytes_append_u16(bytes, (uint16_t)(value >> 16), what);
}

// A growing array of bytes: files while they are made.
#ifndef GM_SAMPLE_BYTES_H
#define GM_SAMPLE_BYTES_H

#include "ganymede/base.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// Zeroed value = empty. `what` it is for, in messages. free(bytes->data)
typedef struct gm_bytes {
    uint8_t *data;
    size_t length, capacity;
} gm_bytes;
gm_status gm_bytes_append(gm_bytes *bytes, const void *data, size_t count, const char *what);
// Numbers of 2 and 4 bytes, the lowest first.
gm_status gm_bytes_append_u16(gm_bytes *bytes, uint16_t value, const char *what);
gm_status gm_bytes_append_u32(gm_bytes *bytes, uint32_t value, const char *what);

static inline bool gm_host_is_little_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

#endif

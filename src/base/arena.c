// Arenas: blocks of memory that grow and are freed together.
#include "base/base.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gm_arena_block {
    struct gm_arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};

enum { BLOCK_BYTES = 64 * 1024 };

void *gm_arena_alloc(gm_arena *arena, size_t bytes) {
    size_t align = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2) // what rounding up and a header behind it could overflow
        return NULL;
    bytes = (bytes + align - 1) / align * align;
    struct gm_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < bytes) {
        size_t size = GM_MAX(bytes, (size_t)BLOCK_BYTES);
        gm_note_allocation();
        block = calloc(1, sizeof *block + size);
        if (!block)
            return NULL;
        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->data + block->used;
    block->used += bytes;
    return memory;
}

void *gm_arena_copy(gm_arena *arena, const void *source, size_t bytes) {
    void *memory = gm_arena_alloc(arena, bytes);
    if (memory && bytes > 0)
        memcpy(memory, source, bytes);
    return memory;
}

char *gm_arena_string(gm_arena *arena, const char *text) {
    return gm_arena_copy(arena, text, strlen(text) + 1);
}

char *gm_arena_printf(gm_arena *arena, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = gm_vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : gm_arena_alloc(arena, (size_t)length + 1);
    if (text)
        gm_vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void gm_arena_finish(gm_arena *arena) {
    while (arena->blocks) {
        struct gm_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

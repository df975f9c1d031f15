// Tensors in a file, in the safetensors format: 8 bytes of header length (little-endian), a JSON header with each
// tensor's dtype (F32, I32, U8), shape and byte range, the bytes. https://github.com/huggingface/safetensors
//
// Policy: written whole or not at all; read strictly (every range inside the file, no overlap, no gap, no trailing
// bytes). The metadata entry "checksum" holds FNV-1a 64 of the tensor bytes in hexadecimal, "header_checksum" that of
// names, types, shapes and the other metadata: we always write them, and verify them when a file has them (files of
// other programs need not).
#ifndef GM_RUN_SAFETENSORS_H
#define GM_RUN_SAFETENSORS_H

#include "ganymede/graph.h"

typedef struct gm_safetensor {
    const char *name;
    gm_type type;
    gm_shape shape;
    const void *data; // row-major, gm_type_size(type) * gm_shape_count(&shape) bytes, aligned to 8
} gm_safetensor;

typedef struct gm_safetensors_text { // one entry of the metadata
    const char *key, *value;
} gm_safetensors_text;

// Writes `path` atomically. Tensor names must differ and be valid UTF-8; the metadata keys
// "checksum" and "header_checksum" are ours.
gm_status gm_safetensors_write(const char *path, const gm_safetensor *tensors, size_t count,
                               const gm_safetensors_text *metadata, size_t metadata_count);

// A file in memory; `tensors` in the order of the data, `metadata` in the order of the header. Everything belongs to
// it, and it may be used by several threads.
typedef struct gm_safetensors {
    gm_safetensor *tensors;
    size_t count;
    gm_safetensors_text *metadata;
    size_t metadata_count;
    void *content; // private: the file's bytes and the strings
    void *header;
} gm_safetensors;

// GM_ERROR_IO when the file cannot be read, GM_ERROR_FORMAT when it is not a whole and valid safetensors file,
// GM_ERROR_STATE when it is, by its header's checksum, but holds types that we do not know; the message starts with the
// path. On failure *file is NULL.
gm_status gm_safetensors_read(gm_safetensors **file, const char *path);
// The same from memory; `name` stands for the path in messages. The bytes are copied.
gm_status gm_safetensors_parse(gm_safetensors **file, const char *name, const void *bytes, size_t count);
void gm_safetensors_destroy(gm_safetensors **file);
const gm_safetensor *gm_safetensors_find(const gm_safetensors *file, const char *name); // NULL if there is none
const char *gm_safetensors_metadata(const gm_safetensors *file, const char *key);       // NULL if there is none

#endif

// The directory of a zip archive: where it lies, and what its lines say.
#ifndef GM_DATA_ZIP_DIRECTORY_H
#define GM_DATA_ZIP_DIRECTORY_H

#include "base/base.h"

// An archive's bytes: on disk, or in memory where the descriptor is below 0.
typedef struct gm_zip_file {
    int descriptor;
    const uint8_t *data;
    uint64_t bytes;
} gm_zip_file;

// Bytes that the file has at that place. Fails beyond its end. `path` is for messages, here and below.
gm_status gm_zip_file_read(const gm_zip_file *file, const char *path, uint64_t place, void *to, size_t bytes);

// The lines of the directory: from `begin` up to `end`.
typedef struct gm_zip_directory {
    uint64_t begin, end;
    uint64_t count; // of lines: of archives without zip64 modulo 65536, which some programs leave so
    bool wide;      // the archive has zip64's end
    uint64_t shift; // so many bytes stand in front of the archive, which its places do not count
} gm_zip_directory;
gm_status gm_zip_directory_find(gm_zip_directory *directory, const gm_zip_file *file, const char *path);

enum { GM_ZIP_LINE_BYTES = 46, GM_ZIP_LONGEST_LINE = GM_ZIP_LINE_BYTES + 3 * UINT16_MAX };

typedef struct gm_zip_line {
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, bytes; // what it has in the archive, and unpacked
    uint64_t place;         // of the entry's own header
    const uint8_t *name;    // in what was parsed; no NUL behind it
    size_t name_bytes, length;
} gm_zip_line;
// False: what begins there is no whole line.
bool gm_zip_line_parse(gm_zip_line *line, const uint8_t *data, size_t bytes);
// The line at that place, where one was parsed before. Its name is NULL.
gm_status gm_zip_line_read(gm_zip_line *line, const gm_zip_file *file, const char *path, uint64_t place);

#endif

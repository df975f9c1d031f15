// Zip archives (PKWARE's APPNOTE 6.3, zip64 among it), read in place: entries that are stored or deflated.
//
// Of the directory only the names stay in memory: an entry's line is read again when its content is wanted. Nothing
// changes once an archive is open, so reading takes no lock. Memory for an entry grows with what comes out of it.
#include "data/zip.h"

#include "data/zip_directory.h"
#include "data/zip_name.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 1 << 16, HEADER_BYTES = 30, WINDOW = 1 << 18, ENCRYPTED = 1, STORED = 0, DEFLATED = 8 };

typedef struct known {
    uint64_t line; // where it begins in the file
    size_t name;   // in `names`
} known;

struct gm_zip {
    gm_zip_file file;
    known *entries;
    size_t count, capacity;
    gm_bytes names; // each with a NUL behind it
    uint64_t shift; // as its directory has it
};

bool gm_zip_tell(const char *path, const uint8_t *head, size_t bytes) {
    static const char *const programs[] = {"MZ", "\177ELF", "#!"};
    gm_zip_file file;
    gm_zip_directory directory;
    bool program = false;
    if (bytes >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0))
        return true;
    for (size_t i = 0; i < GM_COUNT(programs); i++)
        program |= bytes > 4 && memcmp(head, programs[i], strlen(programs[i])) == 0;
    if (!program || gm_file_open(path, &file.descriptor, &file.bytes) != GM_OK)
        return false;
    bool found = gm_zip_directory_find(&directory, &file, path) == GM_OK && directory.end > directory.begin;
    close(file.descriptor);
    return found;
}

// ---- Opening ----

static gm_status add_line(gm_zip *zip, const char *path, uint64_t place, const gm_zip_line *line) {
    size_t name = zip->names.length;
    if (zip->count == INT32_MAX)
        return gm_fail(GM_ERROR_FORMAT, "%s: has too many entries", path);
    GM_TRY(gm_grow(&zip->entries, zip->count, &zip->capacity, sizeof *zip->entries, path));
    GM_TRY(gm_zip_name_append(&zip->names, path, line->name, line->name_bytes));
    zip->entries[zip->count++] = (known){place, name};
    const char *text = (const char *)zip->names.data + name;
    return gm_zip_name_leads_out(text)
               ? gm_fail(GM_ERROR_FORMAT, "%s: is refused: the name of its entry %s leads out of the archive", path,
                         text)
               : GM_OK;
}

// Through a window, which always has a whole line.
static gm_status read_lines(gm_zip *zip, const char *path, const gm_zip_directory *directory, uint8_t *window) {
    uint64_t place = directory->begin;
    size_t at = 0, filled = 0;
    gm_zip_line line;
    for (;;) {
        uint64_t left = directory->end - place;
        if (filled - at < GM_ZIP_LONGEST_LINE && filled - at < left) {
            at = 0;
            filled = (size_t)GM_MIN(left, (uint64_t)WINDOW);
            GM_TRY(gm_zip_file_read(&zip->file, path, place, window, filled));
        }
        if (!gm_zip_line_parse(&line, window + at, filled - at))
            break;
        GM_TRY(add_line(zip, path, place, &line));
        place += line.length;
        at += line.length;
    }
    if (directory->wide ? zip->count != directory->count : (zip->count & UINT16_MAX) != directory->count)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its directory has %zu entries and says %llu", path, zip->count,
                       (unsigned long long)directory->count);
    return GM_OK;
}

static gm_status read_directory(gm_zip *zip, const char *path) {
    gm_zip_directory directory;
    uint8_t *window;
    GM_TRY(gm_zip_directory_find(&directory, &zip->file, path));
    zip->shift = directory.shift;
    GM_TRY(gm_alloc(&window, WINDOW, 1, path));
    gm_status status = read_lines(zip, path, &directory, window);
    free(window);
    return status;
}

// Takes over the descriptor.
static gm_status open_file(gm_zip **zip, const char *path, const gm_zip_file *file) {
    gm_status status = gm_alloc(zip, 1, sizeof **zip, path);
    if (status != GM_OK && file->descriptor >= 0)
        close(file->descriptor);
    GM_TRY(status);
    (*zip)->file = *file;
    status = read_directory(*zip, path);
    if (status != GM_OK)
        gm_zip_close(zip);
    return status;
}

gm_status gm_zip_open(gm_zip **zip, const char *path) {
    gm_zip_file file = {0};
    *zip = NULL;
    GM_TRY(gm_file_open(path, &file.descriptor, &file.bytes));
    return open_file(zip, path, &file);
}

gm_status gm_zip_open_memory(gm_zip **zip, const char *path, const void *data, size_t bytes) {
    return open_file(zip, path, &(gm_zip_file){.descriptor = -1, .data = data, .bytes = bytes});
}

void gm_zip_close(gm_zip **zip) {
    gm_zip *old = zip ? *zip : NULL;
    if (!old)
        return;
    *zip = NULL;
    if (old->file.descriptor >= 0)
        close(old->file.descriptor);
    free(old->entries);
    free(old->names.data);
    free(old);
}

size_t gm_zip_count(const gm_zip *zip) {
    return zip->count;
}

const char *gm_zip_name(const gm_zip *zip, size_t index) {
    return (const char *)zip->names.data + zip->entries[index].name;
}

// ---- What an entry's line says ----

static bool swells(const gm_zip_line *line) {
    return line->bytes > GM_ZIP_PLAIN && line->bytes / GM_ZIP_RATIO > line->packed;
}

gm_status gm_zip_measure(const gm_zip *zip, size_t entry, const char *path, uint64_t *bytes, bool *much) {
    gm_zip_line line;
    *bytes = 0;
    *much = false;
    GM_TRY(gm_zip_line_read(&line, &zip->file, path, zip->entries[entry].line));
    *bytes = line.bytes;
    *much = swells(&line);
    return GM_OK;
}

// ---- Reading ----

// An entry while it is read.
typedef struct reading {
    const gm_zip_file *file;
    const char *path;
    gm_zip_line line;
    uint64_t place, left; // in the file: what comes next, and how much there is
    uint32_t crc;         // of what has come out
    uint8_t *piece;       // of deflated bytes
    z_stream stream;
    bool streaming, ended;
} reading;

static gm_status check_line(const reading *r) {
    const gm_zip_line *line = &r->line;
    if (line->flags & ENCRYPTED)
        return gm_fail(GM_ERROR_FORMAT, "%s: is encrypted: unpack the archive and give the folder", r->path);
    if (line->method != STORED && line->method != DEFLATED)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is packed by method %u; stored and deflated entries are read: unpack the archive and give "
                       "the folder",
                       r->path, line->method);
    if (line->method == STORED && line->packed != line->bytes)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the archive says %llu bytes, there are %llu", r->path,
                       (unsigned long long)line->bytes, (unsigned long long)line->packed);
    return GM_OK;
}

static gm_status start(reading *r, const gm_zip *zip, size_t index, const char *path) {
    uint8_t header[HEADER_BYTES];
    *r = (reading){.file = &zip->file, .path = path};
    GM_TRY(gm_zip_line_read(&r->line, &zip->file, path, zip->entries[index].line));
    GM_TRY(check_line(r));
    if (r->line.place <= zip->file.bytes) // beyond it nothing is read, and the sum is none
        r->line.place += zip->shift;
    GM_TRY(gm_zip_file_read(r->file, path, r->line.place, header, sizeof header));
    if (memcmp(header, "PK\3\4", 4) != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: it does not lie where the archive says", path);
    r->place = r->line.place + HEADER_BYTES + (header[26] | (uint64_t)header[27] << 8) +
               (header[28] | (uint64_t)header[29] << 8);
    r->left = r->line.packed;
    r->ended = r->line.bytes == 0 && r->line.method == STORED;
    if (r->line.method == STORED)
        return GM_OK;
    GM_TRY(gm_alloc(&r->piece, PIECE, 1, path));
    r->streaming = inflateInit2(&r->stream, -MAX_WBITS) == Z_OK;
    return r->streaming ? GM_OK : gm_fail_memory(PIECE, path);
}

static void stop(reading *r) {
    if (r->streaming)
        inflateEnd(&r->stream);
    free(r->piece);
}

static gm_status take(reading *r, void *to, size_t bytes) {
    GM_TRY(gm_zip_file_read(r->file, r->path, r->place, to, bytes));
    r->place += bytes;
    r->left -= bytes;
    return GM_OK;
}

static gm_status inflate_some(reading *r, uint8_t *to, size_t most, size_t *bytes) {
    z_stream *stream = &r->stream;
    stream->next_out = to;
    stream->avail_out = (uInt)most;
    while (stream->avail_out > 0 && !r->ended) {
        if (stream->avail_in == 0 && r->left > 0) {
            size_t piece = (size_t)GM_MIN(r->left, (uint64_t)PIECE);
            GM_TRY(take(r, r->piece, piece));
            stream->next_in = r->piece;
            stream->avail_in = (uInt)piece;
        }
        int code = inflate(stream, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR)
            return gm_fail_memory(PIECE, r->path);
        if (code != Z_OK && code != Z_STREAM_END)
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: it cannot be unpacked: %s", r->path,
                           code == Z_BUF_ERROR ? "it ends too early"
                           : stream->msg       ? stream->msg
                                               : "its bytes are not deflate's");
        r->ended = code == Z_STREAM_END;
    }
    *bytes = most - stream->avail_out;
    return GM_OK;
}

// Up to `most` bytes; fewer at the entry's end alone, where the checksum must agree.
static gm_status read_bytes(reading *r, void *to, size_t most, size_t *bytes) {
    *bytes = 0;
    while (*bytes < most && !r->ended) {
        size_t some = GM_MIN(most - *bytes, (size_t)1 << 30); // which zlib counts
        uint8_t *at = (uint8_t *)to + *bytes;
        if (r->line.method == STORED) {
            some = (size_t)GM_MIN((uint64_t)some, r->left);
            GM_TRY(take(r, at, some));
            r->ended = r->left == 0;
        } else {
            GM_TRY(inflate_some(r, at, some, &some));
        }
        r->crc = (uint32_t)crc32_z(r->crc, at, some);
        *bytes += some;
    }
    if (r->ended && r->crc != r->line.crc)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its checksum in the archive is another", r->path);
    return GM_OK;
}

// As many bytes as the line says, not one more or less, with a NUL behind them.
static gm_status read_all(reading *r, char **data, size_t *bytes) {
    size_t capacity = 0, got;
    uint64_t size = r->line.bytes;
    do {
        capacity = (size_t)GM_MIN(capacity ? 2 * (uint64_t)capacity : PIECE, size) + 2; // one more to see it
        gm_note_allocation();
        char *grown = realloc(*data, capacity);
        if (!grown)
            return gm_fail_memory(capacity, r->path);
        *data = grown;
        GM_TRY(read_bytes(r, *data + *bytes, capacity - 1 - *bytes, &got));
        *bytes += got;
    } while (*bytes == capacity - 1 && *bytes <= size);
    if (*bytes != size)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the archive says %llu bytes, there are %s%zu", r->path,
                       (unsigned long long)size, *bytes > size ? "at least " : "", *bytes);
    (*data)[*bytes] = '\0';
    return GM_OK;
}

static gm_status check_size(const reading *r, uint64_t limit, uint64_t expected) {
    const gm_zip_line *line = &r->line;
    if (line->bytes > GM_MIN(limit, (uint64_t)(SIZE_MAX / 4)))
        return gm_fail(GM_ERROR_IO, "%s: is too large: more than %llu bytes are not read from such a file", r->path,
                       (unsigned long long)limit);
    if (swells(line) && line->bytes > expected)
        return gm_fail(GM_ERROR_FORMAT,
                       "%s: is refused: its %llu bytes in the archive become %llu, which nothing in it calls for",
                       r->path, (unsigned long long)line->packed, (unsigned long long)line->bytes);
    return GM_OK;
}

gm_status gm_zip_read(const gm_zip *zip, size_t entry, const char *path, uint64_t limit, uint64_t expected, char **data,
                      size_t *bytes) {
    reading r;
    *data = NULL;
    *bytes = 0;
    gm_status status = start(&r, zip, entry, path);
    if (status == GM_OK)
        status = check_size(&r, limit, expected);
    if (status == GM_OK)
        status = read_all(&r, data, bytes);
    stop(&r);
    if (status != GM_OK) {
        free(*data);
        *data = NULL;
        *bytes = 0;
    }
    return status;
}

gm_status gm_zip_read_start(const gm_zip *zip, size_t entry, const char *path, void *data, size_t most, size_t *bytes) {
    reading r;
    *bytes = 0;
    gm_status status = start(&r, zip, entry, path);
    if (status == GM_OK)
        status = read_bytes(&r, data, most, bytes);
    stop(&r);
    return status;
}

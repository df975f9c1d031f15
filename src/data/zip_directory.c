#include "data/zip_directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { END_BYTES = 22, PLACE_64_BYTES = 20, END_64_BYTES = 56, FIELD_64 = 1 };

static const uint8_t line_start[4] = {'P', 'K', 1, 2};

static uint64_t little(const uint8_t *b, size_t count) {
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;)
        value = value << 8 | b[i];
    return value;
}

gm_status gm_zip_file_read(const gm_zip_file *file, const char *path, uint64_t place, void *to, size_t bytes) {
    if (place > file->bytes || bytes > file->bytes - place)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its content lies beyond the end of the archive", path);
    if (file->descriptor < 0) {
        memcpy(to, file->data + place, bytes);
        return GM_OK;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(file->descriptor, (char *)to + done, bytes - done, (off_t)(place + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return gm_fail(GM_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0)
            return gm_fail(GM_ERROR_IO, "%s: cannot be read: the archive has become shorter", path);
        done += (size_t)got;
    }
    return GM_OK;
}

// ---- The end ----

static gm_status refuse(const char *path, const char *why) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is no whole zip archive: %s", path, why);
}

// zip64's end, which what stands before the other one leads to.
static gm_status find_wide(gm_zip_directory *d, const gm_zip_file *file, const char *path, uint64_t end) {
    uint8_t place[PLACE_64_BYTES], wide[END_64_BYTES];
    if (end < PLACE_64_BYTES)
        return GM_OK;
    GM_TRY(gm_zip_file_read(file, path, end - PLACE_64_BYTES, place, sizeof place));
    if (memcmp(place, "PK\6\7", 4) != 0)
        return GM_OK;
    uint64_t at = little(place + 8, 8), nearest = end - PLACE_64_BYTES - END_64_BYTES;
    if (end - PLACE_64_BYTES < END_64_BYTES || at > nearest)
        return refuse(path, "its end leads outside");
    GM_TRY(gm_zip_file_read(file, path, at, wide, sizeof wide));
    uint64_t shift = memcmp(wide, "PK\6\6", 4) != 0 ? nearest - at : 0;
    GM_TRY(gm_zip_file_read(file, path, at += shift, wide, sizeof wide));
    if (memcmp(wide, "PK\6\6", 4) != 0)
        return refuse(path, "its end leads elsewhere");
    uint64_t bytes = little(wide + 40, 8);
    *d = (gm_zip_directory){.begin = little(wide + 48, 8), .count = little(wide + 32, 8), .wide = true, .shift = shift};
    if (d->begin > at - shift || bytes > at - shift - d->begin)
        return refuse(path, "its directory lies outside");
    d->begin += shift;
    d->end = d->begin + bytes;
    return GM_OK;
}

// A directory that is not where the end says stands right before it, where the line of an entry shows it.
static gm_status find_shift(gm_zip_directory *d, const gm_zip_file *file, const char *path, uint64_t nearest) {
    uint8_t said[4], there[4];
    if (d->count == 0 || nearest == d->begin)
        return GM_OK;
    GM_TRY(gm_zip_file_read(file, path, d->begin, said, sizeof said));
    GM_TRY(gm_zip_file_read(file, path, nearest, there, sizeof there));
    if (memcmp(said, line_start, sizeof said) != 0 && memcmp(there, line_start, sizeof there) == 0)
        d->shift = nearest - d->begin;
    return GM_OK;
}

static gm_status parse_end(gm_zip_directory *d, const gm_zip_file *file, const char *path, const uint8_t *data,
                           uint64_t end) {
    uint64_t bytes = little(data + 12, 4);
    *d = (gm_zip_directory){.begin = little(data + 16, 4), .count = little(data + 10, 2)};
    if (little(data + 4, 2) != little(data + 6, 2) || little(data + 8, 2) != d->count)
        return refuse(path, "it is one of several parts: join them");
    GM_TRY(find_wide(d, file, path, end));
    if (d->wide)
        return GM_OK;
    if (d->begin > end || bytes > end - d->begin)
        return refuse(path, "its directory lies outside");
    GM_TRY(find_shift(d, file, path, end - bytes));
    d->begin += d->shift;
    d->end = d->begin + bytes;
    return GM_OK;
}

gm_status gm_zip_directory_find(gm_zip_directory *directory, const gm_zip_file *file, const char *path) {
    size_t bytes = (size_t)GM_MIN(file->bytes, (uint64_t)(END_BYTES + UINT16_MAX)); // the end has a comment
    uint8_t *tail;
    gm_status status;
    GM_TRY(gm_alloc(&tail, bytes + 1, 1, path));
    GM_TRY_DONE(gm_zip_file_read(file, path, file->bytes - bytes, tail, bytes));
    status = refuse(path, "its directory is missing");
    for (size_t at = bytes < END_BYTES ? 0 : bytes - END_BYTES + 1; at-- > 0;)
        if (memcmp(tail + at, "PK\5\6", 4) == 0 && little(tail + at + 20, 2) <= bytes - at - END_BYTES) {
            status = parse_end(directory, file, path, tail + at, file->bytes - bytes + at);
            break;
        }
done:
    free(tail);
    return status;
}

// ---- Lines ----

// The numbers that do not fit into 32 bits stand in a field of their own, in this order.
static bool parse_wide(gm_zip_line *line, const uint8_t *fields, size_t bytes) {
    uint64_t *const numbers[] = {&line->bytes, &line->packed, &line->place};
    size_t wide = 0;
    for (size_t i = 0; i < GM_COUNT(numbers); i++)
        wide += *numbers[i] == UINT32_MAX;
    while (wide > 0 && bytes >= 4) {
        size_t kind = (size_t)little(fields, 2), length = (size_t)little(fields + 2, 2);
        fields += 4;
        bytes -= 4;
        if (length > bytes)
            return false;
        if (kind == FIELD_64) {
            if (length < 8 * wide)
                return false;
            for (size_t i = 0; i < GM_COUNT(numbers); i++)
                if (*numbers[i] == UINT32_MAX) {
                    *numbers[i] = little(fields, 8);
                    fields += 8;
                }
            return true;
        }
        fields += length;
        bytes -= length;
    }
    return true;
}

static size_t length_of(const uint8_t *line) {
    return GM_ZIP_LINE_BYTES + (size_t)(little(line + 28, 2) + little(line + 30, 2) + little(line + 32, 2));
}

bool gm_zip_line_parse(gm_zip_line *line, const uint8_t *data, size_t bytes) {
    if (bytes < GM_ZIP_LINE_BYTES || memcmp(data, line_start, sizeof line_start) != 0)
        return false;
    size_t extra = (size_t)little(data + 30, 2);
    *line = (gm_zip_line){.flags = (unsigned)little(data + 8, 2),
                          .method = (unsigned)little(data + 10, 2),
                          .crc = (uint32_t)little(data + 16, 4),
                          .packed = little(data + 20, 4),
                          .bytes = little(data + 24, 4),
                          .place = little(data + 42, 4),
                          .name = data + GM_ZIP_LINE_BYTES,
                          .name_bytes = (size_t)little(data + 28, 2),
                          .length = length_of(data)};
    return line->length <= bytes && parse_wide(line, line->name + line->name_bytes, extra);
}

gm_status gm_zip_line_read(gm_zip_line *line, const gm_zip_file *file, const char *path, uint64_t place) {
    uint8_t head[GM_ZIP_LINE_BYTES], *data;
    GM_TRY(gm_zip_file_read(file, path, place, head, sizeof head));
    size_t bytes = length_of(head);
    GM_TRY(gm_alloc(&data, bytes, 1, path));
    gm_status status = gm_zip_file_read(file, path, place, data, bytes);
    if (status == GM_OK && !gm_zip_line_parse(line, data, bytes))
        status = gm_fail(GM_ERROR_IO, "%s: cannot be read: the archive has changed", path);
    line->name = NULL;
    free(data);
    return status;
}

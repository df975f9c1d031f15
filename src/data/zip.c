// Zip archives, read in place through libzip.
//
// libzip's handle serves one thread at a time: reading and unpacking an entry holds a lock, decoding the picture in it
// does not. Memory for an entry grows with what comes out of it: the size that the directory says is only checked.
#include "data/zip.h"

#include <stdlib.h>
#include <string.h>

bool gm_zip_tell(const uint8_t *head, size_t bytes) {
    return bytes >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

#ifdef GM_HAVE_ZIP

#include <zip.h>

enum { FIRST_BYTES = 1 << 16 };

struct gm_zip {
    zip_t *archive;
    size_t count;
    const char **names; // libzip's
    pthread_mutex_t mutex;
};

// ---- Opening ----

// "..", what begins at the root or at a drive: nothing of that kind belongs into an archive.
static bool leads_out(const char *name) {
    if (name[0] == '/' || name[0] == '\\' || (name[0] != '\0' && name[1] == ':'))
        return true;
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "/\\");
        if (length == 2 && at[0] == '.' && at[1] == '.')
            return true;
        at += length + (at[length] != '\0');
    }
    return false;
}

static gm_status read_names(gm_zip *zip, const char *path) {
    zip_int64_t count = zip_get_num_entries(zip->archive, 0);
    if (count > INT32_MAX)
        return gm_fail(GM_ERROR_FORMAT, "%s: has too many entries", path);
    zip->count = (size_t)count;
    GM_TRY(gm_alloc(&zip->names, zip->count + 1, sizeof *zip->names, path));
    for (size_t i = 0; i < zip->count; i++) {
        zip->names[i] = zip_get_name(zip->archive, i, ZIP_FL_ENC_GUESS);
        if (!zip->names[i])
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %s", path, zip_strerror(zip->archive));
        if (leads_out(zip->names[i]))
            return gm_fail(GM_ERROR_FORMAT, "%s: is refused: the name of its entry %s leads out of the archive", path,
                           zip->names[i]);
    }
    return GM_OK;
}

static gm_status refuse(const char *path, zip_error_t *error) {
    gm_status status =
        zip_error_code_zip(error) == ZIP_ER_MEMORY
            ? gm_fail_memory(FIRST_BYTES, path)
            : gm_fail(GM_ERROR_FORMAT, "%s: is no whole zip archive: %s", path, zip_error_strerror(error));
    zip_error_fini(error);
    return status;
}

// Takes over the source.
static gm_status open_source(gm_zip **zip, const char *path, zip_source_t *source, zip_error_t *error) {
    gm_zip *new = NULL;
    *zip = NULL;
    zip_t *archive = source ? zip_open_from_source(source, ZIP_RDONLY, error) : NULL;
    if (!archive) {
        zip_source_free(source);
        return refuse(path, error);
    }
    zip_error_fini(error);
    gm_status status = gm_alloc(&new, 1, sizeof *new, path);
    if (status == GM_OK && pthread_mutex_init(&new->mutex, NULL) != 0) {
        free(new);
        new = NULL;
        status = gm_fail(GM_ERROR_MEMORY, "a lock could not be made");
    }
    if (!new) {
        zip_discard(archive);
        return status;
    }
    new->archive = archive;
    status = read_names(new, path);
    if (status != GM_OK)
        gm_zip_close(&new);
    *zip = new;
    return status;
}

gm_status gm_zip_open(gm_zip **zip, const char *path) {
    zip_error_t error;
    zip_error_init(&error);
    return open_source(zip, path, zip_source_file_create(path, 0, -1, &error), &error);
}

gm_status gm_zip_open_memory(gm_zip **zip, const char *path, const void *data, size_t bytes) {
    zip_error_t error;
    zip_error_init(&error);
    return open_source(zip, path, zip_source_buffer_create(data, bytes, 0, &error), &error);
}

void gm_zip_close(gm_zip **zip) {
    gm_zip *old = zip ? *zip : NULL;
    if (!old)
        return;
    *zip = NULL;
    zip_discard(old->archive);
    pthread_mutex_destroy(&old->mutex);
    free(old->names);
    free(old);
}

size_t gm_zip_count(const gm_zip *zip) {
    return zip->count;
}

const char *gm_zip_name(const gm_zip *zip, size_t entry) {
    return zip->names[entry];
}

uint64_t gm_zip_size(const gm_zip *zip, size_t entry) {
    zip_stat_t info;
    bool known = zip_stat_index(zip->archive, entry, 0, &info) == 0 && (info.valid & ZIP_STAT_SIZE);
    return known ? info.size : 0;
}

// ---- Reading: under the lock ----

static gm_status refuse_entry(const char *path, zip_error_t *error) {
    int code = zip_error_code_zip(error);
    if (code == ZIP_ER_MEMORY)
        return gm_fail_memory(FIRST_BYTES, path);
    if (code == ZIP_ER_CRC)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its checksum in the archive is another", path);
    if (code == ZIP_ER_COMPNOTSUPP)
        return gm_fail(GM_ERROR_FORMAT, "%s: is packed in a way that libzip does not know: unpack the archive", path);
    return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %s", path, zip_error_strerror(error));
}

static gm_status open_entry(gm_zip *zip, size_t entry, const char *path, uint64_t limit, zip_file_t **file,
                            uint64_t *size) {
    zip_stat_t info;
    *file = NULL;
    if (zip_stat_index(zip->archive, entry, 0, &info) != 0)
        return refuse_entry(path, zip_get_error(zip->archive));
    if (!(info.valid & ZIP_STAT_SIZE))
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the archive does not say its size", path);
    if ((info.valid & ZIP_STAT_ENCRYPTION_METHOD) && info.encryption_method != ZIP_EM_NONE)
        return gm_fail(GM_ERROR_FORMAT, "%s: is encrypted: unpack the archive and give the folder", path);
    if (info.size > limit)
        return gm_fail(GM_ERROR_IO, "%s: is too large: more than %llu bytes are not read from such a file", path,
                       (unsigned long long)limit);
    *size = info.size;
    *file = zip_fopen_index(zip->archive, entry, 0);
    return *file ? GM_OK : refuse_entry(path, zip_get_error(zip->archive));
}

// Up to `most` bytes; fewer at the entry's end alone.
static gm_status read_bytes(zip_file_t *file, const char *path, char *to, size_t most, size_t *bytes) {
    *bytes = 0;
    while (*bytes < most) {
        zip_int64_t got = zip_fread(file, to + *bytes, most - *bytes);
        if (got < 0)
            return refuse_entry(path, zip_file_get_error(file));
        if (got == 0)
            break;
        *bytes += (size_t)got;
    }
    return GM_OK;
}

// `size` bytes, not one more or less, with a NUL behind them.
static gm_status read_all(zip_file_t *file, const char *path, uint64_t size, char **data, size_t *bytes) {
    size_t capacity = 0, got;
    do {
        capacity = (size_t)GM_MIN(capacity ? 2 * (uint64_t)capacity : FIRST_BYTES, size) + 2; // one more to see it
        gm_note_allocation();
        char *grown = realloc(*data, capacity);
        if (!grown)
            return gm_fail_memory(capacity, path);
        *data = grown;
        GM_TRY(read_bytes(file, path, *data + *bytes, capacity - 1 - *bytes, &got));
        *bytes += got;
    } while (*bytes == capacity - 1 && *bytes <= size);
    if (*bytes != size)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the archive says %llu bytes, there are %s%zu", path,
                       (unsigned long long)size, *bytes > size ? "at least " : "", *bytes);
    (*data)[*bytes] = '\0';
    return GM_OK;
}

gm_status gm_zip_read(gm_zip *zip, size_t entry, const char *path, uint64_t limit, char **data, size_t *bytes) {
    zip_file_t *file;
    uint64_t size = 0;
    *data = NULL;
    *bytes = 0;
    pthread_mutex_lock(&zip->mutex);
    gm_status status = open_entry(zip, entry, path, GM_MIN(limit, (uint64_t)(SIZE_MAX / 4)), &file, &size);
    if (status == GM_OK)
        status = read_all(file, path, size, data, bytes);
    if (file)
        zip_fclose(file);
    pthread_mutex_unlock(&zip->mutex);
    if (status != GM_OK) {
        free(*data);
        *data = NULL;
        *bytes = 0;
    }
    return status;
}

gm_status gm_zip_read_start(gm_zip *zip, size_t entry, const char *path, void *data, size_t most, size_t *bytes) {
    zip_file_t *file;
    uint64_t size;
    *bytes = 0;
    pthread_mutex_lock(&zip->mutex);
    gm_status status = open_entry(zip, entry, path, UINT64_MAX, &file, &size);
    if (status == GM_OK)
        status = read_bytes(file, path, data, most, bytes);
    if (file)
        zip_fclose(file);
    pthread_mutex_unlock(&zip->mutex);
    return status;
}

#else

static gm_status refuse(gm_zip **zip, const char *path) {
    *zip = NULL;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: is a zip archive, which this build cannot read: install libzip-dev and build again, or unpack "
                   "it and give the folder",
                   path);
}

gm_status gm_zip_open(gm_zip **zip, const char *path) {
    return refuse(zip, path);
}

gm_status gm_zip_open_memory(gm_zip **zip, const char *path, const void *data, size_t bytes) {
    (void)data;
    (void)bytes;
    return refuse(zip, path);
}

void gm_zip_close(gm_zip **zip) {
    (void)zip;
}

size_t gm_zip_count(const gm_zip *zip) {
    (void)zip;
    return 0;
}

const char *gm_zip_name(const gm_zip *zip, size_t entry) {
    (void)zip;
    (void)entry;
    return "";
}

uint64_t gm_zip_size(const gm_zip *zip, size_t entry) {
    (void)zip;
    (void)entry;
    return 0;
}

gm_status gm_zip_read(gm_zip *zip, size_t entry, const char *path, uint64_t limit, char **data, size_t *bytes) {
    (void)entry;
    (void)limit;
    *data = NULL;
    *bytes = 0;
    return refuse(&zip, path);
}

gm_status gm_zip_read_start(gm_zip *zip, size_t entry, const char *path, void *data, size_t most, size_t *bytes) {
    (void)entry;
    (void)data;
    (void)most;
    *bytes = 0;
    return refuse(&zip, path);
}

#endif

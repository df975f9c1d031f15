// The disk cache of built programs: one file per program, named by the hash of everything its binary depends on.
//
// Processes may share the folder: files appear whole (written aside, then renamed), and each carries a second hash of
// its key and a checksum of its content. Whatever is wrong with an entry, the program is built from source instead.
//
// Entries that nobody used for 90 days go when one is stored, and those used longest ago where all are larger than
// 256 MB; a file's time of change is that of its last use.
//
// pocl keeps a cache of its own and makes a binary only when asked, by compiling every kernel once more (.1 s each):
// there entries hold no binary, and only say that all of a program's kernels have been compiled, unless GANYMEDE_CACHE
// names the folder.
#include "device/internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC        "GMPROG1\n"
#define SECOND_START UINT64_C(0x9e3779b97f4a7c15)
#define MAX_BYTES    (1 << 28) // of an entry

#define MOST_BYTES   (UINT64_C(256) << 20)
#define MOST_SECONDS (90.0 * 24 * 3600)

typedef struct header {
    char magic[8];
    uint64_t check, bytes, checksum;
} header;

// DIR/0123456789abcdef.KIND; NULL without memory.
static char *entry_path(const gm_device *device, uint64_t entry, const char *kind) {
    gm_text path = {0};
    gm_text_printf(&path, "%s/%016llx.%s", device->cache_folder, (unsigned long long)entry, kind);
    if (path.failed)
        gm_text_finish(&path);
    return path.data; // the caller's
}

// Drivers, by platform name, that cache compiled kernels themselves and are slow to hand out binaries.
static bool driver_caches(const gm_device *device) {
    return strcmp(device->info.platform, "Portable Computing Language") == 0;
}

gm_status gm_cache_folder(char **folder) {
    *folder = NULL;
    gm_text path = {0};
    const char *own = getenv("GANYMEDE_CACHE"), *shared = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own)
        gm_text_append(&path, own);
    else if (shared && *shared)
        gm_text_printf(&path, "%s/ganymede", shared);
    else if (home && *home)
        gm_text_printf(&path, "%s/.cache/ganymede", home);
    if (path.failed)
        return gm_fail_memory(64, "the cache folder's name");
    if (path.length > 0)
        *folder = path.data;
    else
        gm_text_finish(&path); // GANYMEDE_CACHE="" or nowhere to put it: no cache
    return GM_OK;
}

gm_status gm_cache_open(gm_device *device) {
    device->driver_caches = !getenv("GANYMEDE_CACHE") && driver_caches(device);
    GM_TRY(gm_cache_folder(&device->cache_folder));
    uint64_t identity = GM_HASH_START;
    const char *parts[] = {MAGIC,
                           device->info.platform,
                           device->platform_version,
                           device->info.name,
                           device->info.vendor,
                           device->info.driver_version,
                           device->info.opencl_c_version};
    for (size_t i = 0; i < GM_COUNT(parts); i++)
        identity = gm_hash_string(identity, parts[i]);
    const char *width = getenv("GANYMEDE_WIDTH");
    if (width && width[0]) // other kernels: they are tuned for themselves
        identity = gm_hash(identity, &device->info.vector_width, sizeof device->info.vector_width);
    device->cache_identity = identity;
    return GM_OK;
}

gm_cache_key gm_cache_get_key(const gm_device *device, const char *text, const char *options) {
    gm_cache_key key = {.entry = gm_hash(GM_HASH_START, &device->cache_identity, sizeof device->cache_identity),
                        .check = gm_hash(SECOND_START, &device->cache_identity, sizeof device->cache_identity)};
    key.entry = gm_hash_string(gm_hash_string(key.entry, options), text);
    key.check = gm_hash_string(gm_hash_string(key.check, text), options); // the other order: another hash
    return key;
}

void gm_cache_drop(const gm_device *device, gm_cache_key key) {
    char *path = device->cache_folder ? entry_path(device, key.entry, "program") : NULL;
    if (path)
        unlink(path);
    free(path);
}

bool gm_cache_parse(const char *data, size_t bytes, uint64_t check, const char **binary, size_t *length) {
    header head;
    if (bytes < sizeof head)
        return false;
    memcpy(&head, data, sizeof head);
    *binary = data + sizeof head;
    *length = bytes - sizeof head;
    return memcmp(head.magic, MAGIC, sizeof head.magic) == 0 && head.check == check && head.bytes == *length &&
           head.checksum == gm_hash(GM_HASH_START, *binary, *length);
}

bool gm_cache_load(const gm_device *device, gm_cache_key key, char **binary, size_t *bytes) {
    *binary = NULL;
    *bytes = 0;
    char *path = device->cache_folder ? entry_path(device, key.entry, "program") : NULL;
    if (!path)
        return false;
    bool intact = false;
    char *data = NULL;
    const char *content;
    size_t length = 0;
    if (access(path, F_OK) != 0 || gm_file_read(path, MAX_BYTES, &data, &length) != GM_OK)
        goto done;
    intact = gm_cache_parse(data, length, key.check, &content, bytes);
    if (intact) {
        memmove(data, content, *bytes);
        *binary = data;
        data = NULL;
        utimensat(AT_FDCWD, path, NULL, 0);
    } else {
        gm_debug("program cache: %s is damaged; building from source", path);
        unlink(path);
    }
done:
    free(data);
    free(path);
    return intact;
}

// ---- What is too much ----

typedef struct used_file {
    char *path;
    uint64_t bytes;
    struct timespec used;
} used_file;

static int longest_ago_first(const void *x, const void *y) {
    const used_file *a = x, *b = y;
    if (a->used.tv_sec != b->used.tv_sec)
        return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
    if (a->used.tv_nsec != b->used.tv_nsec)
        return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
    return strcmp(a->path, b->path);
}

// An entry's name, or that of one being written: the folder holds other things, too.
static bool is_entry(const char *name) {
    static const char kind[] = ".program";
    size_t digits = strspn(name, "0123456789abcdef");
    return digits == 16 && strncmp(name + digits, kind, sizeof kind - 1) == 0;
}

static bool list_entries(const char *folder, used_file **files, size_t *count) {
    size_t capacity = 0;
    DIR *listing = opendir(folder);
    bool complete = listing != NULL;
    for (struct dirent *entry; complete && (entry = readdir(listing));) {
        struct stat info;
        gm_text path = {0};
        if (!is_entry(entry->d_name))
            continue;
        gm_text_printf(&path, "%s/%s", folder, entry->d_name);
        complete = !path.failed && gm_grow(files, *count, &capacity, sizeof **files, "cached programs") == GM_OK;
        if (complete && stat(path.data, &info) == 0) {
            (*files)[(*count)++] = (used_file){path.data, (uint64_t)info.st_size, info.st_mtim};
            path = (gm_text){0};
        }
        gm_text_finish(&path);
    }
    if (listing)
        closedir(listing);
    return complete;
}

void gm_cache_prune(const char *folder, uint64_t most_bytes, double most_seconds) {
    used_file *files = NULL;
    size_t count = 0;
    uint64_t bytes = 0;
    bool complete = list_entries(folder, &files, &count);
    if (count > 0)
        qsort(files, count, sizeof *files, longest_ago_first);
    for (size_t i = 0; i < count; i++)
        bytes += files[i].bytes;
    for (size_t i = 0; i < count; i++) {
        bool old = difftime(time(NULL), files[i].used.tv_sec) > most_seconds;
        if (complete && (old || bytes > most_bytes) && unlink(files[i].path) == 0)
            bytes -= files[i].bytes;
        free(files[i].path);
    }
    free(files);
}

void gm_cache_store(const gm_device *device, gm_cache_key key, const void *binary, size_t bytes) {
    if (!device->cache_folder)
        return;
    header head = {.check = key.check, .bytes = bytes, .checksum = gm_hash(GM_HASH_START, binary, bytes)};
    memcpy(head.magic, MAGIC, sizeof head.magic);
    char *path = entry_path(device, key.entry, "program");
    char *data = malloc(sizeof head + bytes);
    if (path && data) {
        memcpy(data, &head, sizeof head);
        memcpy(data + sizeof head, binary, bytes);
        if (gm_folder_create(device->cache_folder) != GM_OK ||
            gm_file_write_atomic(path, data, sizeof head + bytes) != GM_OK)
            gm_debug("program cache: %s", gm_error_message()); // a read-only home or a full disk must not stop anyone
        gm_cache_prune(device->cache_folder, MOST_BYTES, MOST_SECONDS);
    }
    free(data);
    free(path);
}

// IDX, the format of MNIST: two zero bytes, a type, a rank, big-endian sizes, row-major values; plain or gzip.
//
// Nothing is allocated on a header's word alone: the sizes must agree with the file's length, or, packed, with the
// most that deflate can expand it to.
#define ZLIB_CONST
#include "data/idx.h"

#include "data/items.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define DEFLATE_RATIO 1032 // deflate's largest expansion

// A file's bytes, unpacked on the way when it is gzip.
typedef struct stream {
    const char *name;
    const uint8_t *next;
    size_t left;
    bool packed;
    z_stream packing;
} stream;

static gm_status stream_init(stream *in, const char *name, const uint8_t *data, size_t bytes) {
    *in = (stream){.name = name, .next = data, .left = bytes};
    in->packed = bytes >= 2 && data[0] == 0x1f && data[1] == 0x8b;
    if (in->packed && inflateInit2(&in->packing, 15 + 16) != Z_OK)
        return gm_fail(GM_ERROR_MEMORY, "%s: out of memory for unpacking", name);
    return GM_OK;
}

static void stream_finish(stream *in) {
    if (in->packed)
        inflateEnd(&in->packing);
}

// Up to `want` bytes; fewer only at the end.
static gm_status stream_read(stream *in, void *out, size_t want, size_t *got) {
    uint8_t *next = out;
    *got = 0;
    if (!in->packed) {
        *got = GM_MIN(want, in->left);
        if (*got > 0)
            memcpy(next, in->next, *got);
        in->next += *got;
        in->left -= *got;
        return GM_OK;
    }
    while (*got < want) {
        uInt offered = (uInt)GM_MIN(in->left, (size_t)1 << 30), room = (uInt)GM_MIN(want - *got, (size_t)1 << 30);
        in->packing.next_in = in->next;
        in->packing.avail_in = offered;
        in->packing.next_out = next;
        in->packing.avail_out = room;
        int result = inflate(&in->packing, Z_NO_FLUSH);
        size_t used = offered - in->packing.avail_in, made = room - in->packing.avail_out;
        in->next += used;
        in->left -= used;
        next += made;
        *got += made;
        if (result == Z_STREAM_END) { // a gzip file may be several, one behind the other
            if (in->left == 0)
                return GM_OK;
            if (inflateReset(&in->packing) != Z_OK)
                return gm_fail(GM_ERROR_FORMAT, "%s: cannot be unpacked", in->name);
        } else if (result == Z_BUF_ERROR || (result == Z_OK && used == 0 && made == 0)) {
            return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: the gzip data end too early", in->name);
        } else if (result != Z_OK) {
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: %s", in->name,
                           in->packing.msg ? in->packing.msg : "the gzip data make no sense");
        }
    }
    return GM_OK;
}

static gm_status read_header(stream *in, size_t rank, gm_idx *idx, size_t *header) {
    uint8_t bytes[4 + 4 * 3];
    *header = 4 + 4 * rank;
    size_t got;
    GM_TRY(stream_read(in, bytes, *header, &got));
    if (got >= 4 && (bytes[0] != 0 || bytes[1] != 0 || bytes[2] != 8 || bytes[3] != rank))
        return gm_fail(
            GM_ERROR_FORMAT, "%s: is not an IDX file of %s: it starts with %02x %02x %02x %02x, expected 00 00 08 %02x",
            in->name, rank == 1 ? "labels" : "images", bytes[0], bytes[1], bytes[2], bytes[3], (unsigned)rank);
    if (got < *header)
        return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: %zu bytes, an IDX header has %zu", in->name, got, *header);
    idx->count = 1;
    for (size_t i = 0; i < rank; i++) {
        const uint8_t *b = bytes + 4 + 4 * i;
        idx->dim[i] = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        if (idx->dim[i] == 0)
            return gm_fail(GM_ERROR_FORMAT, "%s: is empty: dimension %zu is 0", in->name, i);
        if (!gm_multiply_sizes(idx->count, idx->dim[i], &idx->count))
            return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: its header asks for more values than there can be",
                           in->name);
    }
    return GM_OK;
}

gm_status gm_idx_parse(const char *name, const void *data, size_t bytes, size_t rank, gm_idx *idx) {
    *idx = (gm_idx){0};
    stream in;
    size_t header = 0, got = 0, rest = 0;
    uint8_t behind;
    GM_TRY(stream_init(&in, name, data, bytes));
    gm_status status = GM_OK;
    GM_TRY_DONE(read_header(&in, rank, idx, &header));
    size_t most = in.packed ? bytes : in.left;
    if (in.packed && !gm_multiply_sizes(bytes, DEFLATE_RATIO, &most))
        most = SIZE_MAX;
    if (idx->count > most) {
        status = gm_fail(GM_ERROR_FORMAT, "%s: is truncated: its header says %zu values, it holds %s%zu", name,
                         idx->count, in.packed ? "at most " : "", most);
        goto done;
    }
    idx->values = malloc(idx->count);
    if (!idx->values) {
        status = gm_fail_memory(idx->count, name);
        goto done;
    }
    GM_TRY_DONE(stream_read(&in, idx->values, idx->count, &got));
    if (got < idx->count) {
        status = gm_fail(GM_ERROR_FORMAT, "%s: is truncated: its header says %zu values, it holds %zu", name,
                         idx->count, got);
        goto done;
    }
    GM_TRY_DONE(stream_read(&in, &behind, 1, &rest)); // gzip's checksum is also looked at here
    if (rest > 0)
        status = gm_fail(GM_ERROR_FORMAT, "%s: is damaged: bytes follow the %zu values that its header says", name,
                         idx->count);
done:
    stream_finish(&in);
    if (status != GM_OK) {
        free(idx->values);
        *idx = (gm_idx){0};
    }
    return status;
}

// ---- Files ----

static gm_status read_file(const char *path, size_t rank, gm_idx *idx) {
    char *data;
    size_t bytes;
    GM_TRY(gm_file_read(path, GM_DATA_LIMIT, &data, &bytes));
    gm_status status = gm_idx_parse(path, data, bytes, rank, idx);
    free(data);
    return status;
}

static gm_images images_of(const gm_idx *idx) {
    return (gm_images){
        .pixels = idx->values, .count = idx->dim[0], .channels = 1, .height = idx->dim[1], .width = idx->dim[2]};
}

// Two bytes of zero and the code of a type, in a gzip file behind its packing; or what is left of them.
bool gm_idx_tell(const gm_source *source) {
    uint8_t start[3];
    size_t got = 0;
    stream in;
    if (source->head_bytes < 2 || stream_init(&in, source->path, source->head, source->head_bytes) != GM_OK)
        return false;
    gm_status status = stream_read(&in, start, sizeof start, &got);
    stream_finish(&in);
    bool type = got < sizeof start || (start[2] >= 8 && start[2] <= 14);
    return status == GM_OK && got >= 2 && start[0] == 0 && start[1] == 0 && type;
}

gm_status gm_idx_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    gm_idx idx;
    GM_TRY(read_file(source->path, 3, &idx));
    gm_images images = images_of(&idx);
    gm_status status = gm_dataset_take_images(dataset, source->path, &images, options);
    gm_images_finish(&images);
    return status;
}

// ---- Folders ----

static const char *const split_prefix[] = {[GM_SPLIT_TRAIN] = "train", [GM_SPLIT_TEST] = "t10k"};

enum { NAME_BYTES = 64 };

// The name that the folder's train-images-idx3-ubyte has, of the usual ones; false: there is none.
static bool find_file(const gm_source *folder, gm_split split, const char *what, int rank, char name[NAME_BYTES]) {
    static const char separators[] = "-.";
    bool found = false;
    for (size_t form = 0; form < 4 && !found; form++) {
        snprintf(name, NAME_BYTES, "%s-%s%cidx%d-ubyte%s", split_prefix[split], what, separators[form / 2], rank,
                 form % 2 ? ".gz" : "");
        found = gm_source_has_file(folder, name);
    }
    return found;
}

bool gm_idx_folder_tell(const gm_source *source) {
    char name[NAME_BYTES];
    return find_file(source, GM_SPLIT_TRAIN, "images", 3, name) || find_file(source, GM_SPLIT_TEST, "images", 3, name);
}

static gm_status read_labels(const char *path, const char *images_path, gm_images *images) {
    gm_idx labels;
    GM_TRY(read_file(path, 1, &labels));
    gm_status status = GM_OK;
    if (labels.count != images->count)
        status = gm_fail(GM_ERROR_FORMAT, "%s: has %zu labels, but %s has %zu images", path, labels.count, images_path,
                         images->count);
    if (status == GM_OK)
        status = gm_alloc(&images->labels, labels.count, sizeof *images->labels, path);
    for (size_t i = 0; status == GM_OK && i < labels.count; i++)
        images->labels[i] = labels.values[i];
    free(labels.values);
    return status;
}

gm_status gm_idx_folder_open(gm_dataset *dataset, const gm_source *source, const gm_dataset_options *options) {
    char name[NAME_BYTES], label_name[NAME_BYTES];
    bool labelled = find_file(source, options->split, "labels", 1, label_name);
    if (!find_file(source, options->split, "images", 3, name))
        return gm_fail(GM_ERROR_IO, "%s: holds no %s images: %s-images-idx3-ubyte (or .gz) is missing", source->path,
                       options->split == GM_SPLIT_TRAIN ? "training" : "test", split_prefix[options->split]);
    const char *path = gm_arena_printf(&dataset->arena, "%s/%s", source->path, name);
    const char *label_path = labelled ? gm_arena_printf(&dataset->arena, "%s/%s", source->path, label_name) : "";
    if (!path || !label_path)
        return gm_fail_memory(strlen(source->path), "a file name");
    gm_idx idx;
    GM_TRY(read_file(path, 3, &idx));
    gm_images images = images_of(&idx);
    gm_status status = labelled ? read_labels(label_path, path, &images) : GM_OK;
    if (status == GM_OK)
        status = gm_dataset_take_images(dataset, source->path, &images, options);
    dataset->info.splits = true;
    gm_images_finish(&images);
    return status;
}

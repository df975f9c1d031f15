// A data set in another form: a folder or a zip archive of pictures with labels.csv, or arrays; a table as another one.
//
// Pictures go piece by piece; of an array all values are in memory before it is written. Long because both and tables
// are written here.
#include "data/convert.h"

#include "data/apart.h"
#include "data/format.h"
#include "data/items.h"
#include "data/pictures.h"
#include "sample/array.h"
#include "sample/sound_file.h"
#include "sample/writers.h"
#include "sample/zip_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { PIECE = 256 };

static bool ends(const char *path, const char *ending) {
    size_t length = strlen(path), end = strlen(ending);
    return length > end && strcasecmp(path + length - end, ending) == 0;
}

// `first` and the items behind it, up to a piece; *left of them are not damaged, and are in front.
static gm_status gather(const gm_dataset *dataset, size_t first, char *items, int32_t *labels, size_t *left) {
    const uint8_t *damaged = dataset->pictures ? dataset->pictures->damaged : NULL;
    size_t count = GM_MIN(dataset->info.count - first, (size_t)PIECE), bytes = dataset->info.item_bytes;
    int32_t indices[PIECE] = {0};
    for (size_t i = 0; i < count; i++)
        indices[i] = (int32_t)(first + i);
    GM_TRY(gm_dataset_gather(dataset, indices, count, items, labels));
    *left = 0;
    for (size_t i = 0; i < count; i++) {
        if (damaged && damaged[first + i]) // another one stands in its place
            continue;
        if (*left < i)
            memcpy(items + *left * bytes, items + i * bytes, bytes);
        labels[(*left)++] = labels[i];
    }
    return GM_OK;
}

// ---- Pictures ----

// Pictures of more than 8 bits, which are floats in memory, are whole numbers of 16 bits in files.
static bool is_deep(const gm_dataset_info *info) {
    return info->kind == GM_DATASET_FLOATS && info->white > info->black;
}

// Floats that are taken as they are may be pictures, too: of vectors height and width are 1.
static bool has_pixels(const gm_dataset_info *info) {
    return info->frames == 0 && (info->white > info->black || (!info->table && info->height * info->width > 1));
}

typedef struct pictures {
    const gm_dataset *dataset;
    const char *path;
    const gm_item_marks *marks; // NULL: none
    const gm_writer *writer;
    size_t depth;
    bool zipped; // else into a folder
    gm_zip_writer zip;
    gm_text labels; // labels.csv
} pictures;

// Takes over the data.
static gm_status put_file(pictures *p, const char *name, void *data, size_t bytes) {
    if (p->zipped) {
        gm_status status = gm_zip_writer_add(&p->zip, name, data, bytes);
        free(data);
        return status;
    }
    gm_text path = {0};
    gm_text_printf(&path, "%s/%s", p->path, name);
    FILE *file = path.failed ? NULL : fopen(path.data, "wb");
    bool written = file && fwrite(data, 1, bytes, file) == bytes;
    if (file)
        written = (fclose(file) == 0) && written;
    free(data);
    gm_status status = path.failed ? gm_fail_memory(64, "a file name")
                       : written   ? GM_OK
                                   : gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", path.data, strerror(errno));
    gm_text_finish(&path);
    return status;
}

static void fill_raster(const gm_dataset_info *info, const void *item, gm_raster *raster) {
    size_t area = info->height * info->width;
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < info->channels; c++) {
            size_t from = c * area + i;
            double value =
                info->kind == GM_DATASET_IMAGES ? ((const uint8_t *)item)[from] : ((const float *)item)[from];
            gm_raster_set(raster, i * info->channels + c,
                          gm_raster_level(value, info->black, info->white, raster->depth));
        }
}

// 00000012.png; of changed ones 00000012-00000345.png, of samples g00000345.png.
static void name_item(const pictures *p, size_t index, char *name, size_t room) {
    const char *ending = p->writer->format.ending;
    if (!p->marks || p->marks->seeds[index] < 0)
        gm_snprintf(name, room, "%08zu%s", p->marks ? (size_t)p->marks->origins[index] : index, ending);
    else if (p->marks->origins[index] < 0)
        gm_snprintf(name, room, "g%08lld%s", (long long)p->marks->seeds[index], ending);
    else
        gm_snprintf(name, room, "%08lld-%08lld%s", (long long)p->marks->origins[index],
                    (long long)p->marks->seeds[index], ending);
}

static gm_status put_item(pictures *p, size_t index, const void *item, int32_t label) {
    const gm_dataset_info *info = gm_dataset_get_info(p->dataset);
    gm_raster raster;
    gm_bytes file = {0};
    char name[64];
    const gm_writing writing = {.path = p->path};
    gm_status status;
    if (info->sound) {
        const gm_sample sound = gm_sample_of_sound(info->sound, info->channels, info->height);
        status = gm_sound_file_encode(&sound, &writing, p->writer->container, item, 1, &file);
    } else {
        GM_TRY(gm_raster_create(&raster, p->path, info->width, info->height, info->channels, p->depth));
        fill_raster(info, item, &raster);
        status = p->writer->encode_pictures(&writing, &raster, 1, &file);
        gm_raster_finish(&raster);
    }
    if (status != GM_OK) {
        free(file.data);
        return status;
    }
    name_item(p, index, name, sizeof name);
    if (info->class_count > 0)
        gm_text_printf(&p->labels, "%s,\"%s\"\n", name, info->class_names[label]);
    return put_file(p, name, file.data, file.length);
}

static gm_status put_items(pictures *p) {
    const gm_dataset_info *info = gm_dataset_get_info(p->dataset);
    int32_t labels[PIECE];
    char *items;
    size_t written = 0, count;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&items, PIECE, info->item_bytes, p->path));
    for (size_t first = 0; first < info->count && status == GM_OK; first += PIECE) {
        status = gather(p->dataset, first, items, labels, &count);
        for (size_t i = 0; status == GM_OK && i < count; i++)
            status = put_item(p, written++, items + i * info->item_bytes, labels[i]);
    }
    free(items);
    return status;
}

static gm_status put_labels(pictures *p) {
    if (p->labels.failed)
        return gm_fail_memory(p->labels.length, "labels.csv");
    if (p->labels.length == 0)
        return GM_OK;
    gm_status status = put_file(p, "labels.csv", p->labels.data, p->labels.length);
    p->labels = (gm_text){0};
    return status;
}

static gm_status check_pictures(const gm_dataset_info *info, const char *path) {
    if (!has_pixels(info))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds %s, no pictures: write .npz or .npy", path, info->name,
                       info->frames > 0 ? "clips" : "numbers");
    for (size_t k = 0; k < info->class_count; k++)
        if (strpbrk(info->class_names[k], "\"\r\n"))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: the name of class %s cannot stand in labels.csv: write .npz", path,
                           info->class_names[k]);
    return GM_OK;
}

// Of labels.csv, which has names alone, names that are all numbers are the classes' numbers; others are sorted.
static void warn_of_numbers(const gm_dataset_info *info, const char *path) {
    bool numbered = true, sorted = true, digits = true;
    for (size_t k = 0; k < info->class_count; k++) {
        const char *name = info->class_names[k];
        char number[24];
        gm_snprintf(number, sizeof number, "%zu", k);
        numbered = numbered && strcmp(name, number) == 0;
        digits = digits && name[strspn(name, "0123456789")] == '\0';
        sorted = sorted && (k == 0 || strcmp(info->class_names[k - 1], name) < 0);
    }
    if (!numbered && (digits || !sorted))
        gm_warn("%s: its classes have other numbers than in %s: labels.csv has their names alone", path, info->name);
}

// Floats that are taken as they are stay so: as 32 bits, in TIFF; sounds are WAV of 16 bits.
static gm_status write_pictures(const gm_dataset *dataset, const char *path, const gm_item_marks *marks) {
    pictures p = {.dataset = dataset, .path = path, .marks = marks, .zip = {.path = path}};
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    gm_status status;
    GM_TRY(check_pictures(info, path));
    p.writer = gm_writer_for(info->channels - info->alpha); // PNG has opacity beside colours
    p.depth = info->kind == GM_DATASET_IMAGES ? 8 : is_deep(info) ? 16 : 32;
    if (p.depth == 32)
        GM_TRY(gm_writer_find_named(path, info->sound ? "wav" : "tiff", &p.writer));
    if (!p.writer->encode_pictures && !info->sound)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: pictures of %zu channels are not written: write .npz", path,
                       info->channels);
    p.zipped = ends(path, ".zip");
    if (!p.zipped)
        GM_TRY(gm_folder_create_empty(path, "name another folder"));
    GM_TRY_DONE(put_items(&p));
    GM_TRY_DONE(put_labels(&p));
    warn_of_numbers(info, path);
    if (p.zipped)
        GM_TRY_DONE(gm_zip_writer_end(&p.zip));
    if (p.zipped)
        status = gm_file_write_atomic(path, p.zip.file.data, p.zip.file.length);
done:
    gm_zip_writer_finish(&p.zip);
    gm_text_finish(&p.labels);
    return status;
}

// ---- Arrays ----

// Each value in place; the smaller ones never overtake those that are still to be read.
static void make_deep(const gm_dataset_info *info, char *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, items + i * sizeof value, sizeof value);
        const uint16_t level = (uint16_t)gm_raster_level(value, info->black, info->white, 16);
        memcpy(items + i * sizeof level, &level, sizeof level);
    }
}

// Items as (N, T, C, H, W) of clips, (N, C, H, W), (N, H, W) of one channel or (N, d).
static gm_file_array describe(const gm_dataset_info *info, const void *values) {
    gm_file_array array = info->kind == GM_DATASET_IMAGES ? (gm_file_array){.type = "u1", .size = 1}
                          : is_deep(info)                 ? (gm_file_array){.type = "u2", .size = sizeof(uint16_t)}
                                                          : (gm_file_array){.type = "f4", .size = sizeof(float)};
    array.name = "x";
    array.values = values;
    array.dim[array.rank++] = info->count;
    if (info->frames > 0)
        array.dim[array.rank++] = info->frames;
    if (info->channels > 1 || info->frames > 0 || (info->height == 1 && info->width == 1))
        array.dim[array.rank++] = info->channels;
    if (info->height > 1 || info->width > 1 || info->frames > 0) {
        array.dim[array.rank++] = info->height;
        array.dim[array.rank++] = info->width;
    }
    return array;
}

static gm_status write_npz(const gm_dataset_info *info, const char *path, const gm_file_array *items,
                           const gm_file_array *labels, const gm_item_marks *marks) {
    gm_bytes file = {0};
    char *names = NULL, type[GM_ARRAY_TYPE_BYTES];
    gm_file_array arrays[4] = {*items, *labels};
    size_t count = labels->values ? 3 : 1;
    gm_status status;
    GM_TRY_DONE(gm_class_names_array(&arrays[2], info->class_names, info->class_count, type, &names));
    if (marks)
        arrays[count++] = (gm_file_array){"seeds", "i8", marks->seeds, sizeof *marks->seeds, 1, {info->count}};
    GM_TRY_DONE(gm_npz_encode(path, arrays, count, &file));
    status = gm_file_write_atomic(path, file.data, file.length);
done:
    free(names);
    free(file.data);
    return status;
}

static gm_status write_npy(const char *path, const gm_file_array *array) {
    gm_bytes file = {0};
    gm_status status = gm_npy_encode(path, array, &file);
    if (status == GM_OK)
        status = gm_file_write_atomic(path, file.data, file.length);
    free(file.data);
    return status;
}

static gm_status write_npys(const char *path, const gm_file_array *items, const gm_file_array *labels) {
    gm_text beside = {0};
    gm_status status = write_npy(path, items);
    gm_text_printf(&beside, "%.*s_labels.npy", (int)(strlen(path) - strlen(".npy")), path);
    if (status == GM_OK && labels->values)
        status = beside.failed ? gm_fail_memory(64, "a file name") : write_npy(beside.data, labels);
    gm_text_finish(&beside);
    return status;
}

static gm_status write_arrays(const gm_dataset *dataset, const char *path, const gm_item_marks *marks) {
    gm_dataset_info info = *gm_dataset_get_info(dataset);
    char *items = NULL;
    int32_t *labels = NULL;
    size_t left = 0, count;
    gm_status status;
    GM_TRY_DONE(gm_alloc(&items, info.count, info.item_bytes, path));
    GM_TRY_DONE(gm_alloc(&labels, info.count, sizeof *labels, path));
    for (size_t first = 0; first < info.count; first += PIECE, left += count)
        GM_TRY_DONE(gather(dataset, first, items + left * info.item_bytes, labels + left, &count));
    info.count = left;
    if (is_deep(&info))
        make_deep(&info, items, left * info.item_values);
    const gm_file_array array = describe(&info, items);
    const gm_file_array classes = {"y", "i4", info.class_count ? labels : NULL, sizeof *labels, 1, {info.count}};
    if (info.width < info.channels && info.width < info.height)
        gm_warn("%s: has its channels first, but looks as if they were last: read it with data.layout: nchw", path);
    status = ends(path, ".npz") ? write_npz(&info, path, &array, &classes, marks) : write_npys(path, &array, &classes);
done:
    free(items);
    free(labels);
    return status;
}

// ---- Tables ----

static bool ends_as_table(const char *path) {
    return ends(path, ".csv") || ends(path, ".tsv");
}

// Whether it is one, and then whether the options are for it.
static gm_status is_table(const char *source, const gm_dataset_options *options, bool *table) {
    gm_source opened;
    const gm_format *format;
    *table = false;
    if (!gm_dataset_is_path(source))
        return GM_OK;
    GM_TRY(gm_source_open(&opened, source));
    gm_status status = gm_format_find(&opened, &format);
    *table = status == GM_OK && format->table;
    if (*table)
        status = gm_format_check_settings(format, &opened, false, options);
    gm_source_finish(&opened);
    return status;
}

// Cells of columns that count the rows are not read.
static void number_rows(const gm_table_schema *schema, gm_table *table) {
    for (size_t i = 0; i < schema->column_count; i++)
        for (size_t row = 0; schema->columns[i].type == GM_COLUMN_INDEX && row < table->rows; row++)
            table->cells[row * schema->column_count + i] = schema->columns[i].minimum + (double)row;
}

static gm_status write_table(const char *source, const gm_dataset_options *options, const char *path) {
    gm_table_schema *schema;
    gm_table table = {0};
    GM_TRY(gm_settings_check_split(source, false, options));
    GM_TRY(gm_table_find(&schema, source, options->columns));
    for (size_t i = 0; i < schema->column_count; i++)
        if (schema->columns[i].type == GM_COLUMN_SKIP)
            gm_warn("%s: its column %s is set aside and not written", source, schema->columns[i].name);
    gm_status status = gm_table_read(source, schema, &table);
    schema->dialect.separator = ends(path, ".tsv") ? '\t' : ',';
    schema->dialect.decimal = '.';
    number_rows(schema, &table);
    if (status == GM_OK)
        status = gm_table_write(path, schema, &table);
    gm_table_finish(&table);
    gm_table_schema_destroy(&schema);
    return status;
}

// ---- The interface ----

gm_status gm_dataset_check_write(const char *path) {
    return gm_output_check(path,
                           !ends(path, ".npz") && !ends(path, ".npy") && !ends(path, ".zip") && !ends_as_table(path));
}

gm_status gm_dataset_write(const gm_dataset *dataset, const char *path, const gm_item_marks *marks) {
    return ends(path, ".npz") || ends(path, ".npy") ? write_arrays(dataset, path, marks)
                                                    : write_pictures(dataset, path, marks);
}

gm_status gm_dataset_convert(const char *source, const gm_dataset_options *options, const char *path) {
    gm_dataset *dataset;
    gm_dataset_options chosen = options ? *options : (gm_dataset_options){0};
    bool table;
    GM_TRY(gm_apart_check(source, path));
    GM_TRY(gm_dataset_check_write(path));
    GM_TRY(is_table(source, &chosen, &table));
    if (table && ends_as_table(path))
        return write_table(source, &chosen, path);
    if (ends_as_table(path))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s is no table: write a folder, .zip, .npz or .npy", path, source);
    GM_TRY(gm_dataset_open(&dataset, source, &chosen));
    if (dataset->pictures)
        dataset->pictures->told = true; // below
    gm_status status =
        gm_dataset_get_info(dataset)->table
            ? gm_fail(GM_ERROR_ARGUMENT, "%s: %s is a table, no numbers alone: write .csv or .tsv", path, source)
            : gm_dataset_write(dataset, path, NULL);
    if (status == GM_OK && dataset->info.narrowed)
        gm_warn("%s: its values of 64 bits became float32", source);
    if (status == GM_OK && dataset->pictures)
        gm_pictures_warn_of_damage(dataset->pictures);
    gm_dataset_close(&dataset);
    return status;
}

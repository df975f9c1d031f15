// Checkpoints as safetensors files: the variables are the tensors, the rest is metadata. Numbers there are decimal
// text.
#include "run/checkpoint.h"

#include "base/base.h"
#include "run/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gm_checkpoint {
    gm_safetensors *file;
    gm_checkpoint_info info;
    char *path;
    json_t *classes; // their names, which the info points to
    bool warned;     // of values that are not finite
};

// ---- Writing ----

static gm_status gather(gm_state *state, gm_safetensor *tensors, size_t count) {
    for (size_t i = 0; i < count; i++) {
        gm_safetensor *tensor = &tensors[i];
        gm_state_entry(state, i, &tensor->name, &tensor->type, &tensor->shape);
        size_t bytes = gm_type_size(tensor->type) * gm_shape_count(&tensor->shape);
        void *values;
        GM_TRY(gm_alloc(&values, 1, bytes, "a checkpoint"));
        tensor->data = values;
        GM_TRY(gm_state_read(state, tensor->name, values, bytes));
    }
    return GM_OK;
}

// The names as a JSON array; *text is NULL without any, else free(*text).
static gm_status write_classes(const gm_checkpoint_info *info, char **text) {
    *text = NULL;
    if (info->class_count == 0)
        return GM_OK;
    json_t *array = json_array();
    bool failed = !array;
    for (size_t i = 0; i < info->class_count; i++) {
        char line[GM_CLASS_NAME_BYTES]; // folders may be called what is no text
        gm_escape(GM_ESCAPE_LINE, line, sizeof line, info->class_names[i]);
        failed = failed || json_array_append_new(array, json_string(line)) != 0;
    }
    *text = failed ? NULL : json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return *text ? GM_OK : gm_fail_memory(64 * info->class_count, "a checkpoint");
}

// The figures as a JSON array of pairs; *text is NULL without any, else free(*text).
static gm_status write_scale(const gm_checkpoint_info *info, char **text) {
    *text = NULL;
    if (info->scale_channels == 0)
        return GM_OK;
    json_t *array = json_array();
    bool failed = !array;
    for (size_t i = 0; i < info->scale_channels; i++)
        failed = failed || json_array_append_new(
                               array, json_pack("[ff]", info->scale_figures[i][0], info->scale_figures[i][1])) != 0;
    *text = failed ? NULL : json_dumps(array, JSON_COMPACT);
    json_decref(array);
    return *text ? GM_OK : gm_fail_memory(64 * info->scale_channels, "a checkpoint");
}

gm_status gm_checkpoint_write(const char *path, gm_state *state, const gm_checkpoint_info *info) {
    char version[24], step[24], cursor[24], seed[24];
    snprintf(version, sizeof version, "%d", GM_CHECKPOINT_VERSION);
    snprintf(step, sizeof step, "%" PRIu64, info->step);
    snprintf(cursor, sizeof cursor, "%" PRIu64, info->data_cursor);
    snprintf(seed, sizeof seed, "%" PRIu64, info->seed);
    gm_safetensors_text metadata[12] = {
        {"format", "ganymede-checkpoint"},
        {"version", version},
        {"program", gm_version()},
        {"step", step},
        {"data_cursor", cursor},
        {"seed", seed},
        {"variants", info->variants ? info->variants : ""},
        {"recipe", info->recipe ? info->recipe : ""},
    };
    size_t count = gm_state_count(state), metadata_count = 8;
    gm_safetensor *tensors = NULL;
    char *classes = NULL, *scale = NULL, item[80];
    gm_status status;
    GM_TRY_DONE(write_classes(info, &classes));
    if (classes)
        metadata[metadata_count++] = (gm_safetensors_text){"classes", classes};
    GM_TRY_DONE(write_scale(info, &scale));
    if (scale)
        metadata[metadata_count++] = (gm_safetensors_text){"scale", scale};
    snprintf(item, sizeof item, "[%zu, %zu, %zu]", info->item[0], info->item[1], info->item[2]);
    if (info->item[0] > 0)
        metadata[metadata_count++] = (gm_safetensors_text){"item", item};
    if (info->note)
        metadata[metadata_count++] = (gm_safetensors_text){"note", info->note};
    GM_TRY_DONE(gm_alloc(&tensors, count, sizeof *tensors, "a checkpoint"));
    GM_TRY_DONE(gather(state, tensors, count));
    status = gm_safetensors_write(path, tensors, count, metadata, metadata_count);
done:
    for (size_t i = 0; tensors && i < count; i++)
        free((void *)tensors[i].data);
    free(tensors);
    free(classes);
    free(scale);
    return status;
}

// ---- Reading ----

static gm_status read_text(const gm_checkpoint *checkpoint, const char *key, const char **text) {
    *text = gm_safetensors_metadata(checkpoint->file, key);
    if (!*text)
        return gm_fail(GM_ERROR_FORMAT, "%s: is not a checkpoint of Ganymede: its metadata lack \"%s\"",
                       checkpoint->path, key);
    return GM_OK;
}

static gm_status read_number(const gm_checkpoint *checkpoint, const char *key, uint64_t *number) {
    const char *text;
    GM_TRY(read_text(checkpoint, key, &text));
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: its metadata give \"%s\" as %s, which is not a number", checkpoint->path,
                       text, key);
    *number = value;
    return GM_OK;
}

static gm_status read_classes(gm_checkpoint *checkpoint) {
    const char *text = gm_safetensors_metadata(checkpoint->file, "classes");
    if (!text)
        return GM_OK;
    GM_TRY(gm_json_parse(&checkpoint->classes, checkpoint->path, "its list of classes", text, strlen(text), 0));
    size_t count = json_array_size(checkpoint->classes);
    const char **names;
    GM_TRY(gm_alloc(&names, count, sizeof *names, checkpoint->path));
    checkpoint->info.class_names = names;
    checkpoint->info.class_count = count;
    for (size_t i = 0; i < count; i++) {
        names[i] = json_string_value(json_array_get(checkpoint->classes, i));
        if (!names[i])
            return gm_fail(GM_ERROR_FORMAT, "%s: class %zu of its list of classes has no name", checkpoint->path, i);
    }
    return GM_OK;
}

static gm_status read_scale(gm_checkpoint *checkpoint) {
    const char *text = gm_safetensors_metadata(checkpoint->file, "scale");
    json_t *array;
    if (!text)
        return GM_OK;
    GM_TRY(gm_json_parse(&array, checkpoint->path, "its scale of the channels", text, strlen(text), 0));
    size_t count = json_array_size(array);
    double(*figures)[2];
    gm_status status = gm_alloc(&figures, count, sizeof *figures, checkpoint->path);
    checkpoint->info.scale_figures = (const double(*)[2])figures;
    checkpoint->info.scale_channels = count;
    for (size_t i = 0; status == GM_OK && i < count; i++)
        if (json_unpack(json_array_get(array, i), "[FF]", &figures[i][0], &figures[i][1]) != 0)
            status = gm_fail(GM_ERROR_FORMAT, "%s: channel %zu of its scale has no two numbers", checkpoint->path, i);
    json_decref(array);
    return status;
}

static gm_status read_item(gm_checkpoint *checkpoint) {
    const char *text = gm_safetensors_metadata(checkpoint->file, "item");
    json_t *array;
    json_int_t size[3];
    if (!text)
        return GM_OK;
    GM_TRY(gm_json_parse(&array, checkpoint->path, "the size of its items", text, strlen(text), 0));
    bool read = json_unpack(array, "[III]", &size[0], &size[1], &size[2]) == 0;
    json_decref(array);
    for (size_t i = 0; i < 3; i++) {
        if (!read || size[i] < 1 || size[i] > INT32_MAX)
            return gm_fail(GM_ERROR_FORMAT, "%s: the size of its items is no three numbers from 1 on",
                           checkpoint->path);
        checkpoint->info.item[i] = (size_t)size[i];
    }
    return GM_OK;
}

static gm_status read_info(gm_checkpoint *checkpoint) {
    gm_checkpoint_info *info = &checkpoint->info;
    uint64_t version;
    const char *present; // without its checksums, damage could pass
    GM_TRY(read_text(checkpoint, "format", &present));
    GM_TRY(read_text(checkpoint, "checksum", &present));
    GM_TRY(read_text(checkpoint, "header_checksum", &present));
    GM_TRY(read_number(checkpoint, "version", &version));
    if (version != GM_CHECKPOINT_VERSION) {
        const char *program = gm_safetensors_metadata(checkpoint->file, "program");
        return gm_fail(GM_ERROR_STATE,
                       "%s: is a checkpoint of version %" PRIu64 "; this program reads version %d: use the program "
                       "that wrote it%s%s",
                       checkpoint->path, version, GM_CHECKPOINT_VERSION, program ? ", version " : "",
                       program ? program : "");
    }
    GM_TRY(read_number(checkpoint, "step", &info->step));
    GM_TRY(read_number(checkpoint, "data_cursor", &info->data_cursor));
    GM_TRY(read_number(checkpoint, "seed", &info->seed));
    GM_TRY(read_text(checkpoint, "variants", &info->variants));
    GM_TRY(read_classes(checkpoint));
    GM_TRY(read_scale(checkpoint));
    GM_TRY(read_item(checkpoint));
    info->note = gm_safetensors_metadata(checkpoint->file, "note");
    return read_text(checkpoint, "recipe", &info->recipe);
}

gm_status gm_checkpoint_open(gm_checkpoint **checkpoint, const char *path) {
    *checkpoint = NULL;
    gm_checkpoint *made;
    GM_TRY(gm_alloc(&made, 1, sizeof *made, "a checkpoint"));
    gm_status status = gm_alloc(&made->path, strlen(path) + 1, 1, "a file name");
    if (status == GM_OK) {
        memcpy(made->path, path, strlen(path));
        status = gm_safetensors_read(&made->file, path);
    }
    if (status == GM_OK)
        status = read_info(made);
    if (status != GM_OK)
        gm_checkpoint_close(&made);
    *checkpoint = made;
    return status;
}

void gm_checkpoint_close(gm_checkpoint **checkpoint) {
    if (!checkpoint || !*checkpoint)
        return;
    gm_safetensors_destroy(&(*checkpoint)->file);
    json_decref((*checkpoint)->classes);
    free((void *)(*checkpoint)->info.class_names);
    free((void *)(*checkpoint)->info.scale_figures);
    free((*checkpoint)->path);
    free(*checkpoint);
    *checkpoint = NULL;
}

const gm_checkpoint_info *gm_checkpoint_get_info(const gm_checkpoint *checkpoint) {
    return &checkpoint->info;
}

// ---- Loading ----

static const char *type_name(gm_type type) {
    return type == GM_FLOAT32 ? "float32" : type == GM_INT32 ? "int32" : "uint8";
}

// "float32 (64, 100)"
static void describe(gm_text *text, gm_type type, const gm_shape *shape) {
    gm_text_printf(text, "%s (", type_name(type));
    for (size_t i = 0; i < shape->rank; i++)
        gm_text_printf(text, "%s%zu", i > 0 ? ", " : "", shape->dim[i]);
    gm_text_append(text, ")");
}

static gm_status fail_mismatch(const gm_checkpoint *checkpoint, const gm_safetensor *tensor, gm_type type,
                               const gm_shape *shape) {
    gm_text held = {0}, wanted = {0};
    describe(&held, tensor->type, &tensor->shape);
    describe(&wanted, type, shape);
    gm_status status =
        gm_fail(GM_ERROR_FORMAT, "%s: holds %s as %s where the model has %s: it is from another recipe",
                checkpoint->path, tensor->name, held.data ? held.data : "?", wanted.data ? wanted.data : "?");
    gm_text_finish(&held);
    gm_text_finish(&wanted);
    return status;
}

static gm_status find_value(const gm_checkpoint *checkpoint, const char *name, gm_type type, const gm_shape *shape,
                            const gm_safetensor **found) {
    const gm_safetensor *tensor = gm_safetensors_find(checkpoint->file, name);
    *found = tensor;
    if (!tensor)
        return gm_fail(GM_ERROR_FORMAT, "%s: does not hold %s, which the model has: it is from another recipe",
                       checkpoint->path, name);
    if (tensor->type != type || !gm_shape_equal(&tensor->shape, shape))
        return fail_mismatch(checkpoint, tensor, type, shape);
    return GM_OK;
}

static bool is_finite(const gm_safetensor *tensor) {
    const float *values = tensor->data;
    for (size_t i = 0; tensor->type == GM_FLOAT32 && i < gm_shape_count(&tensor->shape); i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

// What a broken model makes shows what became of it; training could only spread what is broken.
gm_status gm_checkpoint_value(void *user, const char *name, gm_type type, const gm_shape *shape, const void **values) {
    gm_checkpoint *checkpoint = user;
    const gm_safetensor *tensor;
    *values = NULL;
    GM_TRY(find_value(checkpoint, name, type, shape, &tensor));
    if (!checkpoint->warned && !is_finite(tensor)) {
        gm_warn("%s: %s holds values that are not finite: nor will be what they make", checkpoint->path, name);
        checkpoint->warned = true;
    }
    *values = tensor->data;
    return GM_OK;
}

static bool set_entry(const gm_safetensor *tensor, gm_checkpoint_entry *entry) {
    if (tensor)
        *entry = (gm_checkpoint_entry){.name = tensor->name,
                                       .type = tensor->type,
                                       .shape = tensor->shape,
                                       .values = tensor->data,
                                       .finite = is_finite(tensor)};
    return tensor != NULL;
}

bool gm_checkpoint_find(const gm_checkpoint *checkpoint, const char *name, gm_checkpoint_entry *entry) {
    return set_entry(gm_safetensors_find(checkpoint->file, name), entry);
}

bool gm_checkpoint_at(const gm_checkpoint *checkpoint, size_t index, gm_checkpoint_entry *entry) {
    return set_entry(index < checkpoint->file->count ? &checkpoint->file->tensors[index] : NULL, entry);
}

static bool state_has(const gm_state *state, const char *wanted) {
    for (size_t i = 0; i < gm_state_count(state); i++) {
        const char *name;
        gm_type type;
        gm_shape shape;
        gm_state_entry(state, i, &name, &type, &shape);
        if (strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

static bool may_lack(const char *optional, const char *name) {
    return optional && strncmp(name, optional, strlen(optional)) == 0;
}

// The state's variable `index` in the checkpoint; written to the state if `write`.
static gm_status load_entry(const gm_checkpoint *checkpoint, gm_state *state, const char *optional, size_t index,
                            bool write) {
    const char *name;
    gm_type type;
    gm_shape shape;
    const gm_safetensor *tensor;
    gm_state_entry(state, index, &name, &type, &shape);
    if (may_lack(optional, name) && !gm_safetensors_find(checkpoint->file, name))
        return GM_OK;
    GM_TRY(find_value(checkpoint, name, type, &shape, &tensor));
    if (!is_finite(tensor))
        return gm_fail(GM_ERROR_STATE,
                       "%s: %s holds values that are not finite, from which no training can go on: take an older "
                       "checkpoint",
                       checkpoint->path, name);
    return write ? gm_state_write(state, name, tensor->data, gm_type_size(type) * gm_shape_count(&shape)) : GM_OK;
}

gm_status gm_checkpoint_load(const gm_checkpoint *checkpoint, gm_state *state, const char *optional) {
    const gm_safetensors *file = checkpoint->file;
    for (size_t i = 0; i < gm_state_count(state); i++)
        GM_TRY(load_entry(checkpoint, state, optional, i, false));
    for (size_t i = 0; i < file->count; i++)
        if (!may_lack(optional, file->tensors[i].name) && !state_has(state, file->tensors[i].name))
            return gm_fail(GM_ERROR_FORMAT, "%s: holds %s, which the model does not have: it is from another recipe",
                           checkpoint->path, file->tensors[i].name);
    for (size_t i = 0; i < gm_state_count(state); i++)
        GM_TRY(load_entry(checkpoint, state, optional, i, true));
    return GM_OK;
}

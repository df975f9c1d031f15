// What a trainer reads: one source of data, or two of which each batch has as many items of both.
//
// One cursor counts the items drawn from either. Of pairs both are read in the same order; of others the second has an
// order of its own, and its own epochs where it has another number of items.
#include "model/columns.h"
#include "model/privacy.h"
#include "train/trainer.h"

#include <string.h>

#define RESIDENT_BYTES ((uint64_t)512 << 20) // of all sources

// ---- Opening ----

static bool wants_names(const gm_trainer *trainer) {
    return gm_model_kind_of(trainer->recipe)->sources == GM_SOURCES_PAIRED &&
           trainer->common->data.pairs != GM_PAIRS_ORDER;
}

static gm_status count_sources(gm_trainer *trainer) {
    const gm_model_kind *kind = gm_model_kind_of(trainer->recipe);
    const gm_common *second = gm_common_second(trainer->common);
    const char *origin = gm_recipe_origin(trainer->recipe, "data.second");
    if (kind->sources == GM_SOURCES_ONE && second)
        return gm_fail(GM_ERROR_FORMAT, "%s: data.second: %s learns from one source: remove it", origin,
                       kind->description);
    if (kind->sources != GM_SOURCES_ONE && !second)
        return gm_fail(GM_ERROR_FORMAT, "%s: data.second is missing: %s learns from two sources", origin,
                       kind->description);
    if (kind->sources == GM_SOURCES_PAIRED && trainer->common->data.damaged != GM_DAMAGED_STOP)
        return gm_fail(GM_ERROR_FORMAT, "%s: data.damaged: of pairs none can be left out on one side: set it to stop",
                       gm_recipe_origin(trainer->recipe, "data.damaged"));
    trainer->sources[0].common = trainer->common;
    trainer->sources[1].common = second;
    trainer->source_count = second ? 2 : 1;
    return GM_OK;
}

gm_status gm_trainer_read_sources(void *user) {
    gm_trainer *trainer = user;
    GM_TRY(count_sources(trainer));
    for (size_t i = 0; i < trainer->source_count; i++) {
        gm_trainer_source *source = &trainer->sources[i];
        gm_dataset_options options = gm_common_data_options(source->common);
        options.named = !trainer->run; // a resumed one goes on as it began
        options.item_names = wants_names(trainer);
        GM_TRY(gm_dataset_open(&source->opened, source->common->data.source, &options));
    }
    return GM_OK;
}

// ---- What suits the model ----

static gm_status check_source(const gm_trainer_source *source) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    if (data->count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the data set is empty", data->name);
    return gm_dataset_check_finite(source->data);
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_classes(const gm_recipe_words *a, const gm_recipe_words *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = strcmp(a->words[i], b->words[i]) == 0;
    return same;
}

// Of pairs both sides are of the same items, and something tells them apart.
static gm_status check_sides(const gm_trainer *trainer) {
    const gm_common *a = trainer->sources[0].common, *b = trainer->sources[1].common;
    const char *origin = gm_recipe_origin(trainer->recipe, "data.second");
    if (!same_text(a->data.source, b->data.source) || !same_text(a->data.folder, b->data.folder) ||
        a->data.split != b->data.split)
        return GM_OK;
    if (!same_classes(&a->data.classes, &b->data.classes))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: data.second.classes: pairs are of one item each: leave it out, or learn "
                       "without pairs (a cycle)",
                       origin);
    if (a->data.part == b->data.part && a->data.view == b->data.view && a->data.size[0] == b->data.size[0] &&
        a->data.size[1] == b->data.size[1] && a->data.channels == b->data.channels)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "%s: data.second: both sides of the pairs are the same images: give it another "
                       "source, part, view or size",
                       origin);
    return GM_OK;
}

static gm_status check_pairs(const gm_trainer *trainer) {
    const gm_dataset *first = trainer->sources[0].data, *second = trainer->sources[1].data;
    if (gm_model_kind_of(trainer->recipe)->sources != GM_SOURCES_PAIRED)
        return GM_OK;
    GM_TRY(check_sides(trainer));
    if (trainer->common->data.pairs == GM_PAIRS_NAMES &&
        (!gm_dataset_item_name(first, 0) || !gm_dataset_item_name(second, 0)))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: data.pairs: %s has no names of files to find pairs by: set it to order",
                       gm_recipe_origin(trainer->recipe, "data.pairs"),
                       gm_dataset_get_info(gm_dataset_item_name(first, 0) ? second : first)->name);
    return gm_dataset_check_pairs(first, second);
}

// ---- Order ----

static gm_status count_classes(gm_trainer *trainer) {
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    const int32_t *labels = gm_dataset_labels(trainer->sources[0].data);
    if (!labels || data->class_count == 0)
        return GM_OK;
    GM_TRY(gm_alloc(&trainer->class_counts, data->class_count, sizeof *trainer->class_counts, "the classes' counts"));
    for (size_t i = 0; i < data->count; i++)
        trainer->class_counts[labels[i]]++;
    return GM_OK;
}

static gm_status check_balance(const gm_trainer *trainer, const gm_model_kind *kind) {
    const gm_dataset_info *data = gm_dataset_get_info(trainer->sources[0].data);
    const int balance = trainer->common->data.balance;
    const char *origin = gm_recipe_origin(trainer->recipe, "data.balance");
    if (balance == GM_BALANCE_COLUMNS) // which the order of the rows has checked
        return GM_OK;
    if (balance != GM_BALANCE_NONE && data->class_count == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: data.balance is for data with labels, which %s has not: leave it out",
                       origin, data->name);
    if (balance == GM_BALANCE_WEIGHTS && !kind->weighs)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the loss of %s knows no classes: set data.balance to resample", origin,
                       kind->description);
    return GM_OK;
}

// Of pairs the second source goes by the order of the first, whose items are its own.
static const gm_order *order_of(const gm_trainer *trainer, const gm_trainer_source *source) {
    bool paired = gm_model_kind_of(trainer->recipe)->sources == GM_SOURCES_PAIRED;
    return paired ? &trainer->sources[0].order : &source->order;
}

static gm_status order_source(gm_trainer *trainer, size_t i) {
    gm_trainer_source *source = &trainer->sources[i];
    const bool labelled = gm_dataset_get_info(source->data)->class_count > 0;
    const uint64_t seed = i > 0 ? gm_hash_string(trainer->common->seed, "second") : trainer->common->seed;
    const int balance = source->common->data.balance;
    if (balance != GM_BALANCE_COLUMNS)
        return gm_order_init(&source->order, seed, source->data, labelled && balance == GM_BALANCE_RESAMPLE);
    gm_status status = gm_order_init_rows(&source->order, seed, source->data);
    return status == GM_OK
               ? GM_OK
               : gm_fail_prefix(status, "%s: data.balance", gm_recipe_origin(trainer->recipe, "data.balance"));
}

// What the data turn out to be becomes part of the recipe, so that a run knows it without them.
static gm_status keep_schema(gm_trainer *trainer) {
    gm_text text = {0};
    gm_recipe *again = NULL;
    const gm_dataset_info *info = gm_dataset_get_info(trainer->sources[0].data);
    if (info->table)
        gm_common_set_columns(trainer->recipe, info->table);
    if (info->text)
        gm_common_set_text(trainer->recipe, info->text);
    if (info->sound)
        gm_common_set_sound(trainer->recipe, info->sound);
    gm_status status = gm_recipe_write(trainer->recipe, &text);
    if (status == GM_OK) // a recipe that is too long could not be read again
        status = gm_train_recipe_parse(&again, gm_recipe_file(trainer->recipe), text.data, text.length, NULL, 0);
    gm_recipe_destroy(&again);
    gm_text_finish(status == GM_OK ? &trainer->recipe_text : &text);
    if (status == GM_OK)
        trainer->recipe_text = text;
    return status;
}

gm_status gm_trainer_use_sources(gm_trainer *trainer, const gm_train_given *given) {
    const gm_model_kind *kind = gm_model_kind_of(trainer->recipe);
    const gm_range *range = &trainer->common->data.range;
    GM_TRY(count_sources(trainer));
    for (size_t i = 0; i < trainer->source_count; i++) {
        gm_trainer_source *source = &trainer->sources[i];
        source->data = given->data && i == 0 ? given->data : source->opened;
        source->format = gm_dataset_format(gm_dataset_get_info(source->data), range->low, range->high);
        GM_TRY(gm_privacy_check_data(trainer->recipe, gm_dataset_get_info(source->data)));
        const gm_dataset_info *info = gm_dataset_get_info(source->data);
        if (i == 0 && (info->table || info->text || info->sound))
            GM_TRY(keep_schema(trainer));
        if (i == 0 && kind->check)
            GM_TRY(kind->check(trainer->recipe, gm_dataset_get_info(source->data), &source->format));
        GM_TRY(check_source(source));
        GM_TRY(order_source(trainer, i));
    }
    GM_TRY(check_balance(trainer, kind));
    GM_TRY(count_classes(trainer));
    return check_pairs(trainer);
}

// ---- Where they live ----

// used: bytes of the sources before it.
static gm_status choose_resident(const gm_trainer *trainer, gm_trainer_source *source, uint64_t *used) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    const gm_device_info *device = gm_device_get_info(trainer->device);
    const int wanted = trainer->common->data.resident;
    uint64_t bytes = (uint64_t)data->count * data->item_bytes;
    bool possible = bytes <= device->max_allocation_bytes && data->count <= INT32_MAX;
    if (wanted == GM_RESIDENT_YES && !gm_dataset_items(source->data))
        return gm_fail(GM_ERROR_ARGUMENT,
                       "data.resident: %s is not held in memory item by item (pictures by data.hold, texts never): set "
                       "it to no",
                       data->name);
    possible = possible && gm_dataset_items(source->data);
    if (wanted == GM_RESIDENT_YES && !possible)
        return gm_fail(GM_ERROR_ARGUMENT,
                       "data.resident: the data set's %llu bytes do not fit into one allocation of "
                       "%s (%llu bytes): set it to no",
                       (unsigned long long)bytes, device->name, (unsigned long long)device->max_allocation_bytes);
    source->resident =
        wanted == GM_RESIDENT_YES || (wanted == GM_RESIDENT_AUTO && possible && *used + bytes <= RESIDENT_BYTES &&
                                      *used + bytes <= device->global_bytes / 4);
    *used += source->resident ? bytes : 0;
    return GM_OK;
}

gm_status gm_trainer_place_sources(gm_trainer *trainer) {
    uint64_t used = 0;
    for (size_t i = 0; i < trainer->source_count; i++)
        GM_TRY(choose_resident(trainer, &trainer->sources[i], &used));
    return GM_OK;
}

bool gm_trainer_is_resident(const gm_trainer *trainer) {
    bool resident = true;
    for (size_t i = 0; i < trainer->source_count; i++)
        resident = resident && trainer->sources[i].resident;
    return resident;
}

static gm_status send(gm_trainer *trainer, gm_trainer_source *source, const gm_model_input *input) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    if (!source->resident && (gm_trainer_is_private(trainer) || source->loader))
        return GM_OK; // its batches are drawn when they are wanted, or are on their way
    if (!source->resident)
        return gm_loader_create_ordered(&source->loader, source->data, order_of(trainer, source),
                                        trainer->common->data.batch, trainer->cursor);
    if (input->labels)
        GM_TRY(gm_plan_write(trainer->plan, input->labels, gm_dataset_labels(source->data),
                             data->count * sizeof(int32_t)));
    return gm_plan_write(trainer->plan, input->data, gm_dataset_items(source->data), data->count * data->item_bytes);
}

gm_status gm_trainer_send_sources(gm_trainer *trainer) {
    for (size_t i = 0; i < trainer->source_count; i++)
        GM_TRY(send(trainer, &trainer->sources[i], &trainer->model.inputs[i]));
    return GM_OK;
}

void gm_trainer_close_loaders(gm_trainer *trainer) {
    for (size_t i = 0; i < GM_MODEL_SOURCES; i++)
        gm_loader_destroy(&trainer->sources[i].loader);
}

// ---- Batches ----

static gm_status next(gm_trainer *trainer, gm_trainer_source *source, const gm_model_input *input) {
    const gm_dataset_info *data = gm_dataset_get_info(source->data);
    size_t batch = trainer->common->data.batch;
    const void *items;
    const int32_t *labels;
    if (source->resident) {
        GM_TRY(gm_order_indices(order_of(trainer, source), trainer->cursor, batch, trainer->indices));
        return gm_plan_write(trainer->plan, input->indices, trainer->indices, batch * sizeof *trainer->indices);
    }
    GM_TRY(gm_loader_next(source->loader, &items, &labels));
    GM_TRY(gm_plan_write(trainer->plan, input->batch, items, batch * data->item_bytes));
    return input->labels ? gm_plan_write(trainer->plan, input->labels, labels, batch * sizeof *labels) : GM_OK;
}

gm_status gm_trainer_next_batch(gm_trainer *trainer) {
    if (gm_trainer_is_private(trainer))
        return gm_trainer_private_batch(trainer);
    for (size_t i = 0; i < trainer->source_count; i++)
        GM_TRY(next(trainer, &trainer->sources[i], &trainer->model.inputs[i]));
    trainer->cursor += trainer->common->data.batch;
    return GM_OK;
}

gm_moment gm_trainer_moment(const gm_trainer *trainer) {
    gm_moment moment = {gm_seconds(), 0};
    for (size_t i = 0; i < trainer->source_count; i++)
        moment.waited += trainer->sources[i].loader ? gm_loader_waited(trainer->sources[i].loader) : 0;
    return moment;
}

double gm_trainer_waiting_since(const gm_trainer *trainer, const gm_moment *start) {
    gm_moment now = gm_trainer_moment(trainer);
    return (now.waited - start->waited) / GM_MAX(now.seconds - start->seconds, 1e-9);
}

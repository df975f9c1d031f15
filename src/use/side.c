// The two sides of a comparison: read, cut down, made of one shape and brought into one range of values. Long because
// sides are of so many sorts.
#include "use/side.h"

#include "data/decode.h"
#include "ganymede/sampler.h"
#include "sample/scan.h"
#include "sample/schema.h"
#include "use/scaling.h"
#include "use/side_sound.h"
#include "use/side_text.h"
#include "use/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { COMPARED_WINDOW = 32 }; // symbols of texts, where no run says how many

static const uint64_t part_seed = 0; // which random part of a large data set is taken

void gm_side_finish(gm_side *side) {
    free(side->values);
    free(side->labels);
    free(side->cells);
    gm_table_schema_destroy(&side->table);
    gm_table_schema_destroy(&side->shown);
    gm_text_schema_destroy(&side->text);
    gm_arena_finish(&side->arena);
    *side = (gm_side){0};
}

size_t gm_side_values(const gm_side *side) {
    return side->channels * GM_MAX(side->frames, (size_t)1) * side->height * side->width;
}

static gm_status allocate(gm_side *side) {
    return gm_alloc(&side->values, side->count * gm_side_values(side), sizeof *side->values, side->name);
}

static gm_status keep(gm_side *side, const char **text) {
    if (*text && !(*text = gm_arena_string(&side->arena, *text)))
        return gm_fail_memory(64, "a side of a comparison");
    return GM_OK;
}

static gm_status keep_words(gm_side *side, const char *const **words, size_t count) {
    const char **kept = gm_arena_alloc(&side->arena, count * sizeof *kept);
    for (size_t i = 0; kept && i < count; i++)
        if (!(kept[i] = gm_arena_string(&side->arena, (*words)[i])))
            return gm_fail_memory(64, "a side of a comparison");
    *words = kept;
    return kept ? GM_OK : gm_fail_memory(count * sizeof *kept, "a side of a comparison");
}

static gm_status keep_names(gm_side *side, const char *const *names, size_t count) {
    side->class_names = names;
    side->name_count = count;
    return keep_words(side, &side->class_names, count);
}

// What the options point to may go before the side does.
static gm_status keep_options(gm_side *side) {
    gm_dataset_options *options = &side->data_options;
    GM_TRY(keep(side, &options->folder));
    if (options->class_count > 0)
        GM_TRY(keep_words(side, &options->classes, options->class_count));
    if (!options->scale_figures)
        return GM_OK;
    size_t bytes = options->scale_channels * sizeof *options->scale_figures;
    void *figures = gm_arena_copy(&side->arena, options->scale_figures, bytes);
    options->scale_figures = (const double(*)[2])figures;
    return figures ? GM_OK : gm_fail_memory(bytes, "a side of a comparison");
}

// What is set aside has no place among the values.
static void leave_out_aside(gm_table_schema *table) {
    size_t kept = 0;
    for (size_t i = 0; i < table->column_count; i++)
        if (!gm_column_is_aside(&table->columns[i]))
            table->columns[kept++] = table->columns[i];
    table->column_count = kept;
}

// The columns of what is about to be closed; NULL: it is no table.
static gm_status keep_table(gm_side *side, const gm_table_schema *table, double low, double high) {
    if (!table)
        return GM_OK;
    GM_TRY(gm_table_schema_copy(&side->table, table));
    GM_TRY(gm_table_schema_copy(&side->shown, table));
    leave_out_aside(side->shown);
    side->format = gm_sample_of_table(side->shown, low, high);
    return GM_OK;
}

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

// ---- Runs ----

// A folder with checkpoints in it, or one of them.
static bool is_run(const char *source) {
    struct stat info;
    char path[4096];
    if (ends_with(source, ".safetensors"))
        return true;
    int length = snprintf(path, sizeof path, "%s/checkpoints", source);
    return length > 0 && (size_t)length < sizeof path && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static gm_status draw(gm_side *side, gm_sampler *sampler) {
    uint64_t *seeds;
    GM_TRY(allocate(side));
    if (side->classes > 0)
        GM_TRY(gm_alloc(&side->labels, side->count, sizeof *side->labels, side->name));
    for (size_t i = 0; i < side->count && side->classes > 0; i++)
        side->labels[i] = gm_sampler_label(sampler, i);
    GM_TRY(gm_alloc(&seeds, side->count, sizeof *seeds, "seeds"));
    for (size_t i = 0; i < side->count; i++)
        seeds[i] = i;
    gm_status status = gm_sampler_generate(sampler, seeds, side->labels, NULL, side->count, side->values);
    free(seeds);
    return status;
}

static gm_status open_run(gm_side *side, const gm_sides_options *options) {
    gm_sampler *sampler;
    gm_sampler_info info;
    GM_TRY(gm_sampler_open_on(&sampler, side->name, options->device));
    gm_sampler_get_info(sampler, &info);
    side->kind = GM_SIDE_RUN;
    side->count = options->samples;
    side->channels = info.channels;
    side->frames = info.frames;
    side->height = info.height;
    side->width = info.width;
    side->bounded = side->ranged = info.ranged;
    side->low = info.low;
    side->high = info.high;
    side->classes = info.classes;
    side->pretrained = info.pretrained;
    side->data = info.data;
    side->data_options = info.data_options;
    gm_status status = keep(side, &side->data);
    if (status == GM_OK)
        status = keep_options(side);
    if (status == GM_OK)
        status = keep_table(side, info.table, info.low, info.high);
    if (status == GM_OK)
        status = keep_names(side, info.class_names, info.class_count);
    side->data_options.columns = side->table;
    if (status == GM_OK)
        status = draw(side, sampler);
    if (status == GM_OK && info.text)
        status = gm_side_take_codes(side, &info);
    side->data_options.text = side->text;
    side->data_options.sound = NULL; // the sampler's
    if (status == GM_OK && info.sound)
        status = gm_side_hear(side, &info);
    gm_sampler_close(&sampler);
    return status;
}

// ---- Data sets, arrays and tables ----

// As networks see them, so that a run's samples can stand beside; images become 0 to 255.
static gm_status gather(gm_side *side, const gm_dataset *dataset, const int32_t *indices) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    gm_sample format = gm_dataset_format(info, 0, 255);
    GM_TRY(keep_table(side, info->table, 0, 255));
    if (info->text)
        GM_TRY(gm_side_keep_text(side, info->text, info->text->window));
    if (info->sound)
        GM_TRY(gm_side_keep_sound(side, info->sound));
    side->channels = format.item.dim[0];
    GM_TRY(allocate(side));
    GM_TRY(keep_names(side, info->class_names, info->class_count));
    if (info->class_count > 0)
        GM_TRY(gm_alloc(&side->labels, side->count, sizeof *side->labels, side->name));
    return gm_dataset_decode(dataset, &format, indices, side->count, side->values, side->labels);
}

// Paired rows stay where they are; else data sets sorted by class would show the first classes alone.
static gm_status take_part(gm_side *side, const gm_dataset *dataset, bool paired) {
    size_t all = gm_dataset_get_info(dataset)->count;
    int32_t *indices;
    GM_TRY(gm_alloc(&indices, side->count, sizeof *indices, "indices"));
    gm_status status = GM_OK;
    if (side->count < all && !paired)
        status = gm_loader_indices(part_seed, 0, side->count, all, indices);
    else
        for (size_t i = 0; i < side->count; i++)
            indices[i] = (int32_t)i;
    if (status == GM_OK)
        status = gather(side, dataset, indices);
    free(indices);
    return status;
}

// How the data set is read: as the run beside it reads its own. An array is taken as it is.
static gm_dataset_options fit_to(const gm_side *side, const gm_side *run) {
    gm_dataset_options options = {.adapted = true};
    if (run && run->sound.rate > 0) {
        if (strcmp(run->data, side->name) == 0)
            options = run->data_options;
        options.count = 0;
        options.channels = run->channels;
        options.damaged = run->data_options.damaged;
        return options;
    }
    if (!run || !run->bounded || gm_dataset_is_array(side->name))
        return options;
    if (strcmp(run->data, side->name) == 0) {
        options = run->data_options;
        options.count = 0;
        return options;
    }
    options.size[0] = run->data_options.size[0];
    options.size[1] = run->data_options.size[1];
    options.fit = run->data_options.fit;
    options.channels = run->data_options.channels;
    options.frames = run->data_options.frames;
    options.frame_stride = run->data_options.frame_stride;
    options.frame_hop = run->data_options.frame_hop;
    options.short_films = run->data_options.short_films;
    options.damaged = run->data_options.damaged;
    options.alpha = run->data_options.alpha;
    options.pages = run->data_options.pages;
    options.scale = run->data_options.scale;
    options.scale_figures = run->data_options.scale_figures;
    options.scale_channels = run->data_options.scale_channels;
    options.has_background = run->data_options.has_background;
    memcpy(options.background, run->data_options.background, sizeof options.background);
    return options;
}

// How data are read; NULL: what is not known.
typedef struct as_what {
    const gm_table_schema *table; // the columns that both sides have
    const gm_text_schema *text;   // if it is a text
    const gm_sound_schema *sound; // if it is one
} as_what;

static gm_status open_data(gm_side *side, const gm_side *run, const as_what *as, const gm_sides_options *options,
                           uint64_t seed) {
    const gm_table_schema *table = as->table;
    gm_dataset *dataset;
    gm_table_schema columns = table ? *table : (gm_table_schema){0};
    gm_column *plain = NULL; // rows are read as they are, and not as a run's networks see them
    if (table) {
        GM_TRY(gm_alloc(&plain, columns.column_count, sizeof *plain, side->name));
        for (size_t i = 0; i < columns.column_count; i++) {
            plain[i] = columns.columns[i];
            plain[i].modes = NULL;
            plain[i].quantiles = NULL;
            plain[i].mode_count = plain[i].quantile_count = 0;
        }
        columns.columns = plain;
    }
    columns.dialect = (gm_table_dialect){.header_known = table != NULL, .header = columns.dialect.header};
    side->data_options = fit_to(side, run);
    side->data_options.columns = table ? &columns : NULL;
    side->data_options.seed = seed;
    side->data_options.sound = as->sound;
    if (as->text)
        gm_side_fit_to_text(side, as->text, run);
    gm_status status = gm_dataset_open(&dataset, side->name, &side->data_options);
    side->data_options.columns = NULL;
    side->data_options.text = NULL;
    side->data_options.sound = NULL;
    free(plain);
    GM_TRY(status);
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    side->kind = info->white > info->black ? GM_SIDE_IMAGES : GM_SIDE_NUMBERS;
    side->count = GM_MIN(info->count, options->samples);
    side->channels = info->channels;
    side->frames = info->frames;
    side->height = info->height;
    side->width = info->width;
    side->bounded = gm_dataset_format(info, 0, 1).kind->ranged;
    side->data_classes = info->class_count;
    if (!gm_dataset_is_array(side->name))
        side->data = side->name;
    status = keep_options(side);
    if (status == GM_OK)
        status = take_part(side, dataset, options->paired);
    gm_dataset_close(&dataset);
    return status;
}

// ---- One range ----

static void find_extent(const gm_side *side, double *least, double *most) {
    gm_find_extent(side->values, side->count * gm_side_values(side), least, most);
}

// What black and white are. Files say it of images alone: of other floats it is the narrowest usual range that holds
// them.
static void find_range(gm_side *side) {
    double least, most;
    if (side->kind == GM_SIDE_IMAGES) {
        side->ranged = true;
        side->high = 255;
    }
    if (side->kind != GM_SIDE_NUMBERS)
        return;
    find_extent(side, &least, &most);
    if (!side->ranged)
        side->ranged = gm_find_usual_range(least, most, &side->low, &side->high);
}

// A run on arrays of floats took them as they were: its recipe's range then says nothing.
static void doubt_run(gm_side *run, const gm_side *other) {
    double least, most, slack = 1e-3 * (run->high - run->low);
    if (run->kind != GM_SIDE_RUN || other->kind != GM_SIDE_NUMBERS)
        return;
    find_extent(run, &least, &most);
    run->ranged = least >= run->low - slack && most <= run->high + slack;
}

static void convert(gm_side *side, double low, double high) {
    double scale = (high - low) / (side->high - side->low);
    if (side->low == low && side->high == high)
        return;
    for (size_t i = 0, count = side->count * gm_side_values(side); i < count; i++)
        side->values[i] = (float)(low + ((double)side->values[i] - side->low) * scale);
    side->low = low;
    side->high = high;
}

static gm_status share_range(gm_side *real, gm_side *fake) {
    find_range(real);
    find_range(fake);
    doubt_run(real, fake);
    doubt_run(fake, real);
    if (real->ranged && fake->ranged) {
        const gm_side *run = real->kind == GM_SIDE_RUN ? real : fake->kind == GM_SIDE_RUN ? fake : NULL;
        double low = run ? run->low : 0, high = run ? run->high : 1;
        convert(real, low, high);
        convert(fake, low, high);
        return GM_OK;
    }
    const gm_side *odd = real->ranged ? fake : real, *other = real->ranged ? real : fake;
    if (other->kind == GM_SIDE_IMAGES) {
        double least, most;
        find_extent(odd, &least, &most);
        return gm_fail(
            GM_ERROR_ARGUMENT,
            "%s has values from %g to %g, which cannot be set beside the images of %s: scale them to [0, 1], "
            "[-1, 1] or [0, 255]",
            odd->name, least, most, other->name);
    }
    real->ranged = fake->ranged = false;
    return GM_OK;
}

// ---- Both ----

static const char *describe_shape(const gm_side *side, char *text, size_t room) {
    if (side->frames > 0)
        gm_snprintf(text, room, "%zux%zux%zux%zu", side->channels, side->frames, side->height, side->width);
    else
        gm_snprintf(text, room, "%zux%zux%zu", side->channels, side->height, side->width);
    return text;
}

static gm_status check_shapes(const gm_side *real, const gm_side *fake, bool paired) {
    char shapes[2][96];
    const gm_side *sides[2] = {real, fake};
    for (size_t i = 0; i < 2; i++)
        if (sides[i]->count == 0)
            return gm_fail(GM_ERROR_ARGUMENT, "%s: holds no samples", sides[i]->name);
    if (real->channels != fake->channels || real->frames != fake->frames || real->height != fake->height ||
        real->width != fake->width)
        return gm_fail(GM_ERROR_ARGUMENT, "samples of %s are %s, those of %s %s: only equal shapes can be compared",
                       real->name, describe_shape(real, shapes[0], sizeof shapes[0]), fake->name,
                       describe_shape(fake, shapes[1], sizeof shapes[1]));
    if (paired && real->count != fake->count)
        return gm_fail(GM_ERROR_ARGUMENT, "%s has %zu rows and %s %zu: pairs need equally many", real->name,
                       real->count, fake->name, fake->count);
    return GM_OK;
}

static gm_status open_both(gm_side *sides[2], const gm_sides_options *options) {
    bool runs[2];
    for (size_t i = 0; i < 2; i++)
        if ((runs[i] = is_run(sides[i]->name)))
            GM_TRY(open_run(sides[i], options));
    gm_table_schema *both = NULL;
    if (!runs[0] && !runs[1])
        GM_TRY(gm_tables_find(&both, (const char *[]){sides[0]->name, sides[1]->name}));
    const gm_text_schema texts = {.window = COMPARED_WINDOW, .form = GM_TEXT_NUMBERS};
    gm_sound_schema sounds = {0};
    gm_status status = GM_OK;
    if (!runs[0] && !runs[1])
        sounds = gm_side_find_sound(sides[0]->name, sides[1]->name);
    sides[0]->held_out = true;
    for (size_t i = 0; i < 2 && status == GM_OK; i++) { // the two draws of a mixture differ
        const gm_side *other = sides[1 - i];
        bool as_text = !other->text && !runs[0] && !runs[1] && gm_dataset_is_text(sides[i]->name);
        const gm_sound_schema *sound = runs[1 - i] ? &other->sound : &sounds;
        const as_what as = {.table = runs[1 - i] ? other->table : both,
                            .text = other->text ? other->text
                                    : as_text   ? &texts
                                                : NULL,
                            .sound = sound->rate > 0 ? sound : NULL};
        if (!runs[i])
            status = open_data(sides[i], runs[1 - i] ? other : NULL, &as, options, i);
    }
    gm_table_schema_destroy(&both);
    GM_TRY(status);
    for (size_t i = 0; i < 2; i++) // a run has as many samples as it takes
        if (options->paired && runs[i])
            sides[i]->count = GM_MIN(sides[i]->count, sides[1 - i]->count);
    return GM_OK;
}

gm_status gm_sides_open(gm_side *real, gm_side *fake, const char *real_source, const char *fake_source,
                        const gm_sides_options *options) {
    *real = (gm_side){.name = real_source};
    *fake = (gm_side){.name = fake_source};
    bool tables;
    gm_status status;
    GM_TRY_DONE(keep(real, &real->name));
    GM_TRY_DONE(keep(fake, &fake->name));
    GM_TRY_DONE(open_both((gm_side *[]){real, fake}, options));
    GM_TRY_DONE(gm_tables_check(real, fake, &tables));
    if (tables)
        GM_TRY_DONE(gm_tables_convert(real, fake));
    GM_TRY_DONE(check_shapes(real, fake, options->paired));
    if (real->bounded && fake->bounded)
        status = share_range(real, fake);
    else
        real->ranged = fake->ranged = false;
done:
    if (status != GM_OK) {
        gm_side_finish(real);
        gm_side_finish(fake);
    }
    return status;
}

static bool is_same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

gm_status gm_side_open_start(gm_side *start, const gm_side *run, const gm_sides_options *options, bool *there) {
    struct stat info;
    *there = false;
    *start = (gm_side){0};
    if (!run->pretrained || ends_with(run->name, ".safetensors"))
        return GM_OK;
    start->name = gm_arena_printf(&start->arena, "%s/checkpoints/00000000.safetensors", run->name);
    if (!start->name)
        return gm_fail_memory(strlen(run->name), "a file name");
    *there = stat(start->name, &info) == 0;
    return *there ? open_run(start, options) : GM_OK;
}

gm_status gm_side_open_trained(gm_side *trained, const gm_side *run, const gm_side *real,
                               const gm_sides_options *options, bool *apart) {
    struct stat info;
    *trained = (gm_side){.name = run->data};
    *apart = run->data && stat(run->data, &info) == 0 && !is_same_file(run->data, real->name);
    if (!*apart)
        return GM_OK;
    gm_status status = open_data(trained, NULL, &(as_what){.table = run->table}, options, 0);
    if (status == GM_OK)
        status = gm_tables_convert_like(trained, real);
    if (status != GM_OK)
        gm_side_finish(trained);
    return status;
}

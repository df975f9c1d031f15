// Samples of a run into files: one file, or a folder with a file for each sample.
#include "base/base.h"
#include "data/classes.h"
#include "sample/array.h"
#include "use/sampler.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SEED_DIGITS = 8 };

static gm_writing writing_of(const gm_sampler *sampler, const char *path, const gm_write_options *options,
                             size_t count) {
    return (gm_writing){.path = path,
                        .options = *options,
                        .count = count,
                        .class_names = sampler->class_names,
                        .class_count = sampler->class_count,
                        .recipe = gm_common_of(sampler->trained.recipe)->name,
                        .step = sampler->trained.step,
                        .privacy = gm_trained_privacy(&sampler->trained)};
}

// ---- One file ----

// The labels of a conditional generator, which it has of the seeds unless they are given. free(*labels)
static gm_status find_labels(const gm_sampler *sampler, const uint64_t *seeds, const int32_t *given, size_t count,
                             int32_t **labels) {
    *labels = NULL;
    if (sampler->use.classes == 0 || !seeds)
        return GM_OK;
    GM_TRY(gm_alloc(labels, GM_MAX(count, (size_t)1), sizeof **labels, "labels"));
    for (size_t i = 0; i < count; i++)
        (*labels)[i] = given ? given[i] : gm_use_label(&sampler->use, seeds[i]);
    return GM_OK;
}

gm_status gm_sampler_check_write(const gm_sampler *sampler, const char *path, const gm_write_options *options) {
    const gm_writing writing = writing_of(sampler, path, options ? options : &(gm_write_options){0}, 0);
    return gm_sample_check_write(&sampler->use.format, &writing);
}

// NAME_labels.npy beside NAME.npy, where data sets look for them; other formats have labels within, or none.
static gm_status write_labels(const char *path, const int32_t *labels, size_t count) {
    const size_t length = strlen(path), ending = strlen(".npy");
    gm_text beside = {0};
    gm_bytes file = {0};
    gm_status status;
    if (!labels || length <= ending || strcasecmp(path + length - ending, ".npy") != 0)
        return GM_OK;
    gm_text_printf(&beside, "%.*s_labels.npy", (int)(length - ending), path);
    GM_TRY_DONE(beside.failed ? gm_fail_memory(length, "a file name") : GM_OK);
    GM_TRY_DONE(
        gm_npy_encode(beside.data, &(gm_file_array){"labels", "i4", labels, sizeof *labels, 1, {count}}, &file));
    status = gm_file_write_atomic(beside.data, file.data, file.length);
done:
    gm_text_finish(&beside);
    free(file.data);
    return status;
}

gm_status gm_sampler_write(gm_sampler *sampler, const char *path, const float *samples, size_t count,
                           const gm_write_options *options) {
    gm_write_options chosen = options ? *options : (gm_write_options){0};
    int32_t *labels;
    GM_TRY(find_labels(sampler, chosen.seeds, chosen.labels, count, &labels));
    if (labels)
        chosen.labels = labels;
    const gm_writing writing = writing_of(sampler, path, &chosen, count);
    gm_status status = gm_sample_write(&sampler->use.format, &writing, samples, count);
    if (status == GM_OK)
        status = write_labels(path, labels, count);
    free(labels);
    return status;
}

// ---- A folder ----

typedef struct folder {
    gm_sampler *sampler;
    const char *path, *ending;
    size_t path_length; // without slashes at the end
    const gm_write_options *options;
    bool numbered;                // a seed may come several times
    const float *codes, *latents; // either may be NULL
    const uint64_t *seeds;
} folder;

static size_t length_of(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return length;
}

static void append_class(gm_text *path, const folder *f, size_t class) {
    char name[GM_CLASS_FOLDER_BYTES];
    const gm_sampler *sampler = f->sampler;
    gm_class_folder(name, sampler->class_names, sampler->class_count, sampler->use.classes, class);
    gm_text_printf(path, "/%s", name);
}

// DIR/00000017.png, DIR/coat/00000017.png of class coat, and 00000017-2.png of the seed's third sample in a row.
static void name_file(gm_text *path, const folder *f, size_t index, const int32_t *label) {
    size_t repeated = 0;
    while (repeated < index && f->seeds[index - repeated - 1] == f->seeds[index])
        repeated++;
    path->length = 0;
    gm_text_printf(path, "%.*s", (int)f->path_length, f->path);
    if (label)
        append_class(path, f, (size_t)*label);
    gm_text_printf(path, "/%0*llu", SEED_DIGITS, (unsigned long long)f->seeds[index]);
    if (f->numbered)
        gm_text_printf(path, "-%zu", repeated);
    gm_text_append(path, f->ending);
}

// Before anything is made.
static gm_status check_options(const folder *f) {
    gm_text path = {0};
    name_file(&path, f, 0, NULL);
    gm_status status = path.failed ? gm_fail_memory(strlen(f->path), "a file name")
                                   : gm_sampler_check_write(f->sampler, path.data, f->options);
    gm_text_finish(&path);
    return status;
}

static gm_status put(const folder *f, size_t index, const int32_t *label, const float *sample) {
    gm_write_options options = *f->options;
    gm_text path = {0};
    options.seeds = &f->seeds[index];
    options.labels = label;
    name_file(&path, f, index, f->options->flat ? NULL : label);
    if (path.failed)
        return gm_fail_memory(strlen(f->path), "a file name");
    const gm_writing writing = writing_of(f->sampler, path.data, &options, 1);
    gm_status status = gm_sample_write_single(&f->sampler->use.format, &writing, sample);
    gm_text_finish(&path);
    return status;
}

static gm_status create_folders(const folder *f, const int32_t *labels, size_t count) {
    gm_text path = {0};
    gm_status status = gm_folder_create_empty(f->path, "name another folder");
    size_t classes = labels && !f->options->flat ? f->sampler->use.classes : 0;
    bool *there = NULL;
    if (status == GM_OK && classes > 0)
        status = gm_alloc(&there, classes, sizeof *there, "classes");
    for (size_t i = 0; i < count && classes > 0 && status == GM_OK; i++)
        there[labels[i]] = true;
    for (size_t c = 0; c < classes && status == GM_OK; c++) {
        path.length = 0;
        gm_text_append(&path, f->path);
        append_class(&path, f, c);
        if (there[c])
            status = path.failed ? gm_fail_memory(strlen(f->path), "a folder name") : gm_folder_create(path.data);
    }
    free(there);
    gm_text_finish(&path);
    return status;
}

static gm_status generate(const folder *f, const int32_t *labels, size_t first, size_t count, float *samples) {
    const gm_use *use = &f->sampler->use;
    size_t width = use->categorical_codes + use->continuous_codes, values = gm_use_latent_values(use);
    labels = labels ? labels + first : NULL;
    if (f->latents)
        return gm_sampler_generate_from(f->sampler, f->latents + first * values, labels, f->seeds + first, count,
                                        samples);
    return gm_sampler_generate(f->sampler, f->seeds + first, labels, f->codes ? f->codes + first * width : NULL, count,
                               samples);
}

// file,label of each sample, as data sets read it. Classes without names have numbers.
static gm_status write_list(const folder *f, const int32_t *labels, size_t count) {
    const gm_sampler *sampler = f->sampler;
    gm_text list = {0}, path = {0};
    gm_text_append(&list, "file,label\n");
    for (size_t i = 0; i < count; i++) {
        size_t class = (size_t)labels[i];
        name_file(&path, f, i, NULL);
        if (path.failed)
            break;
        gm_text_printf(&list, "%s,", path.data + f->path_length + 1);
        if (class < sampler->class_count)
            gm_text_printf(&list, "\"%s\"\n", sampler->class_names[class]);
        else
            gm_text_printf(&list, "%zu\n", class);
    }
    path.length = 0;
    gm_text_printf(&path, "%.*s/labels.csv", (int)f->path_length, f->path);
    gm_status status = list.failed || path.failed ? gm_fail_memory(list.length, "labels.csv")
                                                  : gm_file_write_atomic(path.data, list.data, list.length);
    gm_text_finish(&list);
    gm_text_finish(&path);
    return status;
}

// What a list of them could not hold is known before the work.
static gm_status check_flat(const folder *f, const int32_t *labels, size_t count) {
    const gm_sampler *sampler = f->sampler;
    if (!f->options->flat)
        return GM_OK;
    if (!labels)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the generator is not told a class, so that its samples have no labels",
                       f->path);
    for (size_t i = 0; i < count; i++)
        if ((size_t)labels[i] < sampler->class_count && strchr(sampler->class_names[labels[i]], '"'))
            return gm_fail(GM_ERROR_ARGUMENT, "%s: the name of class %s cannot stand in labels.csv: leave out --flat",
                           f->path, sampler->class_names[labels[i]]);
    return GM_OK;
}

// In pieces, so that any number of samples takes little memory. Refuses what the generator has not before it writes.
static gm_status fill(const folder *f, const int32_t *given, const int32_t *labels, size_t count) {
    size_t values = gm_sample_values(&f->sampler->use.format);
    float *samples;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&samples, GM_USE_BATCH * values, sizeof *samples, "samples"));
    for (size_t first = 0; first < count && status == GM_OK; first += GM_USE_BATCH) {
        size_t here = GM_MIN(count - first, (size_t)GM_USE_BATCH);
        GM_TRY_DONE(generate(f, given, first, here, samples));
        if (first == 0)
            GM_TRY_DONE(create_folders(f, labels, count));
        for (size_t i = 0; i < here; i++)
            GM_TRY_DONE(put(f, first + i, labels ? &labels[first + i] : NULL, samples + i * values));
    }
done:
    free(samples);
    return status;
}

static gm_status write_folder(gm_sampler *sampler, const char *path, const float *codes, const float *latents,
                              size_t count, const gm_write_options *options) {
    const gm_sample_format *format;
    int32_t *labels;
    if (count == 0 || !options || !options->seeds)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no seeds to make samples of", path);
    GM_TRY(gm_sample_single_format(&sampler->use.format, path, options->format, &format));
    if (options->labels)
        GM_TRY(gm_use_check_labels(&sampler->use, options->labels, count));
    GM_TRY(find_labels(sampler, options->seeds, options->labels, count, &labels));
    folder f = {.sampler = sampler,
                .path = path,
                .ending = format->ending,
                .options = options,
                .codes = codes,
                .latents = latents,
                .seeds = options->seeds};
    for (size_t i = 1; i < count; i++)
        f.numbered = f.numbered || f.seeds[i] == f.seeds[i - 1];
    f.path_length = length_of(path);
    gm_status status = check_options(&f);
    if (status == GM_OK)
        status = check_flat(&f, labels, count);
    if (status == GM_OK)
        status = fill(&f, options->labels, labels, count);
    if (status == GM_OK && options->flat)
        status = write_list(&f, labels, count);
    free(labels);
    return status;
}

gm_status gm_sampler_write_folder(gm_sampler *sampler, const char *path, const float *codes, size_t count,
                                  const gm_write_options *options) {
    return write_folder(sampler, path, codes, NULL, count, options);
}

gm_status gm_sampler_write_folder_from(gm_sampler *sampler, const char *path, const float *latents, size_t count,
                                       const gm_write_options *options) {
    return write_folder(sampler, path, NULL, latents, count, options);
}

gm_status gm_sampler_write_each(gm_sampler *sampler, const char *path, const float *samples, size_t count,
                                const gm_write_options *options) {
    size_t values = gm_sample_values(&sampler->use.format);
    const gm_write_options standard = {0};
    folder f = {.sampler = sampler, .path = path, .options = options ? options : &standard};
    const gm_sample_format *format;
    uint64_t *places;
    GM_TRY(gm_sample_single_format(&sampler->use.format, path, f.options->format, &format));
    GM_TRY(gm_alloc(&places, count, sizeof *places, "file names"));
    for (size_t i = 0; i < count; i++)
        places[i] = i;
    f.ending = format->ending;
    f.seeds = places;
    f.path_length = length_of(path);
    gm_status status = check_options(&f);
    if (status == GM_OK)
        status = gm_folder_create_empty(path, "name another folder");
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = put(&f, i, NULL, samples + i * values);
    free(places);
    return status;
}

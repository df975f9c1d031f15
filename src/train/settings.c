// The sections of training and of the monitor, and the schema: which sections the recipes of each kind of model have.
#include "train/settings.h"

#include "base/base.h"
#include "ganymede/device.h"
#include "model/kinds.h"
#include "recipe/value.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

// ---- Training ----

static const char *const precisions[] = {"float32", "tf32", "bf16", "half_storage", "exact", NULL}; // gm_precision

// clang-format off
static const gm_recipe_row train_rows[] = {
    GM_ROW_CHOICE(gm_train_settings, "precision", precision, precisions, GM_PRECISION_FLOAT32,
           "of training. float32: convolutions may take fewer multiplications, by Toom-Cook algorithms, where that is "
           "faster (not beside tf32 or bf16; rounding errors of 1.6e-5 or less of the sum of the terms' magnitudes, the direct kernels' "
           "2e-6, as checkkernels tests them); exact: never. tf32, bf16: convolutions and matrix products multiply 11 or 8 significant bits where the "
           "GPU has units for it; sums and values stay float32. half_storage: large values "
           "between operations lie in memory as 16-bit floats, computed with in float32; weights, their gradients and "
           "moments stay float32"),
    GM_ROW_INTEGER(gm_train_settings, "log.every", log.every, 1, 1000000000, 50, "generator steps between lines of log.jsonl"),
    GM_ROW_INTEGER(gm_train_settings, "log.samples", log.samples, 0, 1000000000, 500, "generator steps between pictures of samples; 0: none"),
    GM_ROW_INTEGER(gm_train_settings, "log.checkpoint", log.checkpoint, 0, 1000000000, 1000,
            "generator steps between checkpoints; 0: only the first and the last"),
    GM_ROW_PAIR(gm_train_settings, "log.grid", log.grid, 1, 64, 8, "rows and columns of the pictures"),
    GM_ROW_INTEGER(gm_train_settings, "log.keep", log.keep, 1, 1000000, 3,
            "how many of the latest checkpoints stay, beside the best by coverage and the last before an alarm"),
};
// clang-format on

const gm_recipe_section gm_train_section = {
    .rows = train_rows, .row_count = GM_COUNT(train_rows), .size = sizeof(gm_train_settings)};

const gm_train_settings *gm_train_settings_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_train_section);
}

// ---- The monitor ----

static const char *const alarms[] = {"warn", "stop", "off", NULL}; // gm_monitor_alarm
static const char *const metrics[GM_MONITOR_METRICS] = {"jsd", "kl", "coverage", "entropy", "modes"};

static gm_status read_metrics(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    (void)arena;
    uint32_t set = 0;
    if (node->kind != GM_YAML_LIST)
        return gm_recipe_refuse(node, key, "a list such as [jsd, coverage], or []");
    for (size_t i = 0; i < node->count; i++) {
        const gm_yaml *item = node->items[i];
        size_t which = 0;
        if (item->kind != GM_YAML_SCALAR || gm_yaml_is_null(item))
            return gm_recipe_refuse(item, key, "a list of words such as [jsd, coverage]");
        while (which < GM_MONITOR_METRICS && strcmp(metrics[which], item->text) != 0)
            which++;
        if (which == GM_MONITOR_METRICS)
            return gm_recipe_unknown(item->origin, "metric", item->text, metrics, GM_MONITOR_METRICS);
        set |= UINT32_C(1) << which;
    }
    *(uint32_t *)field = set;
    return GM_OK;
}

static void write_metrics(const void *field, gm_text *text) {
    uint32_t set = *(const uint32_t *)field;
    const char *separator = "";
    gm_text_append(text, " [");
    for (size_t i = 0; i < GM_MONITOR_METRICS; i++)
        if (set >> i & 1) {
            gm_text_printf(text, "%s%s", separator, metrics[i]);
            separator = ", ";
        }
    gm_text_append(text, "]");
}

static void allow_metrics(gm_text *text) {
    gm_text_append(text, "a list of");
    for (size_t i = 0; i < GM_MONITOR_METRICS; i++)
        gm_text_printf(text, "%s %s", i > 0 ? "," : "", metrics[i]);
}

static const gm_recipe_type metrics_type = {read_metrics, write_metrics, allow_metrics};

// clang-format off
static const gm_recipe_row monitor_rows[] = {
    GM_ROW_INTEGER(gm_monitor_settings, "monitor.every", every, 0, 1000000000, 0,
            "generator steps between measurements, rounded up to log lines; 0: so many that they take monitor.share of "
            "the time"),
    GM_ROW_NUMBER(gm_monitor_settings, "monitor.share", share, 0, 1, .05,
           "of the time that measuring may take, by a model of the device's speed; 0: none, unless monitor.every says "
           "how often"),
    GM_ROW_INTEGER(gm_monitor_settings, "monitor.samples", samples, 64, 65536, 1024, "real and generated samples that are compared"),
    GM_ROW_TYPED(gm_monitor_settings, "monitor.metrics", metrics, metrics_type, "[jsd, kl, coverage, entropy, modes]", false,
         "what is measured; modes: of the mixtures ring8 and grid25; []: nothing"),
    GM_ROW_CHOICE(gm_monitor_settings, "monitor.alarm", alarm, alarms, GM_MONITOR_WARN,
           "what happens when the generator has collapsed or stands still: warn on standard error and in the log, stop "
           "the run, or nothing"),
    GM_ROW_INTEGER(gm_monitor_settings, "monitor.warmup", warmup, 0, 1000000000, 1000, "generator steps before which there is no alarm"),
};
// clang-format on

const gm_recipe_section gm_monitor_section = {
    .rows = monitor_rows, .row_count = GM_COUNT(monitor_rows), .size = sizeof(gm_monitor_settings)};

const gm_monitor_settings *gm_monitor_settings_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_monitor_section);
}

// ---- The schema ----

enum { MOST_KINDS = 32 };

// Made once, of the table of kinds, which is complete before anybody reads a recipe.
static gm_recipe_kind kinds[MOST_KINDS];
static gm_recipe_schema schema = {.kinds = kinds};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_schema(void) {
    const gm_model_kind *model;
    for (size_t i = 0; i < MOST_KINDS && (model = gm_model_kind_at(i)) != NULL; i++) {
        gm_recipe_kind *kind = &kinds[schema.kind_count++];
        *kind = (gm_recipe_kind){.name = model->name, .description = model->description, .marks = model->marks};
        kind->sections[kind->section_count++] = &gm_common_section;
        kind->sections[kind->section_count++] = model->section;
        kind->sections[kind->section_count++] = &gm_train_section;
        if (model->monitored)
            kind->sections[kind->section_count++] = &gm_monitor_section;
    }
}

const gm_recipe_schema *gm_train_schema(void) {
    pthread_once(&once, make_schema);
    return &schema;
}

gm_status gm_train_recipe_read(gm_recipe **recipe, const char *path, const char *const *settings, size_t count) {
    return gm_recipe_read(recipe, gm_train_schema(), path, settings, count);
}

gm_status gm_train_recipe_parse(gm_recipe **recipe, const char *file, const char *text, size_t bytes,
                                const char *const *settings, size_t count) {
    return gm_recipe_parse(recipe, gm_train_schema(), file, text, bytes, settings, count);
}

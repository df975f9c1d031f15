// The sections of training and of the monitor, and the schema: which sections the recipes of each kind of model have.
#include "train/settings.h"

#include "base/base.h"
#include "data/mixture.h"
#include "ganymede/device.h"
#include "model/kinds.h"
#include "model/privacy.h"
#include "recipe/value.h"
#include "train/monitor.h"

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
            "how many of the latest checkpoints stay, beside the best (monitor.best) and the last before an alarm"),
};
// clang-format on

// The length of what an item contributes is bounded up to float32's rounding.
static gm_status resolve_train(gm_recipe *recipe, void *settings) {
    const int precision = ((gm_train_settings *)settings)->precision;
    if (!gm_privacy_of(recipe) || precision == GM_PRECISION_FLOAT32 || precision == GM_PRECISION_EXACT)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: precision: %s would round more than the clipping of private training allows for: set it to "
                   "float32 or exact",
                   gm_recipe_origin(recipe, "precision"), precisions[precision]);
}

const gm_recipe_section gm_train_section = {
    .rows = train_rows, .row_count = GM_COUNT(train_rows), .size = sizeof(gm_train_settings), .resolve = resolve_train};

const gm_train_settings *gm_train_settings_of(const gm_recipe *recipe) {
    return gm_recipe_settings(recipe, &gm_train_section);
}

// ---- The monitor ----

static const char *const alarms[] = {"warn", "stop", "off", NULL}; // gm_monitor_alarm
static const char *const metrics[GM_MONITOR_METRICS] = {"jsd", "kl", "coverage", "entropy", "modes", "frechet"};

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

// ---- What is steered ----

#define RULE(name, type, start, least, most, text, ...)                                                                \
    {                                                                                                                  \
        .key = #name, .kind = GM_PARAMETER_##type, .offset = offsetof(gm_steer_rule, name), .initial = start,          \
        .minimum = least, .maximum = most, .help = text, __VA_ARGS__                                                   \
    }

static const gm_parameter rule_rows[] = {
    RULE(figure, CHOICE, 0, 0, 0, "what is watched", .choices = gm_judged_names),
    RULE(
        to, NUMBER, 0, 0, 1e9,
        "the setting moves from the recipe's value to this one while the figure is worse than its control by more than "
        "its band, and back while it is not worse at all",
        .required = true),
    RULE(
        steps, INTEGER, 8, 1, 1000,
        "moves from the one to the other, at most one a measurement: by equal factors, from 0 or to 0 by equal amounts",
        .choices = NULL),
    RULE(band, NUMBER, 2, 0, 1000, "how many standard errors of the control (monitor.repeats) are no reason to move",
         .choices = NULL),
    RULE(margin, NUMBER, 0, 0, 1e9, "by how much the figure may be worse than its control besides", .choices = NULL),
};

static gm_status read_steer(gm_arena *arena, const char *key, void *field, const gm_yaml *node) {
    gm_steer_rules list = {0};
    if (node->kind != GM_YAML_LIST || node->count > GM_STEER_RULES)
        return gm_recipe_refuse(node, key, "a list of up to 8 settings (\"- entropy_term.weight: {to: 1}\", ...)");
    for (size_t i = 0; i < node->count; i++) {
        gm_steer_rule *rule = &list.rules[list.count++];
        const gm_yaml *value;
        gm_parameter_defaults(rule_rows, GM_COUNT(rule_rows), rule);
        rule->origin = node->items[i]->origin;
        GM_TRY(gm_recipe_split(node->items[i], "setting", "entropy_term.weight: {to: 1}", &rule->setting, &value));
        if (!value)
            return gm_fail(GM_ERROR_FORMAT, "%s: %s needs to know where to move: `%s: {to: 1}`", rule->origin,
                           rule->setting, rule->setting);
        GM_TRY(gm_recipe_read_settings(arena, rule->setting, rule_rows, GM_COUNT(rule_rows), rule, value));
        for (size_t k = 0; k < i; k++)
            if (strcmp(list.rules[k].setting, rule->setting) == 0)
                return gm_fail(GM_ERROR_FORMAT, "%s: %s stands in the list twice", rule->origin, rule->setting);
    }
    memcpy(field, &list, sizeof list);
    return GM_OK;
}

static void write_steer(const void *field, gm_text *text) {
    const gm_steer_rules *list = field;
    for (size_t i = 0; i < list->count; i++) {
        gm_text_append(text, "\n    - ");
        gm_recipe_write_typed(text, list->rules[i].setting, rule_rows, GM_COUNT(rule_rows), &list->rules[i], false);
    }
    if (list->count == 0)
        gm_text_append(text, " []");
}

static void allow_steer(gm_text *text) {
    gm_text_append(text, "a list of settings");
}

static const gm_recipe_type steer_type = {read_steer, write_steer, allow_steer};

static void document_steer(gm_text *text) {
    gm_text_append(text, "\nSTEERED SETTINGS (in the list monitor.steer)\n");
    gm_recipe_document_typed(text, "SETTING",
                             "a key of the recipe that the model lets move, such as entropy_term.weight", rule_rows,
                             GM_COUNT(rule_rows));
}

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
         "what is measured; modes: of the mixtures ring8 and grid25; frechet: the Frechet distance of the features; []: "
         "nothing"),
    GM_ROW_CHOICE(gm_monitor_settings, "monitor.alarm", alarm, alarms, GM_MONITOR_WARN,
           "what happens when the generator has collapsed or stands still: warn on standard error and in the log, stop "
           "the run, or nothing"),
    GM_ROW_INTEGER(gm_monitor_settings, "monitor.warmup", warmup, 0, 1000000000, 1000, "generator steps before which there is no alarm and nothing moves"),
    GM_ROW_INTEGER(gm_monitor_settings, "monitor.repeats", repeats, 0, 1000, 0,
            "draws of real samples that the controls are measured on, for their error; 0: 5 with monitor.steer, else 1"),
    GM_ROW_CHOICE(gm_monitor_settings, "monitor.best", best, gm_judged_names, 0,
           "by which figure the best checkpoint is kept"),
    GM_ROW_INTEGER(gm_monitor_settings, "monitor.patience", patience, 0, 1000000, 0,
            "the run ends when that figure was not better at so many measurements behind the warm-up; 0: never"),
    GM_ROW_TYPED(gm_monitor_settings, "monitor.steer", steer, steer_type, "[]", false,
         "settings of the model that move with a figure"),
};
// clang-format on

// Of a figure that something depends on.
static gm_status check_measured(const gm_recipe *recipe, const gm_monitor_settings *m, int figure, const char *origin) {
    const char *name = gm_judged_names[figure];
    gm_monitor_metric metric = gm_judged_metric(figure);
    if (!(m->every > 0 || m->share > 0))
        return gm_fail(GM_ERROR_FORMAT, "%s: needs measurements: set monitor.every or monitor.share", origin);
    if (!(m->metrics >> metric & 1))
        return gm_fail(GM_ERROR_FORMAT, "%s: %s is not measured: add %s to monitor.metrics", origin, name,
                       metrics[metric]);
    const char *source = gm_common_of(recipe)->data.source;
    if (metric == GM_MONITOR_MODES && !gm_mixture_find(source))
        return gm_fail(GM_ERROR_FORMAT, "%s: %s is a figure of the mixtures ring8 and grid25, not of %s", origin, name,
                       source);
    return GM_OK;
}

// Its figures, and what is chosen by them, would be those of real samples, which nothing pays for.
static gm_status resolve_private_monitor(gm_recipe *recipe, gm_monitor_settings *m) {
    const char *const keys[] = {"monitor.every", "monitor.share", "monitor.patience", "monitor.steer"};
    const bool asked[] = {m->every > 0, m->share > 0 && gm_recipe_find(recipe, "monitor.share"), m->patience > 0,
                          m->steer.count > 0};
    for (size_t i = 0; i < GM_COUNT(keys); i++)
        if (asked[i])
            return gm_fail(GM_ERROR_FORMAT,
                           "%s: %s: private training is not monitored, since every figure would tell of real samples: "
                           "leave it out",
                           gm_recipe_origin(recipe, keys[i]), keys[i]);
    m->share = 0;
    return GM_OK;
}

static gm_status resolve_monitor(gm_recipe *recipe, void *settings) {
    gm_monitor_settings *m = settings;
    if (gm_privacy_of(recipe))
        GM_TRY(resolve_private_monitor(recipe, m));
    if (m->repeats == 0)
        m->repeats = m->steer.count > 0 ? 5 : 1;
    for (size_t i = 0; i < m->steer.count; i++)
        GM_TRY(check_measured(recipe, m, m->steer.rules[i].figure, m->steer.rules[i].origin));
    return m->patience > 0 ? check_measured(recipe, m, m->best, gm_recipe_origin(recipe, "monitor.patience")) : GM_OK;
}

const gm_recipe_section gm_monitor_section = {.rows = monitor_rows,
                                              .row_count = GM_COUNT(monitor_rows),
                                              .size = sizeof(gm_monitor_settings),
                                              .resolve = resolve_monitor,
                                              .document = document_steer};

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
        if (model->private)
            kind->sections[kind->section_count++] = &gm_privacy_section;
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

// checkkernels: every kernel that a device can run, held to the double-precision reference. For developers, and for
// users who want to know whether their driver computes what it should.
#include "device/device.h"
#include "graph/graph.h"
#include "kernels/check.h"
#include "kernels/compare.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const gm_check_row *rows;
} families[] = {{"elementwise", gm_check_elementwise}, {"reduce", gm_check_reduce}, {"contract", gm_check_contract},
                {"convolution", gm_check_convolution}, {"pool", gm_check_pool},     {"gather", gm_check_gather},
                {"random", gm_check_random},           {"move", gm_check_move},     {"neighbors", gm_check_neighbors},
                {"softmax", gm_check_softmax}};

enum { MOST_ROWS = 64, BENCH_RUNS = 5, EXIT_USAGE = 2 };

typedef struct check_options {
    const char *device, *kernels, *op, *precision_name, *variant;
    gm_precision precision;
    uint64_t seed;
    bool list, bench, small, unfilled;
} check_options;

// Some rows of one family, built into one graph; row i has the phases first[i] to first[i + 1].
typedef struct row_batch {
    const gm_check_row *row[MOST_ROWS];
    const bool *chosen[MOST_ROWS]; // of each row's cases; NULL: all
    size_t count, first[MOST_ROWS + 1];
    gm_graph *graph;
} row_batch;

typedef struct check_run {
    const check_options *options;
    const char *kernels; // "cpu" or "gpu": the kernels under test
    const char *variant; // of those; NULL: the direct ones
    const char *matrix;  // build options of matrix units; NULL: none
    double error;        // its bound as a multiple of the default's
    gm_device *device;
    size_t passed, failed, skipped;
    bool found; // the one variant that is asked for
} check_run;

// ---- Building ----

static gm_status build(const check_options *options, row_batch *batch) {
    gm_cases check = {.small = options->small, .bench = options->bench, .seed = options->seed};
    GM_TRY(gm_graph_create(&batch->graph));
    check.graph = batch->graph;
    if (options->precision == GM_PRECISION_HALF_STORAGE)
        check.operands = gm_phase_create(batch->graph, "operands");
    for (size_t i = 0; i < batch->count; i++) {
        check.row = batch->row[i];
        check.drawn = check.count = 0;
        check.chosen = batch->chosen[i];
        batch->first[i] = batch->graph->phase_count;
        check.row->build(&check);
    }
    batch->first[batch->count] = batch->graph->phase_count;
    return gm_graph_status(batch->graph);
}

static void select_rows(const check_options *options, size_t family, row_batch *batch) {
    memset(batch, 0, sizeof *batch);
    bool whole = !options->op || strcmp(options->op, families[family].name) == 0;
    for (const gm_check_row *row = families[family].rows; row->op; row++)
        if (whole || strcmp(options->op, row->op) == 0)
            batch->row[batch->count++] = row;
}

// ---- Comparing ----

// Why this device cannot run the phase's launches; NULL when it can.
static const char *unsupported(const check_run *run, const gm_plan *plan, const gm_phase *phase) {
    static char reason[128];
    const gm_device_info *info = gm_device_get_info(run->device);
    const gm_phase_plan *planned = &plan->phases[phase->index];
    for (size_t i = planned->first_launch; i < planned->first_launch + planned->launch_count; i++) {
        const gm_launch *launch = plan->launches[i].launch;
        size_t items = 1;
        bool fits = true;
        for (size_t d = 0; d < launch->dims; d++) {
            items *= launch->local[d];
            fits = fits && launch->local[d] <= info->max_work_item_size[d];
        }
        if (fits && items <= info->max_work_group_size)
            continue;
        snprintf(reason, sizeof reason, "a work-group size of %zu is not supported (at most %zu)", items,
                 info->max_work_group_size);
        return reason;
    }
    return NULL;
}

// " (tile6)", or nothing for the direct ones.
static const char *of_variant(const check_run *run) {
    static char text[64];
    if (!run->variant)
        return "";
    snprintf(text, sizeof text, " (%s)", run->variant);
    return text;
}

static void report_failure(check_run *run) { // the message begins with the case
    printf("FAIL  %s%s  %s\n", run->kernels, of_variant(run), gm_error_message());
    run->failed++;
}

static void compare_row(check_run *run, const row_batch *batch, size_t row, gm_comparison *comparison) {
    size_t passed = run->passed, first = batch->first[row], count = batch->first[row + 1] - first;
    for (size_t p = first; p < first + count; p++) {
        gm_phase *phase = batch->graph->phases[p];
        const char *reason = unsupported(run, gm_comparison_plan(comparison), phase);
        if (reason) {
            printf("SKIP  %s%s  %s: %s\n", run->kernels, of_variant(run), phase->name, reason);
            run->skipped++;
        } else if (gm_comparison_run(comparison, phase, run->error * batch->row[row]->ulps) != GM_OK) {
            report_failure(run);
        } else {
            run->passed++;
        }
    }
    if (run->passed - passed == count && count > 0)
        printf("ok    %s%s  %s: %zu cases\n", run->kernels, of_variant(run), batch->row[row]->op, count);
    fflush(stdout);
}

static void compare_batch(check_run *run, row_batch *batch) {
    gm_comparison *comparison = NULL;
    bool half = run->options->precision == GM_PRECISION_HALF_STORAGE;
    gm_compare compare = {.device = run->device,
                          .seed = run->options->seed,
                          .variant = run->variant,
                          .value = half ? gm_check_half_value : gm_check_value,
                          .unfilled = run->options->unfilled,
                          .precision = run->options->precision,
                          .halved = half};
    gm_status status = build(run->options, batch);
    if (status == GM_OK && half)
        compare.before = batch->graph->phases[0];
    if (status == GM_OK && batch->graph->phase_count > 0)
        status = gm_comparison_create(&comparison, &compare, batch->graph);
    if (comparison && half && gm_comparison_run(comparison, batch->graph->phases[0], 1) != GM_OK)
        report_failure(run);
    for (size_t i = 0; comparison && i < batch->count; i++)
        compare_row(run, batch, i, comparison);
    if (comparison && gm_comparison_check_guards(comparison) != GM_OK)
        report_failure(run);
    gm_comparison_destroy(&comparison);
    gm_graph_destroy(&batch->graph);
    if (status == GM_OK)
        return;
    if (batch->count == 1) {
        report_failure(run);
        return;
    }
    row_batch alone = {.count = 1}; // one bad row shall not hide the others
    for (size_t i = 0; i < batch->count; i++) {
        alone.row[0] = batch->row[i];
        compare_batch(run, &alone);
    }
}

// ---- Timing ----

static gm_status fill_inputs(gm_plan *plan, gm_graph *graph) {
    enum { DISTINCT = 4096 };
    for (size_t id = 0; id < graph->node_count; id++) {
        gm_tensor *input = graph->nodes[id];
        if (input->op != &gm_op_input || input->type != GM_FLOAT32)
            continue;
        size_t count = gm_shape_count(&input->shape);
        float *values;
        GM_TRY(gm_alloc(&values, count, sizeof *values, "a test value"));
        for (size_t i = 0; i < count; i++)
            values[i] = i < DISTINCT ? (float)gm_check_value(1, input, i) : values[i - DISTINCT];
        gm_status status = gm_plan_write(plan, input, values, count * sizeof *values);
        free(values);
        GM_TRY(status);
    }
    return GM_OK;
}

static gm_status time_phase(check_run *run, gm_plan *plan, gm_phase *phase) {
    gm_profile_row *rows;
    size_t count;
    double span, busy, flop = 0, bytes = 0;
    for (size_t i = 0; i < 2; i++)
        GM_TRY(gm_plan_run(plan, phase));
    GM_TRY(gm_plan_finish(plan));
    GM_TRY(gm_profile_start(run->device));
    for (size_t i = 0; i < BENCH_RUNS; i++)
        GM_TRY(gm_plan_run(plan, phase));
    GM_TRY(gm_profile_stop(run->device, &rows, &count, &span, &busy));
    for (size_t i = 0; i < count; i++) {
        flop += rows[i].flop;
        bytes += rows[i].bytes;
    }
    free(rows);
    busy = busy > 0 ? busy : 1e-9;
    printf("time  %s  %-64s %9.3f ms %8.1f GFLOP/s %8.1f GB/s\n", run->kernels, phase->name, 1e3 * busy / BENCH_RUNS,
           1e-9 * flop / busy, 1e-9 * bytes / busy);
    fflush(stdout);
    return GM_OK;
}

static void time_batch(check_run *run, row_batch *batch) {
    gm_state *state = NULL;
    gm_plan *plan = NULL;
    gm_status status = build(run->options, batch);
    if (status == GM_OK)
        status = gm_state_create(&state, run->device, 1);
    if (status == GM_OK)
        status = gm_plan_create(&plan, batch->graph, state, &(gm_plan_options){.precision = run->options->precision});
    if (status == GM_OK)
        status = fill_inputs(plan, batch->graph);
    for (size_t p = 0; status == GM_OK && p < batch->graph->phase_count; p++) {
        const char *reason = unsupported(run, plan, batch->graph->phases[p]);
        run->skipped += reason != NULL;
        if (reason)
            printf("SKIP  %s  %s: %s\n", run->kernels, batch->graph->phases[p]->name, reason);
        else if ((status = time_phase(run, plan, batch->graph->phases[p])) == GM_OK)
            run->passed++;
    }
    if (status != GM_OK)
        report_failure(run);
    gm_plan_destroy(&plan);
    gm_state_destroy(&state);
    gm_graph_destroy(&batch->graph);
}

// ---- The command ----

// A variant beside the direct one, and the cases of a family that have it: compiling the others again takes long.
typedef struct variant_batch {
    const char *name;
    double error;
    row_batch rows;
    bool chosen[MOST_ROWS][GM_MOST_CASES];
} variant_batch;

static void add_case(variant_batch *batches, size_t *count, const char *name, double error, const gm_check_row *row,
                     size_t index) {
    size_t at = 0;
    while (at < *count && strcmp(batches[at].name, name) != 0)
        at++;
    if (at == GM_MAX_VARIANTS)
        return;
    if (at == *count) {
        memset(&batches[at], 0, sizeof batches[at]);
        batches[at].name = name;
        batches[at].error = error;
        ++*count;
    }
    row_batch *rows = &batches[at].rows;
    if (rows->count == 0 || rows->row[rows->count - 1] != row) {
        rows->chosen[rows->count] = batches[at].chosen[rows->count];
        rows->row[rows->count++] = row;
    }
    batches[at].chosen[rows->count - 1][index] = true;
}

static size_t list_variants(const check_run *run, const row_batch *rows, variant_batch *batches) {
    gm_emitter emitter = {
        .info = gm_device_get_info(run->device), .gpu = strcmp(run->kernels, "gpu") == 0, .matrix = run->matrix};
    size_t count = 0, first_node[GM_MOST_CASES];
    for (size_t i = 0; i < rows->count; i++) {
        gm_cases check = {
            .row = rows->row[i], .small = run->options->small, .seed = run->options->seed, .first_node = first_node};
        if (gm_graph_create(&check.graph) != GM_OK)
            continue; // the comparison has said so
        check.row->build(&check);
        size_t index = 0;
        for (size_t id = 0; id < check.graph->node_count; id++) {
            while (index + 1 < GM_MIN(check.count, (size_t)GM_MOST_CASES) && first_node[index + 1] <= id)
                index++;
            const gm_family *family = gm_family_find(check.graph->nodes[id]->op);
            gm_variants found = {.count = 0};
            if (family && family->variants)
                family->variants(&emitter, check.graph->nodes[id], &found);
            for (size_t v = 0; v < found.count; v++)
                if (strcmp(found.name[v], "direct") != 0) // which were compared first
                    add_case(batches, &count, found.name[v], found.error[v], rows->row[i], index);
        }
        gm_graph_destroy(&check.graph);
    }
    return count;
}

static void run_kernels(check_run *run) {
    setenv("GANYMEDE_KERNELS", run->kernels, 1);
    for (size_t family = 0; family < GM_COUNT(families); family++) {
        row_batch batch;
        static variant_batch batches[GM_MAX_VARIANTS];
        select_rows(run->options, family, &batch);
        if (batch.count == 0)
            continue;
        if (run->options->bench) {
            time_batch(run, &batch);
            continue;
        }
        const char *wanted = run->options->variant;
        if (!wanted)
            compare_batch(run, &batch);
        size_t variants = wanted || !run->options->unfilled ? list_variants(run, &batch, batches) : 0;
        for (size_t i = 0; i < variants; i++) {
            if (wanted && strcmp(wanted, batches[i].name) != 0)
                continue;
            run->found = true;
            run->variant = batches[i].name;
            run->error = batches[i].error;
            compare_batch(run, &batches[i].rows);
        }
        run->variant = NULL;
        run->error = 1;
    }
}

static int list_cases(const check_options *options) {
    for (size_t family = 0; family < GM_COUNT(families); family++) {
        row_batch batch;
        select_rows(options, family, &batch);
        gm_status status = build(options, &batch);
        if (status != GM_OK)
            fprintf(stderr, "checkkernels: %s\n", gm_error_message());
        for (size_t p = 0; status == GM_OK && p < batch.graph->phase_count; p++)
            printf("%s: %s\n", families[family].name, batch.graph->phases[p]->name);
        gm_graph_destroy(&batch.graph);
        if (status != GM_OK)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static int usage(const char *wrong) {
    fprintf(stderr, "checkkernels: %s\n", wrong);
    fputs("usage: checkkernels [--device SEL] [--kernels cpu|gpu|all] [--op NAME] [--seed N] [--list] [--bench] "
          "[--small] [--unfilled] [--precision P] [--variant NAME]\n"
          "  --op NAME   one operation or family of --list\n"
          "  --seed N    of the inputs and the random shapes (default 1)\n"
          "  --small     only the small shapes, for slow devices\n"
          "  --precision P  float32; tf32 or bf16, on matrix units, or on their emulation where there are none;\n"
          "              half_storage: what can lie in memory as half does so\n"
          "  --variant NAME  of the kernels, instead of the direct ones and all others\n"
          "  --unfilled  once, in bare buffers, for tools that report uninitialised reads\n"
          "  --bench     time large shapes instead of comparing\n",
          stderr);
    return EXIT_USAGE;
}

static bool known_op(const char *op) {
    for (size_t family = 0; family < GM_COUNT(families); family++) {
        if (strcmp(op, families[family].name) == 0)
            return true;
        for (const gm_check_row *row = families[family].rows; row->op; row++)
            if (strcmp(op, row->op) == 0)
                return true;
    }
    return false;
}

// What is wrong with the arguments; NULL: nothing.
static const char *parse(int count, char **arguments, check_options *options) {
    const struct {
        const char *name;
        const char **value;
    } valued[] = {{"--device", &options->device},
                  {"--kernels", &options->kernels},
                  {"--op", &options->op},
                  {"--precision", &options->precision_name},
                  {"--variant", &options->variant}};
    static char wrong[128];
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i];
        bool found = true, last = i + 1 == count;
        if (strcmp(name, "--list") == 0)
            options->list = true;
        else if (strcmp(name, "--bench") == 0)
            options->bench = true;
        else if (strcmp(name, "--small") == 0)
            options->small = true;
        else if (strcmp(name, "--unfilled") == 0)
            options->unfilled = true;
        else if (strcmp(name, "--seed") == 0 && !last)
            options->seed = strtoull(arguments[++i], NULL, 10);
        else
            found = false;
        for (size_t k = 0; k < GM_COUNT(valued) && !found && !last; k++)
            if (strcmp(name, valued[k].name) == 0) {
                *valued[k].value = arguments[++i];
                found = true;
            }
        if (!found) {
            snprintf(wrong, sizeof wrong, "%s is unknown or lacks its value", name);
            return wrong;
        }
    }
    if (strcmp(options->kernels, "cpu") != 0 && strcmp(options->kernels, "gpu") != 0 &&
        strcmp(options->kernels, "all") != 0)
        return "--kernels takes cpu, gpu or all";
    while (gm_precision_names[options->precision] &&
           strcmp(gm_precision_names[options->precision], options->precision_name) != 0)
        options->precision++;
    if (!gm_precision_names[options->precision])
        return "--precision takes float32, tf32, bf16 or half_storage";
    return options->op && !known_op(options->op) ? "--op names no operation of --list" : NULL;
}

// Says who multiplies at a lower precision, and has it emulated where the device cannot. Cases are small: their values
// shall be half all the same.
static gm_status prepare_precision(gm_device *device, gm_precision precision, const char **units) {
    if (precision == GM_PRECISION_HALF_STORAGE)
        setenv("GANYMEDE_HALF_LEAST", "1", 1);
    if (precision == GM_PRECISION_FLOAT32 || precision == GM_PRECISION_HALF_STORAGE)
        return GM_OK;
    GM_TRY(gm_device_matrix(device, precision, units));
    if (!*units) {
        setenv("GANYMEDE_MATRIX", "emulated", 1);
        GM_TRY(gm_device_matrix(device, precision, units));
    }
    if (!*units)
        return gm_fail(GM_ERROR_STATE, "matrix.cl's emulation of %s multiplies wrongly", gm_precision_names[precision]);
    printf("%s: %s\n", gm_precision_names[precision], *units);
    return GM_OK;
}

int main(int count, char **arguments) {
    check_options options = {.kernels = "all", .seed = 1, .precision_name = gm_precision_names[0]};
    const char *wrong = parse(count, arguments, &options);
    if (wrong)
        return usage(wrong);
    if (options.list)
        return list_cases(&options);
    check_run run = {.options = &options, .error = 1};
    if (gm_device_open(&run.device, options.device) != GM_OK ||
        prepare_precision(run.device, options.precision, &run.matrix) != GM_OK) {
        fprintf(stderr, "checkkernels: %s\n", gm_error_message());
        return EXIT_FAILURE;
    }
    const gm_device_info *info = gm_device_get_info(run.device);
    printf("%s, %s, driver %s; seed %llu\n", info->name, info->platform, info->driver_version,
           (unsigned long long)options.seed);
    static const char *const kernels[] = {"cpu", "gpu"};
    for (size_t i = 0; i < GM_COUNT(kernels); i++)
        if (strcmp(options.kernels, "all") == 0 || strcmp(options.kernels, kernels[i]) == 0) {
            run.kernels = kernels[i];
            run_kernels(&run);
        }
    gm_device_close(&run.device);
    printf("%zu passed, %zu failed, %zu skipped\n", run.passed, run.failed, run.skipped);
    bool missed = options.variant && !run.found;
    if (missed)
        fprintf(stderr, "checkkernels: none of these operations has a variant '%s': see ganymede tune\n",
                options.variant);
    return run.failed > 0 || missed ? EXIT_FAILURE : EXIT_SUCCESS;
}

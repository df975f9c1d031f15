// Measuring single operations and the device's ceilings.
#include "bench/bench.h"

#include "device/device.h"
#include "device/tuning.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 9, CONSTANT_USES = 16 };
static const double SAMPLE_SECONDS = 0.02;

// One thing to run and wait for.
typedef struct subject {
    gm_status (*run)(void *context);
    void *context;
    gm_device *device;
} subject;

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static gm_status run_for(const subject *s, size_t count, double *seconds) {
    double start = gm_seconds();
    for (size_t i = 0; i < count; i++)
        GM_TRY(s->run(s->context));
    GM_TRY(gm_device_finish(s->device));
    *seconds = gm_seconds() - start;
    return GM_OK;
}

// Seconds of one run: the median of several, and the least, which is a ceiling's.
static gm_status time_subject(const subject *s, double *median, double *least) {
    double seconds, sample[SAMPLES];
    size_t count = 1;
    GM_TRY(run_for(s, 1, &seconds)); // compiles
    for (;;) {
        GM_TRY(run_for(s, count, &seconds));
        if (seconds >= SAMPLE_SECONDS || count >= 1u << 20)
            break;
        count = seconds > 0 ? (size_t)((double)count * GM_MIN(1.2 * SAMPLE_SECONDS / seconds, 16.0)) + 1 : 16 * count;
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        GM_TRY(run_for(s, count, &seconds));
        sample[i] = seconds / (double)count;
    }
    qsort(sample, SAMPLES, sizeof *sample, ascending);
    *median = sample[SAMPLES / 2];
    *least = sample[0];
    return GM_OK;
}

static gm_status median_seconds(const subject *s, double *median) {
    double least;
    return time_subject(s, median, &least);
}

// ---- Ceilings ----

typedef struct raw_kernel {
    gm_kernel *kernel;
    size_t global, local;
} raw_kernel;

static gm_status run_raw(void *context) {
    raw_kernel *k = context;
    return gm_kernel_launch(k->kernel, 1, &k->global, &k->local, &(gm_cost){.label = "peak"});
}

static gm_status time_fma(gm_device *device, gm_program *program, double *gflops) {
    const gm_device_info *info = gm_device_get_info(device);
    bool cpu = info->type == GM_DEVICE_CPU;
    raw_kernel k = {.local = cpu ? 1 : 256};
    k.global = GM_MAX(info->compute_units, (size_t)1) * (cpu ? 8 : 256 * 16);
    int32_t count = cpu ? 100000 : 2000;
    float a = 0.999f, b = 0.001f;
    gm_buffer *buffer = NULL;
    double median, seconds;
    gm_status status;
    GM_TRY_DONE(gm_buffer_create(&buffer, device, k.global * sizeof(float)));
    GM_TRY_DONE(gm_kernel_create(&k.kernel, program, "peak_fma"));
    GM_TRY_DONE(gm_kernel_bind_buffer(k.kernel, 0, buffer));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 1, &a, sizeof a));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 2, &b, sizeof b));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 3, &count, sizeof count));
    GM_TRY_DONE(time_subject(&(subject){run_raw, &k, device}, &median, &seconds));
    *gflops = 2e-9 * 12 * (double)(info->vector_width * (size_t)count) * (double)k.global / seconds;
done:
    gm_kernel_destroy(&k.kernel);
    gm_buffer_destroy(&buffer);
    return status;
}

static gm_status time_triad(gm_device *device, gm_program *program, size_t bytes, double *gbps) {
    const gm_device_info *info = gm_device_get_info(device);
    bool cpu = info->type == GM_DEVICE_CPU;
    raw_kernel k = {.local = cpu ? 1 : 256};
    int32_t count = (int32_t)GM_MAX(bytes / 96, (size_t)1), per = cpu ? 1024 : 4;
    k.global = ((size_t)count + (size_t)per - 1) / (size_t)per;
    k.global = (k.global + k.local - 1) / k.local * k.local;
    int32_t step = cpu ? 1 : (int32_t)k.global;
    float s = 0.5f;
    gm_buffer *buffer[3] = {0};
    double seconds;
    gm_status status;
    for (size_t i = 0; i < 3; i++) {
        GM_TRY_DONE(gm_buffer_create(&buffer[i], device, (size_t)count * 32));
        GM_TRY_DONE(gm_buffer_fill(buffer[i], 0, (size_t)count * 32, UINT32_C(0x3f000000)));
    }
    GM_TRY_DONE(gm_kernel_create(&k.kernel, program, "peak_triad"));
    for (unsigned i = 0; i < 3; i++)
        GM_TRY_DONE(gm_kernel_bind_buffer(k.kernel, i, buffer[i]));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 3, &s, sizeof s));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 4, &count, sizeof count));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 5, &per, sizeof per));
    GM_TRY_DONE(gm_kernel_bind_value(k.kernel, 6, &step, sizeof step));
    GM_TRY_DONE(median_seconds(&(subject){run_raw, &k, device}, &seconds));
    *gbps = 1e-9 * 96 * (double)count / seconds;
done:
    gm_kernel_destroy(&k.kernel);
    for (size_t i = 0; i < 3; i++)
        gm_buffer_destroy(&buffer[i]);
    return status;
}

static gm_status peak_program(gm_device *device, gm_program **program) {
    gm_source source = {.name = "peak.cl"};
    GM_TRY(gm_device_source(device, source.name, &source.text));
    return gm_program_create(program, device, &source, 1, gm_device_width_options(device));
}

gm_status gm_bench_arithmetic(gm_device *device, double seconds, double flop, double bytes, gm_bench_result *result) {
    gm_program *program = NULL;
    double ceiling;
    *result =
        (gm_bench_result){.median_ms = 1e3 * seconds, .gflops = 1e-9 * flop / seconds, .gbps = 1e-9 * bytes / seconds};
    GM_TRY(peak_program(device, &program));
    gm_status status = time_fma(device, program, &ceiling);
    gm_program_destroy(&program);
    result->fraction_of_peak = status == GM_OK ? result->gflops / ceiling : 0;
    return status;
}

// ---- Operations, as graphs ----

static gm_status run_operation(void *context) {
    gm_bench_operation *o = context;
    return gm_plan_enqueue(o->plan, o->phase);
}

gm_status gm_bench_begin(gm_bench_operation *o, gm_device *device) {
    *o = (gm_bench_operation){.device = device};
    GM_TRY(gm_graph_create(&o->graph));
    o->phase = gm_phase_create(o->graph, "bench");
    return gm_graph_status(o->graph);
}

void gm_bench_finish(gm_bench_operation *o) {
    gm_plan_destroy(&o->plan);
    gm_state_destroy(&o->state);
    gm_graph_destroy(&o->graph);
}

// Small normal numbers in every input: no denormals, nothing that a driver could skip.
static gm_status fill_input(gm_bench_operation *o, gm_tensor *x) {
    size_t count = gm_shape_count(gm_tensor_shape(x));
    float *values;
    GM_TRY(gm_alloc(&values, count, sizeof *values, "a bench input"));
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((i * 2654435761u >> 8) % 2001) * 1e-3f - 1;
    gm_status status = gm_plan_write(o->plan, x, values, count * sizeof *values);
    free(values);
    return status;
}

gm_status gm_bench_time(gm_bench_operation *o, gm_tensor *const *inputs, size_t count, double *seconds) {
    GM_TRY(gm_state_create(&o->state, o->device, 1));
    GM_TRY(gm_plan_create(&o->plan, o->graph, o->state, NULL));
    for (size_t i = 0; i < count; i++)
        GM_TRY(fill_input(o, inputs[i]));
    return median_seconds(&(subject){run_operation, o, o->device}, seconds);
}

static gm_shape operand_shape(size_t batch, size_t rows, size_t columns, bool transposed) {
    gm_shape shape = {.rank = 0};
    if (batch > 0)
        shape.dim[shape.rank++] = batch;
    shape.dim[shape.rank++] = transposed ? columns : rows;
    shape.dim[shape.rank++] = transposed ? rows : columns;
    return shape;
}

// Fetches y and, where they are asked for, the gradients that a given one makes to its operands; returns that one.
static gm_tensor *fetch_product(gm_bench_operation *o, gm_tensor *y, gm_tensor *const *operands, bool gradients,
                                size_t index) {
    gm_tensor *dy = NULL, *d[2];
    gm_phase_fetch(o->phase, y);
    if (gradients) {
        char name[16];
        snprintf(name, sizeof name, "dy%zu", index);
        dy = gm_input(o->graph, name, GM_FLOAT32, *gm_tensor_shape(y));
        gm_grad(gm_sum_all(gm_multiply(y, dy)), operands, 2, d);
        gm_phase_fetch(o->phase, d[0]);
        gm_phase_fetch(o->phase, d[1]);
    }
    return dy;
}

// y_i = op(a_i) op(b_i); a constant operand is the same for all i.
static gm_status time_gemm(gm_device *device, const gm_bench_gemm *g, double *seconds) {
    gm_bench_operation o;
    gm_tensor *inputs[3 * CONSTANT_USES];
    size_t uses = g->constant == GM_BENCH_CONSTANT_NONE ? 1 : CONSTANT_USES, count = 0;
    gm_status status;
    GM_TRY_DONE(gm_bench_begin(&o, device));
    gm_tensor *a = NULL, *b = NULL;
    for (size_t i = 0; i < uses; i++) {
        char name[2][16];
        snprintf(name[0], sizeof name[0], "a%zu", i);
        snprintf(name[1], sizeof name[1], "b%zu", i);
        if (i == 0 || g->constant != GM_BENCH_CONSTANT_A)
            inputs[count++] = a =
                gm_input(o.graph, name[0], GM_FLOAT32, operand_shape(g->batch, g->m, g->k, g->transpose_a));
        if (i == 0 || g->constant != GM_BENCH_CONSTANT_B)
            inputs[count++] = b =
                gm_input(o.graph, name[1], GM_FLOAT32, operand_shape(g->batch, g->k, g->n, g->transpose_b));
        gm_tensor *y = gm_gemm(a, b, &(gm_gemm_params){g->transpose_a, g->transpose_b});
        gm_tensor *dy = fetch_product(&o, y, (gm_tensor *[]){a, b}, g->gradients, i);
        if (dy)
            inputs[count++] = dy;
    }
    GM_TRY_DONE(gm_bench_time(&o, inputs, count, seconds));
    *seconds /= (double)uses;
done:
    gm_bench_finish(&o);
    return status;
}

gm_status gm_bench_gemm_measure(gm_device *device, const gm_bench_gemm *g, gm_bench_result *result) {
    double seconds;
    GM_TRY(time_gemm(device, g, &seconds));
    double m = (double)g->m, n = (double)g->n, k = (double)g->k, batch = (double)GM_MAX(g->batch, (size_t)1);
    double products = g->gradients ? 3 * batch : batch, values = (g->gradients ? 2 : 1) * (m * k + k * n + m * n);
    return gm_bench_arithmetic(device, seconds, products * 2 * m * n * k, batch * 4 * values, result);
}

static bool has_variant(const gm_plan *plan, const gm_tensor *node, const char *name, gm_text *names) {
    gm_variants variants = {.count = 0};
    if (plan->family[node->id] && plan->family[node->id]->variants)
        plan->family[node->id]->variants(&plan->emitter, node, &variants);
    for (size_t i = 0; i < variants.count; i++) {
        gm_text_printf(names, "%s%s", i ? ", " : "", variants.name[i]);
        if (strcmp(variants.name[i], name) == 0)
            return true;
    }
    return false;
}

static gm_status check_variant(const gm_plan *plan, const gm_tensor *node, const char *name) {
    gm_text names = {0};
    gm_status status = GM_OK;
    if (!has_variant(plan, gm_plan_base(node), name, &names))
        status = gm_fail(GM_ERROR_ARGUMENT, "this operation has no variant '%s': it has %s", name,
                         names.data ? names.data : "none");
    gm_text_finish(&names);
    return status;
}

gm_status gm_bench_conv_measure(gm_device *device, const gm_bench_conv *c, gm_bench_result *result) {
    gm_bench_operation o;
    gm_tuning *tuning = NULL;
    gm_status status;
    double seconds = 0, flop = 0, bytes = 0;
    GM_TRY_DONE(gm_bench_begin(&o, device));
    GM_TRY_DONE(gm_tuning_create(&tuning, device, &(gm_tuning_options){.choices = ""}));
    tuning->forced = c->variant ? c->variant : "default";
    gm_shape weights = {.rank = 4, .dim = {c->k, c->c, c->r, c->s}};
    if (c->transposed) {
        weights.dim[0] = c->c;
        weights.dim[1] = c->k;
    }
    gm_phase *before = o.phase;
    gm_convolution_params params = {.stride = {c->stride, c->stride}, .padding = {c->padding, c->padding}};
    gm_tensor *x = gm_input(o.graph, "x", GM_FLOAT32, (gm_shape){.rank = 4, .dim = {c->n, c->c, c->h, c->w}});
    gm_tensor *w = gm_input(o.graph, "w", GM_FLOAT32, weights), *inside = gm_tune_inside(before, x);
    gm_tensor *y = c->transposed ? gm_convolution_transpose(inside, w, &params) : gm_convolution(inside, w, &params);
    gm_tensor *dy = gm_input(o.graph, "dy", GM_FLOAT32, *gm_tensor_shape(y)), *dy_inside = gm_tune_inside(before, dy);
    gm_tensor *inputs[] = {inside, w}, *gradients[2];
    gm_grad(gm_sum_all(gm_multiply(y, dy_inside)), inputs, 2, gradients);
    gm_tensor *measured = c->direction == GM_BENCH_FORWARD ? y : gradients[c->direction == GM_BENCH_INPUT ? 0 : 1];
    o.phase = gm_phase_create(o.graph, "measured");
    gm_phase_fetch(o.phase, measured);
    GM_TRY_DONE(gm_graph_status(o.graph));
    GM_TRY_DONE(gm_state_create(&o.state, device, 1));
    GM_TRY_DONE(gm_plan_create(&o.plan, o.graph, o.state, &(gm_plan_options){.tuning = tuning}));
    if (c->variant)
        GM_TRY_DONE(check_variant(o.plan, measured, c->variant));
    gm_tensor *leaves[] = {x, w, dy};
    for (size_t i = 0; i < GM_COUNT(leaves); i++)
        if (leaves[i] == w || c->direction != GM_BENCH_FORWARD || leaves[i] == x)
            GM_TRY_DONE(fill_input(&o, leaves[i]));
    GM_TRY_DONE(gm_plan_run(o.plan, before));
    GM_TRY_DONE(median_seconds(&(subject){run_operation, &o, device}, &seconds));
    gm_plan_statistics statistics;
    gm_plan_get_statistics(o.plan, &statistics);
    flop = statistics.flop;
    bytes = 4.0 * (double)(gm_shape_count(gm_tensor_shape(x)) + gm_shape_count(gm_tensor_shape(w)) +
                           gm_shape_count(gm_tensor_shape(y)));
done:
    gm_tuning_destroy(&tuning);
    gm_bench_finish(&o);
    return status == GM_OK ? gm_bench_arithmetic(device, seconds, flop, bytes, result) : status;
}

// ---- The ceilings themselves ----

gm_status gm_bench_peak_measure(gm_device *device, size_t bytes, gm_bench_peak *peak) {
    gm_program *program = NULL;
    gm_bench_result gemm;
    gm_status status;
    GM_TRY_DONE(peak_program(device, &program));
    GM_TRY_DONE(time_fma(device, program, &peak->fma_gflops));
    GM_TRY_DONE(time_triad(device, program, bytes ? bytes : (size_t)192 << 20, &peak->triad_gbps));
    GM_TRY_DONE(gm_bench_gemm_measure(
        device, &(gm_bench_gemm){.m = 480, .n = 480, .k = 480, .constant = GM_BENCH_CONSTANT_B}, &gemm));
    peak->gemm_gflops = gemm.gflops;
done:
    gm_program_destroy(&program);
    return status;
}

static gm_status byte_result(gm_device *device, double seconds, double bytes, gm_bench_result *result) {
    gm_program *program = NULL;
    double ceiling;
    GM_TRY(peak_program(device, &program));
    gm_status status = time_triad(device, program, (size_t)bytes, &ceiling);
    gm_program_destroy(&program);
    *result = (gm_bench_result){.median_ms = 1e3 * seconds, .gbps = 1e-9 * bytes / seconds};
    result->fraction_of_peak = status == GM_OK ? result->gbps / ceiling : 0;
    return status;
}

gm_status gm_bench_elementwise_measure(gm_device *device, size_t bytes, gm_bench_result *result) {
    gm_bench_operation o;
    gm_status status;
    double seconds = 0;
    size_t count = GM_MAX(bytes / 12, (size_t)1);
    GM_TRY_DONE(gm_bench_begin(&o, device));
    gm_tensor *inputs[2];
    for (size_t i = 0; i < 2; i++)
        inputs[i] = gm_input(o.graph, i ? "y" : "x", GM_FLOAT32, (gm_shape){.rank = 1, .dim = {count}});
    gm_phase_fetch(o.phase, gm_add(inputs[0], gm_scale(inputs[1], 0.5)));
    GM_TRY_DONE(gm_bench_time(&o, inputs, 2, &seconds));
done:
    gm_bench_finish(&o);
    return status == GM_OK ? byte_result(device, seconds, 12.0 * (double)count, result) : status;
}

gm_status gm_bench_reduce_measure(gm_device *device, size_t bytes, size_t channels, gm_bench_result *result) {
    gm_bench_operation o;
    gm_status status;
    double seconds = 0;
    size_t rows = GM_MAX(bytes / 4 / GM_MAX(channels, (size_t)1), (size_t)1);
    GM_TRY_DONE(gm_bench_begin(&o, device));
    gm_tensor *x = gm_input(o.graph, "x", GM_FLOAT32, (gm_shape){.rank = 2, .dim = {rows, channels}});
    gm_phase_fetch(o.phase, gm_sum(x, GM_AXIS(0)));
    GM_TRY_DONE(gm_bench_time(&o, &x, 1, &seconds));
done:
    gm_bench_finish(&o);
    return status == GM_OK ? byte_result(device, seconds, 4.0 * (double)(rows * channels), result) : status;
}

// ganymede bench gemm, conv, conv_transpose, layers, elementwise, reduce, peak: single operations against the device's
// ceilings.
#include "command.h"

#include "bench.h"
#include "ganymede/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIZES = 9, MOST_BATCH = 1 << 20 };

typedef struct bench_options {
    const char *device, *direction, *constant, *variant, *layers;
    bool transpose_a, transpose_b, forward, channels_last, gradients, json;
    uint64_t size[MOST_SIZES];
    option_number batch;
} bench_options;

static bool parse_sizes(const usage_text *usage, const char *const *words, uint64_t *sizes, size_t count, int *code) {
    for (size_t i = 0; i < count; i++) {
        char *end = NULL;
        unsigned long long value = words[i] ? strtoull(words[i], &end, 10) : 0;
        bool padding = usage->least == MOST_SIZES && i == MOST_SIZES - 1; // the one that may be 0
        if (!words[i] || *words[i] < '0' || *words[i] > '9' || *end != '\0' || value > 1u << 30 ||
            (value == 0 && !padding)) {
            *code = usage_error(usage, "'%s' is no size; expected %s", words[i] ? words[i] : "", usage->arguments);
            return false;
        }
        sizes[i] = value;
    }
    return true;
}

static int print_bench(const char *what, const char *device, const gm_bench_result *result, bool json) {
    if (json) {
        printf("{\"operation\": ");
        print_json_string(what);
        printf(", \"device\": ");
        print_json_string(device);
        printf(", \"median_ms\": %.6f, \"gflops\": %.3f, \"gbps\": %.3f, \"fraction_of_peak\": %.4f}\n",
               result->median_ms, result->gflops, result->gbps, result->fraction_of_peak);
        return EXIT_OK;
    }
    print_line("%s on %s", what, device);
    printf("%.4f ms", result->median_ms);
    if (result->gflops > 0)
        printf(", %.1f GFLOP/s", result->gflops);
    printf(", %.1f GB/s, %.2f of the ceiling\n", result->gbps, result->fraction_of_peak);
    return EXIT_OK;
}

// What a measured operation is called: "gemm 128 4096 800".
static void append_sizes(char *text, size_t room, const uint64_t *sizes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, room - used, " %llu", (unsigned long long)sizes[i]);
    }
}

typedef gm_status measure_function(gm_device *device, const bench_options *options, gm_bench_result *result);

static int measure_and_print(const char *name, const bench_options *options, size_t size_count,
                             measure_function *measure) {
    gm_device *device = NULL;
    gm_bench_result result;
    char what[512];
    int code;
    snprintf(what, sizeof what, "%s", name);
    append_sizes(what, sizeof what, options->size, size_count);
    if (options->batch.given)
        snprintf(what + strlen(what), sizeof what - strlen(what), " batch %llu",
                 (unsigned long long)options->batch.value);
    if (options->gradients)
        snprintf(what + strlen(what), sizeof what - strlen(what), " with gradients");
    if (options->direction)
        snprintf(what + strlen(what), sizeof what - strlen(what), " %s", options->direction);
    if (options->variant)
        snprintf(what + strlen(what), sizeof what - strlen(what), " %s", options->variant);
    if (gm_device_open(&device, options->device) != GM_OK || measure(device, options, &result) != GM_OK)
        code = fail_with_message();
    else
        code = print_bench(what, gm_device_get_info(device)->name, &result, options->json);
    gm_device_close(&device);
    return code;
}

// ---- gemm ----

static gm_status measure_gemm(gm_device *device, const bench_options *o, gm_bench_result *result) {
    gm_bench_gemm gemm = {.m = o->size[0], .n = o->size[1], .k = o->size[2]};
    gemm.batch = o->batch.value;
    gemm.gradients = o->gradients;
    gemm.transpose_a = o->transpose_a;
    gemm.transpose_b = o->transpose_b;
    gemm.constant = !o->constant                    ? GM_BENCH_CONSTANT_NONE
                    : strcmp(o->constant, "a") == 0 ? GM_BENCH_CONSTANT_A
                                                    : GM_BENCH_CONSTANT_B;
    return gm_bench_gemm_measure(device, &gemm, result);
}

int bench_gemm(int count, char **words) {
    bench_options o = {0};
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &o.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--batch", "B", OPTION_NUMBER, &o.batch, "so many products in one"},
        {"--gradients", NULL, OPTION_FLAG, &o.gradients, "and the gradients to both operands"},
        {"--transpose-a", NULL, OPTION_FLAG, &o.transpose_a, "a is stored K x M"},
        {"--transpose-b", NULL, OPTION_FLAG, &o.transpose_b, "b is stored N x K"},
        {"--constant", "a|b", OPTION_TEXT, &o.constant, "one operand serves many products, as weights do"},
        {"--json", NULL, OPTION_FLAG, &o.json, "one JSON object on standard output"},
    };
    const usage_text usage = {.command = "ganymede bench gemm",
                              .arguments = "M N K",
                              .summary = "Times the product of an M x K with a K x N matrix, packing included.",
                              .example = "ganymede bench gemm 1024 1024 1024 --constant b",
                              .options = options,
                              .option_count = COUNT(options),
                              .least = 3,
                              .most = 3};
    const char *sizes[3];
    int code;
    if (!options_parse(&usage, count, words, sizes, &code) || !parse_sizes(&usage, sizes, o.size, 3, &code))
        return code;
    if (o.batch.given && (o.batch.value < 1 || o.batch.value > MOST_BATCH))
        return usage_error(&usage, "--batch expects 1 to %d", MOST_BATCH);
    if (o.constant && strcmp(o.constant, "a") != 0 && strcmp(o.constant, "b") != 0)
        return usage_error(&usage, "--constant expects a or b, not '%s'", o.constant);
    return measure_and_print("gemm", &o, 3, measure_gemm);
}

// ---- conv, conv_transpose ----

static const char *const directions[] = {"forward", "input", "weight"};

static gm_status measure_any_conv(gm_device *device, const bench_options *o, bool transposed, gm_bench_result *result) {
    const uint64_t *s = o->size;
    gm_bench_conv conv = {.n = s[0], .c = s[1], .h = s[2], .w = s[3], .k = s[4], .r = s[5], .s = s[6]};
    conv.stride = s[7];
    conv.padding = s[8];
    conv.transposed = transposed;
    conv.variant = o->variant;
    while (strcmp(o->direction, directions[conv.direction]) != 0)
        conv.direction++;
    return gm_bench_conv_measure(device, &conv, result);
}

static gm_status measure_conv(gm_device *device, const bench_options *o, gm_bench_result *result) {
    return measure_any_conv(device, o, false, result);
}

static gm_status measure_conv_transpose(gm_device *device, const bench_options *o, gm_bench_result *result) {
    return measure_any_conv(device, o, true, result);
}

static int bench_any_conv(int count, char **words, bool transposed) {
    bench_options o = {.direction = directions[0]};
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &o.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--direction", "WHICH", OPTION_TEXT, &o.direction, "forward, input (gradient to x) or weight"},
        {"--variant", "NAME", OPTION_TEXT, &o.variant,
         "of the kernels, as `ganymede tune` names them (default: default)"},
        {"--json", NULL, OPTION_FLAG, &o.json, "one JSON object on standard output"},
    };
    const usage_text usage = {
        .command = transposed ? "ganymede bench conv_transpose" : "ganymede bench conv",
        .arguments = "N C H W K R S STRIDE PAD",
        .summary = "Times a convolution of N images of C channels, H x W, with K filters of R x S, packing included.",
        .example = transposed ? "ganymede bench conv_transpose 64 256 4 4 128 4 4 2 1"
                              : "ganymede bench conv 64 64 16 16 128 4 4 2 1 --direction weight",
        .options = options,
        .option_count = COUNT(options),
        .least = MOST_SIZES,
        .most = MOST_SIZES};
    const char *sizes[MOST_SIZES];
    int code;
    if (!options_parse(&usage, count, words, sizes, &code) || !parse_sizes(&usage, sizes, o.size, MOST_SIZES, &code))
        return code;
    for (size_t i = 0; i < COUNT(directions); i++)
        if (strcmp(o.direction, directions[i]) == 0)
            return measure_and_print(transposed ? "conv_transpose" : "conv", &o, MOST_SIZES,
                                     transposed ? measure_conv_transpose : measure_conv);
    return usage_error(&usage, "--direction expects forward, input or weight, not '%s'", o.direction);
}

int bench_conv(int count, char **words) {
    return bench_any_conv(count, words, false);
}

int bench_conv_transpose(int count, char **words) {
    return bench_any_conv(count, words, true);
}

// ---- layers ----

static gm_status measure_layers(gm_device *device, const bench_options *o, gm_bench_result *result) {
    gm_bench_layers layers = {.layers = o->layers, .forward = o->forward, .channels_last = o->channels_last};
    while (layers.input.rank < GM_MAX_RANK && o->size[layers.input.rank] > 0) {
        layers.input.dim[layers.input.rank] = o->size[layers.input.rank];
        layers.input.rank++;
    }
    return gm_bench_layers_measure(device, &layers, result);
}

int bench_layers(int count, char **words) {
    bench_options o = {0};
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &o.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--forward", NULL, OPTION_FLAG, &o.forward, "without the gradients"},
        {"--channels-last", NULL, OPTION_FLAG, &o.channels_last,
         "the input and the result's gradient lie as convolutions leave them to each other"},
        {"--json", NULL, OPTION_FLAG, &o.json, "one JSON object on standard output"},
    };
    const usage_text usage = {.command = "ganymede bench layers",
                              .arguments = "LAYERS N SIZE...",
                              .summary = "Times layers as a recipe has them on N samples of the given sizes: forward, "
                                         "and back to input and weights.",
                              .example = "ganymede bench layers 'conv: { channels: 128, kernel: 25, stride: 4, "
                                         "padding: 11 }' 16 64 4096",
                              .options = options,
                              .option_count = COUNT(options),
                              .least = 3,
                              .most = 1 + GM_MAX_RANK};
    const char *given[1 + GM_MAX_RANK] = {NULL};
    int code;
    if (!options_parse(&usage, count, words, given, &code))
        return code;
    size_t sizes = 0;
    while (sizes < GM_MAX_RANK && given[1 + sizes])
        sizes++;
    if (!parse_sizes(&usage, given + 1, o.size, sizes, &code))
        return code;
    o.layers = given[0];
    return measure_and_print(o.layers, &o, sizes, measure_layers);
}

// ---- elementwise, reduce ----

static gm_status measure_elementwise(gm_device *device, const bench_options *o, gm_bench_result *result) {
    return gm_bench_elementwise_measure(device, o->size[0], result);
}

static gm_status measure_reduce(gm_device *device, const bench_options *o, gm_bench_result *result) {
    return gm_bench_reduce_measure(device, o->size[0], o->size[1], result);
}

static int bench_bytes(int count, char **words, bool reduce) {
    bench_options o = {.size = {4 << 20, 64}};
    option_number bytes = {.value = o.size[0]}, channels = {.value = o.size[1]};
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &o.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--json", NULL, OPTION_FLAG, &o.json, "one JSON object on standard output"},
        {"--bytes", "N", OPTION_NUMBER, &bytes, "read and written together (default 4194304)"},
        {"--channels", "N", OPTION_NUMBER, &channels, "sums that are kept (default 64)"},
    };
    const usage_text usage = {
        .command = reduce ? "ganymede bench reduce" : "ganymede bench elementwise",
        .arguments = "",
        .summary = reduce ? "Times sums over all but the innermost dimension, as batch norm needs them."
                          : "Times z = x + s y as a plan generates it.",
        .example = reduce ? "ganymede bench reduce --bytes 67108864 --channels 128"
                          : "ganymede bench elementwise --bytes 67108864",
        .options = options,
        .option_count = reduce ? COUNT(options) : COUNT(options) - 1,
    };
    int code;
    if (!options_parse(&usage, count, words, NULL, &code))
        return code;
    if (bytes.value < 64 || bytes.value > UINT64_C(1) << 36 || channels.value < 1 || channels.value > bytes.value / 4)
        return usage_error(&usage, "--bytes expects 64 to 68719476736, --channels 1 to a quarter of it");
    o.size[0] = bytes.value;
    o.size[1] = channels.value;
    return measure_and_print(reduce ? "reduce" : "elementwise", &o, reduce ? 2 : 1,
                             reduce ? measure_reduce : measure_elementwise);
}

int bench_elementwise(int count, char **words) {
    return bench_bytes(count, words, false);
}

int bench_reduce(int count, char **words) {
    return bench_bytes(count, words, true);
}

// ---- peak ----

int bench_peak(int count, char **words) {
    bench_options o = {0};
    option_number bytes = {0};
    const option_row options[] = {
        {"--device", "SEL", OPTION_TEXT, &o.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
        {"--bytes", "N", OPTION_NUMBER, &bytes, "of the triad's three arrays together (default 201326592)"},
        {"--json", NULL, OPTION_FLAG, &o.json, "one JSON object on standard output"},
    };
    const usage_text usage = {.command = "ganymede bench peak",
                              .arguments = "",
                              .summary = "Measures the device's ceilings: multiply-adds, the matrix kernel, memory.",
                              .example = "ganymede bench peak --json",
                              .options = options,
                              .option_count = COUNT(options)};
    int code;
    if (!options_parse(&usage, count, words, NULL, &code))
        return code;
    gm_device *device = NULL;
    gm_bench_peak peak;
    if (gm_device_open(&device, o.device) != GM_OK ||
        gm_bench_peak_measure(device, (size_t)bytes.value, &peak) != GM_OK) {
        code = fail_with_message();
    } else if (o.json) {
        printf("{\"device\": ");
        print_json_string(gm_device_get_info(device)->name);
        printf(", \"fma_gflops\": %.2f, \"gemm_gflops\": %.2f, \"triad_gbps\": %.2f}\n", peak.fma_gflops,
               peak.gemm_gflops, peak.triad_gbps);
        code = EXIT_OK;
    } else {
        print_line("%s", gm_device_get_info(device)->name);
        printf("multiply-adds in registers  %.1f GFLOP/s\nmatrix kernel in the cache  %.1f GFLOP/s\n"
               "triad in memory             %.1f GB/s\n",
               peak.fma_gflops, peak.gemm_gflops, peak.triad_gbps);
        code = EXIT_OK;
    }
    gm_device_close(&device);
    return code;
}

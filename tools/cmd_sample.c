// ganymede sample: a trained run into a PNG grid or an NPY file.
#include "command.h"

#include "ganymede/data.h"
#include "ganymede/train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SAMPLES = 10000000, MOST_CODES = 64, SWEEP_COLUMNS = 10 };

// One whole number; *text moves behind it.
static bool read_number(const char **text, uint64_t *value) {
    if (**text < '0' || **text > '9')
        return false;
    char *end = NULL;
    errno = 0;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

// "0-63", "7", "1,5,10-12": how many seeds, written to `seeds` unless that is NULL. False: not of this form, or too
// many.
static bool read_seeds(const char *text, uint64_t *seeds, size_t *count) {
    *count = 0;
    for (;;) {
        uint64_t first, last;
        if (!read_number(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!read_number(&text, &last))
                return false;
        }
        if (last < first || last - first >= MOST_SAMPLES - *count)
            return false;
        size_t more = (size_t)(last - first) + 1;
        for (size_t i = 0; seeds && i < more; i++)
            seeds[*count + i] = first + i;
        *count += more;
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

// "8x8": columns times rows, as picture sizes are said.
static bool parse_grid(const char *text, size_t *columns, size_t *rows) {
    uint64_t wide, high;
    if (!read_number(&text, &wide) || *text++ != 'x' || !read_number(&text, &high) || *text != '\0')
        return false;
    if (wide == 0 || high == 0 || wide > 4096 || high > 4096)
        return false;
    *columns = (size_t)wide;
    *rows = (size_t)high;
    return true;
}

// What --codes says of one latent code.
typedef struct code {
    double first, last; // of the columns of the picture; NaN: as the seed has it
} code;

typedef struct sample_arguments {
    const char *run, *device, *picture, *npy;
    uint64_t *seeds;
    size_t count, rows, columns;
    option_number class;
    code codes[MOST_CODES];
    size_t code_count; // 0: all by the seeds
    size_t sweep;      // columns along which codes change, each row for one seed; 0: none changes
} sample_arguments;

// A number in decimals; in "-1..1" it ends before the two dots.
static bool read_code_value(const char **text, double *value) {
    const char *dots = strstr(*text, "..");
    char number[40], *end;
    size_t length = strcspn(*text, ",");
    if (dots && (size_t)(dots - *text) < length)
        length = (size_t)(dots - *text);
    if (length == 0 || length >= sizeof number)
        return false;
    memcpy(number, *text, length);
    number[length] = '\0';
    *value = strtod(number, &end);
    *text += length;
    return *end == '\0' && isfinite(*value);
}

// "3,*,-1..1": a value each, * for the seed's own, FIRST..LAST along the columns.
static bool parse_codes(const char *text, sample_arguments *arguments) {
    for (;;) {
        if (arguments->code_count == MOST_CODES)
            return false;
        code *c = &arguments->codes[arguments->code_count++];
        *c = (code){NAN, NAN};
        if (*text == '*') {
            text++;
        } else {
            if (!read_code_value(&text, &c->first))
                return false;
            c->last = c->first;
            if (text[0] == '.' && text[1] == '.') {
                text += 2;
                if (!read_code_value(&text, &c->last))
                    return false;
                arguments->sweep = 1;
            }
        }
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
    }
}

// The seeds that `text` says, each as often as a sweep has columns. Returns how to leave, EXIT_OK to go on.
static int make_seeds(const usage_text *usage, const char *text, sample_arguments *arguments) {
    size_t count, repeat = arguments->sweep > 0 ? arguments->sweep : 1;
    if (!read_seeds(text, NULL, &count))
        return usage_error(usage, "--seeds expects numbers and ranges such as 0-63 or 1,5,9-12, not '%s'", text);
    if (count > MOST_SAMPLES / repeat)
        return usage_error(usage, "--codes makes %zu samples of each seed, which are too many", repeat);
    arguments->seeds = malloc(count * repeat * sizeof *arguments->seeds);
    if (!arguments->seeds)
        return fail_with("out of memory for %zu samples; ask for fewer --seeds", count * repeat);
    read_seeds(text, arguments->seeds, &count);
    for (size_t i = count * repeat; i-- > 0;) // from the end, as a seed moves to the right
        arguments->seeds[i] = arguments->seeds[i / repeat];
    arguments->count = count * repeat;
    if (arguments->sweep > 0 && arguments->rows == 0)
        arguments->rows = count;
    return EXIT_OK;
}

// The codes of every sample; false: a message says why not.
static bool make_codes(const sample_arguments *arguments, const gm_sampler_info *info, float **codes) {
    size_t width = info->categorical_codes + info->continuous_codes;
    *codes = NULL;
    if (arguments->code_count == 0)
        return true;
    if (arguments->code_count != width) {
        fail_with("--codes sets %zu, but %s has %zu categorical and %zu continuous latent codes", arguments->code_count,
                  arguments->run, info->categorical_codes, info->continuous_codes);
        return false;
    }
    *codes = malloc(arguments->count * width * sizeof **codes);
    if (!*codes) {
        fail_with("out of memory for %zu codes; ask for fewer --seeds", arguments->count * width);
        return false;
    }
    for (size_t i = 0; i < arguments->count * width; i++) {
        const code *c = &arguments->codes[i % width];
        size_t column = arguments->sweep > 0 ? i / width % arguments->sweep : 0;
        double share = arguments->sweep > 1 ? (double)column / (double)(arguments->sweep - 1) : 0;
        double value = c->first + share * (c->last - c->first);
        bool whole = i % width < info->categorical_codes && (c->first < c->last || c->first > c->last);
        (*codes)[i] = (float)(whole ? round(value) : value);
    }
    return true;
}

static int sample(const sample_arguments *arguments) {
    int exit_code = EXIT_ERROR;
    gm_sampler *sampler = NULL;
    gm_sampler_info info;
    float *samples = NULL, *codes = NULL;
    int32_t *labels = NULL;
    if (gm_sampler_open(&sampler, arguments->run, arguments->device) != GM_OK)
        return fail_with_message();
    gm_sampler_get_info(sampler, &info);
    samples = calloc(arguments->count, info.channels * info.height * info.width * sizeof *samples);
    if (!samples) {
        fail_with("out of memory for %zu samples; ask for fewer --seeds", arguments->count);
        goto done;
    }
    if (arguments->class.given) {
        labels = malloc(arguments->count * sizeof *labels);
        if (!labels) {
            fail_with("out of memory for %zu labels; ask for fewer --seeds", arguments->count);
            goto done;
        }
        for (size_t i = 0; i < arguments->count; i++)
            labels[i] = arguments->class.value > INT32_MAX ? INT32_MAX : (int32_t)arguments->class.value;
    }
    if (!make_codes(arguments, &info, &codes))
        goto done;
    if (gm_sampler_generate(sampler, arguments->seeds, labels, codes, arguments->count, samples) != GM_OK) {
        fail_with_message();
        goto done;
    }
    if (arguments->npy) {
        const size_t dim[4] = {arguments->count, info.channels, info.height, info.width};
        if (gm_npy_write(arguments->npy, samples, info.images ? 4 : 2, dim) != GM_OK) {
            fail_with_message();
            goto done;
        }
        print_line("%s", arguments->npy);
    }
    if (arguments->picture) {
        if (gm_sampler_picture(sampler, arguments->picture, samples, arguments->count, arguments->rows,
                               arguments->columns) != GM_OK) {
            fail_with_message();
            goto done;
        }
        print_line("%s", arguments->picture);
    }
    exit_code = EXIT_OK;
done:
    free(samples);
    free(labels);
    free(codes);
    gm_sampler_close(&sampler);
    return exit_code;
}

int command_sample(int count, char **words) {
    sample_arguments arguments = {0};
    const char *seeds = NULL, *grid = NULL, *codes = NULL;
    const option_row options[] = {
        {"--seeds", "0-63", OPTION_TEXT, &seeds,
         "which samples: numbers and ranges with commas (default 0-63; rows of a sweep 0-7)"},
        {"--class", "K", OPTION_NUMBER, &arguments.class,
         "of a class-conditional generator (default: each seed modulo the classes)"},
        {"--codes", "3,*,-1..1", OPTION_TEXT, &codes,
         "InfoGAN's codes: a value each, * for the seed's own, FIRST..LAST along the columns (a row per seed)"},
        {"--grid", "8x8", OPTION_TEXT, &grid, "columns x rows of the picture (default: near a square)"},
        {"-o", "FILE.png", OPTION_TEXT, &arguments.picture,
         "the picture (default: samples.png, unless --npy is given)"},
        {"--npy", "FILE", OPTION_TEXT, &arguments.npy, "float32 array: N,C,H,W in the recipe's range, or N,d"},
        {"--device", "SEL", OPTION_TEXT, &arguments.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
    };
    const usage_text usage = {
        .command = "ganymede sample",
        .arguments = "RUN",
        .summary = "Draws samples from the newest checkpoint of a run folder, or from one .safetensors file in it.\n"
                   "A sample depends on its own seed alone.",
        .example = "ganymede sample runs/00000-dcgan-fashion --seeds 0-63 --grid 8x8 -o grid.png",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &arguments.run, &exit_code))
        return exit_code;
    if (grid && !parse_grid(grid, &arguments.columns, &arguments.rows))
        return usage_error(&usage, "--grid expects COLUMNSxROWS such as 8x8, not '%s'", grid);
    if (codes && !parse_codes(codes, &arguments))
        return usage_error(
            &usage, "--codes expects numbers, * and FIRST..LAST with commas, such as 3,*,-1..1, not '%s'", codes);
    if (arguments.sweep > 0)
        arguments.sweep = arguments.columns = arguments.columns > 0 ? arguments.columns : SWEEP_COLUMNS;
    exit_code = make_seeds(&usage, seeds ? seeds : arguments.sweep > 0 ? "0-7" : "0-63", &arguments);
    if (exit_code == EXIT_OK && grid && arguments.columns * arguments.rows < arguments.count)
        exit_code = usage_error(&usage, "--grid %s has %zu cells for %zu samples", grid,
                                arguments.columns * arguments.rows, arguments.count);
    if (exit_code == EXIT_OK) {
        if (!arguments.picture && !arguments.npy)
            arguments.picture = "samples.png";
        exit_code = sample(&arguments);
    }
    free(arguments.seeds);
    return exit_code;
}

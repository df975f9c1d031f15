// ganymede augment: a data set made larger, by changes to its images or by samples of a generator.
#include "command.h"

#include "ganymede/augmented.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MOST_OPERATIONS = 24, MOST_OPTIONS = 48 };

// The operations' options: a row each, named as in a recipe.
typedef struct operations {
    const gm_parameter *rows;
    size_t count;
    const char *text[MOST_OPERATIONS];
    bool flag[MOST_OPERATIONS];
    char name[MOST_OPERATIONS][24];
} operations;

static size_t operation_rows(operations *o, option_row *rows) {
    o->rows = gm_augment_parameters(&o->count);
    for (size_t i = 0; i < o->count; i++) {
        const gm_parameter *row = &o->rows[i];
        bool flag = row->kind == GM_PARAMETER_BOOLEAN, moves = strcmp(row->key, "translation") == 0;
        const char *value = row->kind == GM_PARAMETER_RANGE    ? "A[-B]"
                            : row->kind == GM_PARAMETER_CHOICE ? "zero"
                                                               : "SHARE";
        snprintf(o->name[i], sizeof o->name[i], "--%s", moves ? "shift" : row->key);
        rows[i] = (option_row){o->name[i], flag ? NULL : value, flag ? OPTION_FLAG : OPTION_TEXT,
                               flag ? (void *)&o->flag[i] : (void *)&o->text[i], row->help};
    }
    return o->count;
}

// "0.8-1.2", "-5..20" or "-5--2" as two numbers, which *second begins; false: it is one.
static bool split_range(char *text, char **second) {
    char *dots = strstr(text, "..");
    if (dots) {
        *dots = '\0';
        *second = dots + 2;
        return true;
    }
    for (char *c = text + (*text != '\0'); *c; c++)
        if (*c == '-' && c[-1] != 'e' && c[-1] != 'E') {
            *c = '\0';
            *second = c + 1;
            return true;
        }
    return false;
}

static bool set_operation(const gm_parameter *row, const char *text, gm_augment_params *params) {
    char copy[64], *ends[2] = {copy};
    if (row->kind != GM_PARAMETER_RANGE || strlen(text) >= sizeof copy)
        return gm_parameter_set_text(row, params, text) == GM_OK;
    strcpy(copy, text);
    if (!split_range(copy, &ends[1]))
        return gm_parameter_set_text(row, params, text) == GM_OK;
    return gm_parameter_set_list(row, params, (const char *const *)ends, 2) == GM_OK;
}

// False: the library's message says what is wrong.
static bool set_operations(const operations *o, gm_augment_params *params) {
    for (size_t i = 0; i < o->count; i++) {
        if (o->flag[i] && gm_parameter_set_number(&o->rows[i], params, 1) != GM_OK)
            return false;
        if (o->text[i] && !set_operation(&o->rows[i], o->text[i], params))
            return false;
    }
    return true;
}

// ---- Where to ----

static bool ends(const char *path, const char *ending) {
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && strcasecmp(path + length - tail, ending) == 0;
}

// Beside the source, in its container: photos-augmented, digits-augmented.npz. free()
static char *default_path(const char *source) {
    static const char *const endings[] = {".zip", ".npz", ".npy"};
    size_t length = strlen(source);
    struct stat info;
    char *path = malloc(length + 32);
    if (!path)
        return NULL;
    const char *ending = stat(source, &info) == 0 ? "" : ".npz"; // a name of data has no container
    while (length > 1 && source[length - 1] == '/')
        length--;
    for (size_t i = 0; i < COUNT(endings); i++)
        if (ends(source, endings[i])) {
            ending = endings[i];
            length -= strlen(ending);
        }
    sprintf(path, "%.*s-augmented%s", (int)length, source, ending);
    return path;
}

// ---- The command ----

typedef struct totals {
    size_t made, refused, short_of;
    bool split;
} totals;

static void tell(const gm_augmented_class *made, void *user) {
    totals *all = user;
    all->made += made->made;
    all->refused += made->refused;
    all->short_of += made->short_of;
    all->split = made->split;
    print_part("%s: %zu items, %zu new", made->name ? made->name : "all", made->items, made->made);
    if (made->refused > 0)
        print_part(", %zu refused", made->refused);
    print_line("%s", made->short_of > 0 ? ", fewer than asked for" : "");
}

static int run(const char *source, const char *path, const gm_augmented_options *options) {
    totals all = {0};
    if (gm_dataset_augment(source, path, options, tell, &all) != GM_OK)
        return fail_with_message();
    if (all.short_of > 0)
        fprintf(stderr, "ganymede: warning: %zu new images are missing: %s\n", all.short_of,
                options->agree ? "the classifier refused too many: lower --at" : "their classes have no items");
    if (all.split && options->data.split == GM_SPLIT_TRAIN)
        print_line("%s: its training split alone was read (--split test: the other)", source);
    print_line("%s", path);
    return EXIT_OK;
}

static bool check(const usage_text *usage, const gm_augmented_options *options, const option_number *count,
                  const option_number *balance, const char *at) {
    char *end = NULL;
    double probability = at ? strtod(at, &end) : .5;
    if (count->given && (count->value < 1 || count->value > 1000000))
        usage_error(usage, "--count expects 1 to 1000000");
    else if (count->given && balance->given)
        usage_error(usage, "--count and --balance exclude each other");
    else if (at && !options->agree)
        usage_error(usage, "--at says how sure the classifier of --agree must be: there is none");
    else if (at && (end == at || *end || !(probability > 0 && probability <= 1)))
        usage_error(usage, "--at expects a probability from 0 to 1, not '%s'", at);
    else if (!options->with && !gm_augment_is_wanted(&options->operations))
        usage_error(usage, "nothing to augment with: name operations, such as --rotate 10 --flip, or --with RUN");
    else
        return true;
    return false;
}

int command_augment(int count, char **words) {
    gm_augmented_options augment = {.operations = GM_AUGMENT_NONE, .data = {.usual_hold = GM_HOLD_YES, .prefix = "--"}};
    option_number versions = {0}, balance = {0}, seed = {0};
    operations changes = {0};
    const char *source = NULL, *out = NULL, *at = NULL, *size = NULL, *fit = NULL, *split = NULL;
    option_row rows[MOST_OPTIONS] = {
        {"-o", "FILE|DIR", OPTION_TEXT, &out,
         "a new folder or .zip of pictures with labels.csv, .npz or .npy; default: beside SRC, as it is"},
        {"--count", "N", OPTION_NUMBER, &versions, "new images of each item (default 1)"},
        {"--balance", "[N]", OPTION_COUNT, &balance, "so many that every class has as many items as the largest, or N"},
        {"--only-new", NULL, OPTION_FLAG, &augment.only_new, "leave out the items themselves"},
        {"--with", "RUN", OPTION_TEXT, &augment.with, "new images are samples of a conditional generator"},
        {"--agree", "RUN", OPTION_TEXT, &augment.agree, "keep what a trained classifier takes for its class"},
        {"--at", "P", OPTION_TEXT, &at, "with that probability or more (default 0.5)"},
        {"--seed", "N", OPTION_NUMBER, &seed, "another makes other images (default 0)"},
        {"--size", "HxW", OPTION_TEXT, &size, "height and width that pictures are brought to; 64: 64x64"},
        {"--fit", "pad", OPTION_TEXT, &fit, "how: pad, resize or crop"},
        {"--split", "train", OPTION_TEXT, &split, "of a source with splits: train or test (default train)"},
        {"--device", "SEL", OPTION_TEXT, &augment.device, "gpu, cpu, P:D or part of a name (see ganymede devices)"},
    };
    size_t fixed = 0;
    while (rows[fixed].name)
        fixed++;
    const usage_text usage = {
        .command = "ganymede augment",
        .arguments = "SRC",
        .summary =
            "Makes a data set of images larger, by random changes or by samples of a generator. Labels, depth and\n"
            "channels stay. The changes are those that data.augment of a recipe makes in training; A is how far to\n"
            "both sides, A-B a range, in shares of the image or of the range from black to white.",
        .example = "ganymede augment photos -o more.zip --balance --rotate 10 --flip --scale 0.9-1.1",
        .options = rows,
        .option_count = fixed + operation_rows(&changes, rows + fixed),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &source, &exit_code))
        return exit_code;
    if (!set_operations(&changes, &augment.operations))
        return usage_error(&usage, "%s", gm_error_message());
    if (!check(&usage, &augment, &versions, &balance, at) || !option_size(&usage, size, augment.data.size) ||
        !option_fit(&usage, fit, &augment.data.fit) || !option_split(&usage, split, &augment.data.split))
        return EXIT_USAGE;
    augment.at = at ? strtod(at, NULL) : 0;
    augment.seed = seed.value;
    augment.count = (size_t)versions.value;
    augment.balance = balance.given;
    augment.to = (size_t)balance.value;
    char *path = out ? NULL : default_path(source);
    if (!out && !path)
        exit_code = fail_with("out of memory");
    else if (!option_ending(&usage, "-o", out ? out : path, ".zip, .npz or .npy", &(bool){true}))
        exit_code = EXIT_USAGE;
    else
        exit_code = run(source, out ? out : path, &augment);
    free(path);
    return exit_code;
}

// ganymede impute: fills in the missing cells of a table, or says how well each method would.
#include "command.h"

#include "ganymede/impute.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TABLES = 1000, DRAWS = 20 };

typedef struct impute_arguments {
    const char *table, *out, *method, *columns;
    gm_imputer_options options;
    option_decimal share;
    option_number multiple, seed, seeds, steps;
    option_list methods;
    bool json, quiet;
} impute_arguments;

// ---- Filling ----

static void print_columns(const gm_impute_column *columns, size_t count) {
    print_line("%-20s %-9s %8s  %s", "column", "type", "missing", "filled by");
    for (size_t i = 0; i < count; i++) {
        const gm_impute_column *c = &columns[i];
        if (c->missing == 0)
            continue;
        print_part("%-20s %-9s %8zu  %s", c->name, c->type, c->missing, c->method ? c->method : "nothing is known");
        if (!isnan(c->error) && c->method)
            print_part(" (%s .%03.0f of cells hidden from it; %s .%03.0f)",
                       strcmp(c->type, "category") == 0 ? "wrong in" : "error", fmin(c->error, .999) * 1000,
                       strcmp(c->type, "category") == 0 ? "mode" : "mean", fmin(c->baseline, .999) * 1000);
        if (c->left > 0 && c->left < c->missing)
            print_part("; %zu left", c->left);
        print_line("%s", "");
    }
}

static void print_json(const gm_imputer *imputer, const char *const *files, size_t file_count) {
    size_t count;
    const char *between = "";
    const gm_impute_column *columns = gm_imputer_columns(imputer, &count);
    printf("{\"rows\": %zu, \"files\": [", gm_imputer_rows(imputer));
    for (size_t i = 0; i < file_count; i++) {
        printf("%s", i > 0 ? ", " : "");
        print_json_string(files[i]);
    }
    printf("], \"columns\": [");
    for (size_t i = 0; i < count; i++) {
        const gm_impute_column *c = &columns[i];
        printf("%s{\"name\": ", between);
        between = ", ";
        print_json_string(c->name);
        printf(", \"type\": \"%s\", \"missing\": %zu, \"left\": %zu, \"method\": ", c->type, c->missing, c->left);
        if (c->method)
            print_json_string(c->method);
        else
            printf("null");
        printf(", \"error\": ");
        print_json_number(c->error);
        printf(", \"baseline\": ");
        print_json_number(c->baseline);
        printf("}");
    }
    printf("]}\n");
}

static void print_report(const gm_imputer *imputer, const char *const *files, size_t file_count) {
    size_t count, missing = 0, left = 0;
    const gm_impute_column *columns = gm_imputer_columns(imputer, &count);
    for (size_t i = 0; i < count; i++) {
        missing += columns[i].missing;
        left += columns[i].left;
    }
    if (missing > 0)
        print_columns(columns, count);
    for (size_t i = 0; i < file_count; i++)
        print_line("%s: %zu rows, %zu of %zu missing cells filled in", files[i], gm_imputer_rows(imputer),
                   missing - left, missing);
}

// "filled-3.csv" of "filled.csv"; free().
static char *number_file(const char *path, size_t number) {
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    size_t stem = dot ? (size_t)(dot - path) : strlen(path), size = strlen(path) + 24;
    char *name = malloc(size);
    if (name)
        snprintf(name, size, "%.*s-%zu%s", (int)stem, path, number, path + stem);
    return name;
}

static bool fill(const impute_arguments *a, gm_imputer *imputer) {
    size_t count = a->multiple.given ? (size_t)a->multiple.value : 1;
    char *files[MOST_TABLES] = {NULL};
    bool named = true, done = false;
    for (size_t i = 0; i < count; i++)
        named = (files[i] = a->multiple.given ? number_file(a->out, i + 1) : strdup(a->out)) != NULL && named;
    if (!named)
        fail_with("out of memory");
    else
        done = gm_imputer_fill(imputer, a->method, (const char *const *)files, count) == GM_OK;
    if (done && a->json)
        print_json(imputer, (const char *const *)files, count);
    else if (done && !a->quiet)
        print_report(imputer, (const char *const *)files, count);
    else if (!done && named)
        fail_with_message();
    for (size_t i = 0; i < count; i++)
        free(files[i]);
    return done;
}

// ---- Evaluation ----

static void print_figure(double value, double spread) {
    if (isnan(value))
        print_part("  %-15s", "-");
    else if (isnan(spread))
        print_part("  %-15.4f", value);
    else
        print_part("  %.4f +- %.4f", value, spread);
}

static void print_score(const gm_impute_score *score, void *user) {
    const impute_arguments *a = user;
    print_part("%-16s", score->method);
    print_figure(score->rmse, score->rmse_spread);
    print_figure(score->written, NAN);
    print_figure(score->accuracy, score->accuracy_spread);
    if (a->multiple.given)
        print_figure(score->coverage, NAN);
    print_line("%s", score->left > 0 ? "  (some cells left)" : "");
    fflush(stdout);
}

static void print_scores_json(const impute_arguments *a, const gm_impute_score *scores, size_t count) {
    printf("{\"share\": ");
    print_json_number(a->share.value);
    printf(", \"seeds\": %llu, \"methods\": [", a->seeds.given ? (unsigned long long)a->seeds.value : 5);
    for (size_t i = 0; i < count; i++) {
        const gm_impute_score *s = &scores[i];
        const struct {
            const char *key;
            double value;
        } figures[] = {{"rmse", s->rmse},         {"rmse_spread", s->rmse_spread},         {"written", s->written},
                       {"accuracy", s->accuracy}, {"accuracy_spread", s->accuracy_spread}, {"coverage", s->coverage}};
        printf("%s{\"method\": ", i > 0 ? ", " : "");
        print_json_string(s->method);
        for (size_t k = 0; k < COUNT(figures); k++) {
            printf(", \"%s\": ", figures[k].key);
            print_json_number(figures[k].value);
        }
        printf(", \"left\": %zu}", s->left);
    }
    printf("]}\n");
}

static bool evaluate(impute_arguments *a, gm_imputer *imputer) {
    gm_impute_score *scores = NULL;
    size_t count;
    const gm_impute_scoring scoring = {.share = a->share.value,
                                       .methods = a->methods.count > 0 ? a->methods.entries : NULL,
                                       .method_count = a->methods.count,
                                       .seeds = (size_t)a->seeds.value,
                                       .draws = a->multiple.given ? (size_t)a->multiple.value : 0,
                                       .done = a->json ? NULL : print_score,
                                       .user = a};
    if (!a->json && !a->quiet) {
        print_line("%g of the known cells hidden, filled in and compared; mean and deviation of %llu seeds",
                   a->share.value, a->seeds.given ? (unsigned long long)a->seeds.value : 5);
        print_line("%-16s  %-16s  %-15s  %-16s%s", "method", "RMSE / range", "as written", "categories right",
                   a->multiple.given ? "  in the middle 90 % of draws" : "");
    }
    bool done = gm_imputer_score(imputer, &scoring, &scores, &count) == GM_OK;
    if (done && a->json)
        print_scores_json(a, scores, count);
    else if (!done)
        fail_with_message();
    free(scores);
    return done;
}

// ---- Options ----

// A file of --schema, or columns in braces.
static bool read_columns(const char *text, gm_table_schema **columns) {
    char *file = NULL, *whole = NULL;
    size_t size = strlen(text) + 16, bytes = 0;
    FILE *opened = NULL;
    bool braces = *text == '{', read = true;
    if (braces) {
        whole = malloc(size);
        if (whole)
            bytes = (size_t)snprintf(whole, size, "columns: %s\n", text);
    } else if ((opened = fopen(text, "rb"))) {
        enum { MOST = 1 << 24 };
        file = malloc(MOST);
        bytes = file ? fread(file, 1, MOST, opened) : 0;
        fclose(opened);
    } else {
        fail_with("--columns: %s cannot be read: give a file of 'ganymede data TABLE --schema', or {NAME: TYPE, ...}",
                  text);
        return false;
    }
    read = (whole || file) &&
           gm_table_schema_parse(columns, braces ? "--columns" : text, whole ? whole : file, bytes) == GM_OK;
    if (!read)
        fail_with_message();
    free(whole);
    free(file);
    return read;
}

static bool check_methods(const usage_text *usage, const impute_arguments *a) {
    bool known = !a->method || gm_impute_check(a->method) == GM_OK;
    for (size_t i = 0; i < a->methods.count && known; i++)
        known = gm_impute_check(a->methods.entries[i]) == GM_OK;
    if (!known)
        usage_error(usage, "%s", gm_error_message());
    return known;
}

// False: a message says what is wrong.
static bool check_arguments(const usage_text *usage, const impute_arguments *a) {
    bool evaluates = a->share.given;
    if (!a->out && !evaluates)
        usage_error(usage, "-o FILLED.csv is missing: the table to write; or say --evaluate SHARE");
    else if (evaluates && !(a->share.value > 0 && a->share.value < 1))
        usage_error(usage, "--evaluate expects a share of the known cells above 0 and below 1, such as 0.2");
    else if (evaluates && a->out)
        usage_error(usage, "--evaluate prints figures and writes nothing: leave out -o");
    else if (evaluates && a->method)
        usage_error(usage, "--evaluate compares all methods, or those of --try: leave out --method");
    else if (!evaluates && (a->methods.count > 0 || a->seeds.given))
        usage_error(usage, "--try and --seeds are for --evaluate");
    else if (a->seeds.given && (a->seeds.value < 1 || a->seeds.value > 1000))
        usage_error(usage, "--seeds expects 1 to 1000");
    else if (a->multiple.given && (a->multiple.value < 2 || a->multiple.value > MOST_TABLES))
        usage_error(usage, "--multiple expects 2 to %d tables", MOST_TABLES);
    else if (a->steps.given && a->steps.value < 1)
        usage_error(usage, "--steps expects at least 1");
    else if (!evaluates && !option_apart(usage, a->table, a->out))
        return false;
    else
        return check_methods(usage, a);
    return false;
}

static bool run(impute_arguments *a) {
    gm_imputer *imputer = NULL;
    gm_table_schema *columns = NULL;
    if (a->columns && !read_columns(a->columns, &columns))
        return false;
    a->options.columns = columns;
    a->options.seed = a->seed.value;
    a->options.steps = a->steps.value;
    bool done = gm_imputer_open(&imputer, a->table, &a->options) == GM_OK;
    if (!done)
        fail_with_message();
    else
        done = a->share.given ? evaluate(a, imputer) : fill(a, imputer);
    gm_imputer_close(&imputer);
    gm_table_schema_destroy(&columns);
    return done;
}

typedef struct method_name {
    char text[64];
} method_name;

// "nearest[=K]": where the argument may be left out.
static method_name name_of(const gm_impute_info *info) {
    method_name result;
    const bool may = info->argument && info->standard;
    snprintf(result.text, sizeof result.text, "%s%s%s%s%s", info->name, may ? "[" : "", info->argument ? "=" : "",
             info->argument ? info->argument : "", may ? "]" : "");
    return result;
}

// The methods, for the help.
static char *describe_methods(const char *first) {
    size_t count, size = 8192, length;
    const gm_impute_info *infos = gm_impute_methods(&count);
    char *text = malloc(size);
    if (!text)
        return NULL;
    length = (size_t)snprintf(text, size, "%s", first);
    for (size_t i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, "\n  %c %-20s %s", infos[i].tried ? '*' : ' ',
                                   name_of(&infos[i]).text, infos[i].help);
    return text;
}

static int parse_and_run(int count, char **words, const char *summary, const char **tried) {
    impute_arguments a = {.methods = {.entries = tried}};
    const option_row options[] = {
        {"-o", "FILE", OPTION_TEXT, &a.out,
         "the table with its missing cells filled in; all else stays, byte for byte"},
        {"--method", "auto", OPTION_TEXT, &a.method, "how: one of the above"},
        {"--fit", "TABLE", OPTION_TEXT, &a.options.fit, "learn from this table instead, which has the same columns"},
        {"--by", "COLUMN", OPTION_TEXT, &a.options.by,
         "a series goes in the order of this column, whose values are the positions (default: in the order of rows)"},
        {"--multiple", "M", OPTION_NUMBER, &a.multiple,
         "draw M tables, FILE-1.csv to FILE-M.csv, that differ by what is not known (ridge, gain); with --evaluate: how"
         " often the truth lies in the middle 90 % of M"},
        {"--columns", "FILE|{...}", OPTION_TEXT, &a.columns,
         "what is known of the columns: {id: skip, zip: category}, or a file of ganymede data TABLE --schema"},
        {"--evaluate", "SHARE", OPTION_DECIMAL, &a.share,
         "hide this share of the known cells, and print how well each method fills them in"},
        {"--try", "METHOD", OPTION_LIST, &a.methods, "with --evaluate: this method alone; may be given again"},
        {"--seeds", "N", OPTION_NUMBER, &a.seeds, "with --evaluate: how often cells are hidden (default 5)"},
        {"--seed", "N", OPTION_NUMBER, &a.seed, "of all that is random (default 0)"},
        {"--steps", "N", OPTION_NUMBER, &a.steps, "of training, for gain (default 10000)"},
        {"--device", "SEL", OPTION_TEXT, &a.options.device, "to train on, for gain: gpu, cpu, P:D or part of a name"},
        {"--json", NULL, OPTION_FLAG, &a.json, "one JSON object on standard output"},
        {"--quiet", NULL, OPTION_FLAG, &a.quiet, "print nothing but errors and, with --evaluate, figures"},
    };
    const usage_text usage = {
        .command = "ganymede impute",
        .arguments = "TABLE",
        .summary = summary,
        .example = "ganymede impute patients.csv --method ridge -o filled.csv",
        .options = options,
        .option_count = COUNT(options),
        .least = 1,
        .most = 1,
    };
    int exit_code;
    if (!options_parse(&usage, count, words, &a.table, &exit_code))
        return exit_code;
    if (!check_arguments(&usage, &a))
        return EXIT_USAGE;
    a.method = a.method ? a.method : "auto";
    return run(&a) ? EXIT_OK : EXIT_ERROR;
}

int command_impute(int count, char **words) {
    char *summary = describe_methods(
        "Fills in the missing cells of a CSV or TSV table (empty, NA, N/A, ?, nan, null), and changes nothing else.\n"
        "Methods:");
    const char **tried = calloc((size_t)count + 1, sizeof *tried);
    int code = summary && tried ? parse_and_run(count, words, summary, tried) : fail_with("out of memory");
    free(summary);
    free(tried);
    return code;
}

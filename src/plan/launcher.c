// Launchers: the kernels that run functions, one of them or the parts of a merged launch. The work-groups of all parts
// stand in one row, and each finds its part by its number.
#include "plan/merge.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const gm_launch *launch_of(const gm_emitter *emitter, uint32_t part) {
    return &emitter->launches[part];
}

static const gm_kernel_text *text_of(const gm_emitter *emitter, uint32_t part) {
    return &emitter->kernels[launch_of(emitter, part)->kernel];
}

size_t gm_merged_functions(const gm_emitter *emitter, const gm_merged *in, uint32_t function[MOST_FUNCTIONS]) {
    size_t count = 0;
    for (size_t i = 0; i < in->count; i++) {
        uint32_t kernel = launch_of(emitter, in->part[i])->kernel;
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = function[k] == kernel;
        if (!known)
            function[count++] = kernel;
    }
    return count;
}

static bool same_value(const gm_argument *a, const gm_argument *b) {
    return a->kind == GM_ARGUMENT_KEY || (a->kind == GM_ARGUMENT_STORAGE && a->storage == b->storage) ||
           (a->kind == GM_ARGUMENT_INT && a->integer == b->integer) ||
           (a->kind == GM_ARGUMENT_FLOAT && memcmp(&a->real, &b->real, sizeof a->real) == 0);
}

bool gm_merged_varies(const gm_emitter *emitter, const uint32_t *part, size_t count, const gm_launch *more, size_t k) {
    const gm_argument *first = &launch_of(emitter, part[0])->argument[k];
    bool other = more && !same_value(first, &more->argument[k]);
    for (size_t i = 1; i < count; i++)
        other = other || !same_value(first, &launch_of(emitter, part[i])->argument[k]);
    return other;
}

size_t gm_merged_arguments(const gm_emitter *emitter, const gm_merged *in, const gm_launch *more) {
    size_t count = 0;
    for (size_t k = 0; k < more->argument_count; k++)
        if (!gm_merged_varies(emitter, in->part, in->count, more, k))
            count++;
        else if (more->argument[k].kind != GM_ARGUMENT_INT)
            count += in->count + 1;
    return count;
}

static void append_type(gm_text *text, const gm_argument *argument) {
    static const char *const type[] = {[GM_ARGUMENT_STORAGE] = "__global void *",
                                       [GM_ARGUMENT_INT] = "const int ",
                                       [GM_ARGUMENT_FLOAT] = "const float ",
                                       [GM_ARGUMENT_KEY] = "const ulong "};
    gm_text_append(text, type[argument->kind]);
}

// Of a value that is chosen by the group's number; keys do not vary.
static const char *variable_type(const gm_argument *argument) {
    return argument->kind == GM_ARGUMENT_STORAGE ? "__global void *"
           : argument->kind == GM_ARGUMENT_INT   ? "int "
                                                 : "float ";
}

static void append_head(gm_text *text, const size_t local[3], const char *attribute) {
    gm_text_printf(text, "__kernel __attribute__((reqd_work_group_size(%zu, %zu, %zu))) %s void @(", local[0], local[1],
                   local[2], attribute ? attribute : "");
}

static void append_local(gm_text *text, const gm_kernel_text *function) {
    if (function->local)
        gm_text_printf(text, "    __local float4 l[(%s_local + 3) / 4];\n", function->name);
}

// One array for all functions that need local memory, as large as the largest of them wants it.
static void append_shared_local(gm_text *text, const gm_emitter *emitter, const uint32_t *function, size_t count) {
    size_t largest = 0;
    for (size_t i = 0; i < count; i++) {
        const gm_kernel_text *kernel = &emitter->kernels[function[i]];
        if (!kernel->local)
            continue;
        if (largest == 0)
            gm_text_printf(text, "    enum { m1 = %s_local };\n", kernel->name);
        else
            gm_text_printf(text, "    enum { m%zu = %s_local > m%zu ? %s_local : m%zu };\n", largest + 1, kernel->name,
                           largest, kernel->name, largest);
        largest++;
    }
    if (largest > 0)
        gm_text_printf(text, "    __local float4 l[(m%zu + 3) / 4];\n", largest);
}

static const char *local_argument(const gm_kernel_text *function) {
    return function->local ? ", GM_LOCAL(l)" : "";
}

// One function, its arguments passed on: the text depends on no sizes, so that few kernels serve many launches.
static void append_single(gm_text *text, const gm_emitter *emitter, uint32_t part) {
    const gm_launch *launch = launch_of(emitter, part);
    const gm_kernel_text *function = text_of(emitter, part);
    append_head(text, launch->local, function->attribute);
    for (size_t k = 0; k < launch->argument_count; k++) {
        gm_text_append(text, k ? ", " : "");
        append_type(text, &launch->argument[k]);
        gm_text_printf(text, "v%zu", k);
    }
    gm_text_append(text, ") {\n");
    append_local(text, function);
    gm_text_printf(text,
                   "    %s((int4)(get_group_id(0), get_group_id(1), get_group_id(2), 0),\n"
                   "        (int4)(get_num_groups(0), get_num_groups(1), get_num_groups(2), 0)%s",
                   function->name, local_argument(function));
    for (size_t k = 0; k < launch->argument_count; k++)
        gm_text_printf(text, ", v%zu", k);
    gm_text_append(text, ");\n}\n");
}

static size_t groups_of(const gm_launch *launch, size_t dimension) {
    return launch->global[dimension] / launch->local[dimension];
}

static size_t all_groups(const gm_launch *launch) {
    return groups_of(launch, 0) * groups_of(launch, 1) * groups_of(launch, 2);
}

// Arguments of a merged kernel: each buffer once, and the key; numbers stand in the text unless they are `passed`.
typedef struct merged_arguments {
    bool passed;
    gm_argument argument[GM_MAX_ARGUMENTS];
    size_t count;
} merged_arguments;

static size_t argument_index(merged_arguments *list, const gm_argument *argument) {
    for (size_t i = 0; i < list->count; i++)
        if (list->argument[i].kind == argument->kind &&
            (argument->kind == GM_ARGUMENT_KEY || list->argument[i].storage == argument->storage)) {
            list->argument[i].written = list->argument[i].written || argument->written;
            return i;
        }
    list->argument[list->count] = *argument;
    return list->count++;
}

static void append_value(gm_text *text, merged_arguments *list, const gm_argument *argument) {
    const bool number = argument->kind == GM_ARGUMENT_INT || argument->kind == GM_ARGUMENT_FLOAT;
    if (number && list->passed) {
        gm_text_printf(text, "b%zu", list->count);
        list->argument[list->count++] = *argument;
    } else if (argument->kind == GM_ARGUMENT_INT)
        gm_text_printf(text, "%d", argument->integer);
    else if (argument->kind == GM_ARGUMENT_FLOAT)
        gm_text_printf(text, "%af", (double)argument->real);
    else
        gm_text_printf(text, "b%zu", argument_index(list, argument));
}

// All parts that run one function: their values are chosen by the group's number, then the function is called once.
static void append_parts(gm_text *text, const gm_emitter *emitter, const uint32_t *part, size_t count, size_t *begin,
                         merged_arguments *list) {
    const gm_launch *first = launch_of(emitter, part[0]);
    bool other[GM_MAX_ARGUMENTS];
    for (size_t k = 0; k < first->argument_count; k++) {
        other[k] = gm_merged_varies(emitter, part, count, NULL, k);
        if (!other[k])
            continue;
        gm_text_printf(text, "        %sv%zu;\n", variable_type(&first->argument[k]), k);
    }
    gm_text_append(text, "        int4 n;\n        int at;\n");
    for (size_t i = 0; i < count; i++) {
        const gm_launch *launch = launch_of(emitter, part[i]);
        if (i + 1 < count)
            gm_text_printf(text, "        %sif (g < %zu) {\n", i ? "else " : "", *begin + all_groups(launch));
        else
            gm_text_append(text, count > 1 ? "        else {\n" : "        {\n");
        gm_text_printf(text, "            at = g - %zu; n = (int4)(%zu, %zu, %zu, 0);\n", *begin, groups_of(launch, 0),
                       groups_of(launch, 1), groups_of(launch, 2));
        for (size_t k = 0; k < launch->argument_count; k++)
            if (other[k]) {
                gm_text_printf(text, "            v%zu = ", k);
                append_value(text, list, &launch->argument[k]);
                gm_text_append(text, ";\n");
            }
        gm_text_append(text, "        }\n");
        *begin += all_groups(launch);
    }
    const gm_kernel_text *function = text_of(emitter, part[0]);
    gm_text_append(text, function->local ? "        at = idle ? 0 : at;\n" : "");
    gm_text_printf(text, "        %s((int4)(at %% n.x, at / n.x %% n.y, at / (n.x * n.y), %s), n%s", function->name,
                   function->local ? "idle" : "0", local_argument(function));
    for (size_t k = 0; k < first->argument_count; k++) {
        gm_text_append(text, ", ");
        if (other[k])
            gm_text_printf(text, "v%zu", k);
        else
            append_value(text, list, &first->argument[k]);
    }
    gm_text_append(text, ");\n");
}

enum { PLACE_NUMBERS = 4 }; // that say which groups are a part's

static void append_parameter(gm_text *text, merged_arguments *list, const gm_argument *argument, size_t k,
                             size_t part) {
    gm_text_append(text, list->count ? ", " : "");
    append_type(text, argument);
    gm_text_printf(text, "v%zu_%zu", k, part);
    list->argument[list->count++] = *argument;
}

// Where a part's groups begin and how many they are along each axis, and of its integers those that vary: what a kernel
// reads from a table needs registers for one part, arguments would for all.
static void append_table(gm_text *text, const gm_emitter *emitter, const gm_merged *parts, const bool *varies) {
    const gm_launch *first = launch_of(emitter, parts->part[0]);
    size_t begin = 0, columns = PLACE_NUMBERS;
    for (size_t k = 0; k < first->argument_count; k++)
        columns += varies[k] && first->argument[k].kind == GM_ARGUMENT_INT;
    gm_text_printf(text, "__constant int @_parts[%zu][%zu] = {\n", parts->count, columns);
    for (size_t i = 0; i < parts->count; i++) {
        const gm_launch *launch = launch_of(emitter, parts->part[i]);
        gm_text_printf(text, "    {%zu, %zu, %zu, %zu", begin, groups_of(launch, 0), groups_of(launch, 1),
                       groups_of(launch, 2));
        for (size_t k = 0; k < launch->argument_count; k++)
            if (varies[k] && launch->argument[k].kind == GM_ARGUMENT_INT)
                gm_text_printf(text, ", %d", launch->argument[k].integer);
        gm_text_append(text, "},\n");
        begin += all_groups(launch);
    }
    gm_text_append(text, "};\n");
}

// Parts that all run one function with local memory. Returns the number of work-groups.
static size_t append_alike(gm_text *text, const gm_emitter *emitter, const gm_merged *parts, merged_arguments *list) {
    const gm_launch *first = launch_of(emitter, parts->part[0]);
    const gm_kernel_text *function = text_of(emitter, parts->part[0]);
    bool varies[GM_MAX_ARGUMENTS];
    size_t groups = 0, column = PLACE_NUMBERS;
    for (size_t k = 0; k < first->argument_count; k++)
        varies[k] = gm_merged_varies(emitter, parts->part, parts->count, NULL, k);
    append_table(text, emitter, parts, varies);
    append_head(text, first->local, function->attribute);
    for (size_t k = 0; k < first->argument_count; k++)
        if (!varies[k] || first->argument[k].kind != GM_ARGUMENT_INT)
            for (size_t i = 0; i < (varies[k] ? parts->count : 1); i++)
                append_parameter(text, list, &launch_of(emitter, parts->part[i])->argument[k], k, i);
    gm_text_append(text, ") {\n");
    append_local(text, function);
    gm_text_append(text, "    int part = 0;\n");
    for (size_t i = 0; i < parts->count; i++) {
        if (i > 0)
            gm_text_printf(text, "    part += get_group_id(0) >= %zu;\n", groups);
        groups += all_groups(launch_of(emitter, parts->part[i]));
    }
    gm_text_append(text, "    __constant int *n = @_parts[part];\n    const int at = (int)get_group_id(0) - n[0];\n");
    for (size_t k = 0; k < first->argument_count; k++) {
        if (!varies[k] || first->argument[k].kind == GM_ARGUMENT_INT)
            continue;
        gm_text_printf(text, "    %sv%zu = v%zu_0;\n", variable_type(&first->argument[k]), k, k);
        for (size_t i = 1; i < parts->count; i++)
            gm_text_printf(text, "    v%zu = part == %zu ? v%zu_%zu : v%zu;\n", k, i, k, i, k);
    }
    gm_text_printf(text,
                   "    %s((int4)(at %% n[1], at / n[1] %% n[2], at / (n[1] * n[2]), 0), (int4)(n[1], n[2], n[3], 0)%s",
                   function->name, local_argument(function));
    for (size_t k = 0; k < first->argument_count; k++)
        if (varies[k] && first->argument[k].kind == GM_ARGUMENT_INT)
            gm_text_printf(text, ", n[%zu]", column++);
        else
            gm_text_printf(text, varies[k] ? ", v%zu" : ", v%zu_0", k);
    gm_text_append(text, ");\n}\n");
    return groups;
}

// A block of code for each function. Every group goes through all of those that have barriers, idle in all but one:
// some drivers go wrong where barriers stand in branches. Sorts the parts by function; returns the number of
// work-groups.
static size_t append_merged(gm_text *text, const gm_emitter *emitter, const gm_merged *parts, merged_arguments *list) {
    uint32_t function[MOST_FUNCTIONS];
    size_t functions = gm_merged_functions(emitter, parts, function), groups = 0;
    gm_text body = {0};
    for (size_t i = 0; i < functions; i++) {
        uint32_t part[MOST_PARTS] = {0};
        size_t count = 0, end = groups;
        for (size_t k = 0; k < parts->count; k++)
            if (launch_of(emitter, parts->part[k])->kernel == function[i]) {
                end += all_groups(launch_of(emitter, parts->part[k]));
                part[count++] = parts->part[k];
            }
        bool local = text_of(emitter, part[0])->local;
        if (local)
            gm_text_printf(&body, "    {\n        const int idle = g < %zu || g >= %zu;\n", groups, end);
        else
            gm_text_printf(&body, "    if (g >= %zu && g < %zu) {\n", groups, end);
        append_parts(&body, emitter, part, count, &groups, list);
        gm_text_append(&body, local ? "    }\n    barrier(CLK_LOCAL_MEM_FENCE);\n" : "    }\n");
    }
    append_head(text, launch_of(emitter, parts->part[0])->local, NULL);
    for (size_t i = 0; i < list->count; i++) {
        gm_text_append(text, i ? ", " : "");
        append_type(text, &list->argument[i]);
        gm_text_printf(text, "b%zu", i);
    }
    gm_text_append(text, ") {\n");
    append_shared_local(text, emitter, function, functions);
    gm_text_append(text, "    const int g = get_group_id(0);\n");
    gm_text_append(text, body.failed ? "" : body.data);
    gm_text_append(text, "}\n");
    text->failed = text->failed || body.failed;
    gm_text_finish(&body);
    return groups;
}

// What the profile calls it: what its parts are called, else their functions, of generated ones the first digits.
static const char *label_of(gm_emitter *emitter, const gm_merged *parts) {
    gm_text text = {0};
    for (size_t i = 0; i < parts->count; i++) {
        const gm_launch *launch = launch_of(emitter, parts->part[i]);
        bool known = false;
        for (size_t k = 0; k < i && !known; k++)
            known = launch_of(emitter, parts->part[k])->kernel == launch->kernel;
        if (known)
            continue;
        gm_text_append(&text, i ? " + " : "");
        if (launch->cost.label) { // what a product has always: no kernel of the plan is behind it
            gm_text_append(&text, launch->cost.label);
        } else {
            const gm_kernel_text *kernel = text_of(emitter, parts->part[i]);
            gm_text_printf(&text, "%.*s", kernel->text[0] ? (int)strlen(kernel->name) - 12 : INT_MAX, kernel->name);
        }
    }
    const char *copy = text.failed ? NULL : gm_arena_string(&emitter->arena, text.data);
    gm_text_finish(&text);
    return copy;
}

static gm_status emit_launcher(gm_emitter *emitter, const gm_merged *parts, const char *text, uint32_t *kernel) {
    uint32_t calls[MOST_FUNCTIONS];
    size_t count = gm_merged_functions(emitter, parts, calls);
    char name[sizeof emitter->kernels->name]; // of one function: its own without the digits
    snprintf(name, sizeof name, "%s", text_of(emitter, parts->part[0])->name);
    if (count == 1 && strlen(name) > 17 && text_of(emitter, parts->part[0])->local)
        name[strlen(name) - 17] = '\0';
    else
        snprintf(name, sizeof name, "launch");
    return gm_emit_kernel(emitter, name, &(gm_kernel_text){.text = text, .calls = calls, .call_count = count}, kernel);
}

gm_status gm_merged_launch(gm_emitter *emitter, const gm_merged *parts, gm_launch *launch) {
    *launch = *launch_of(emitter, parts->part[0]);
    launch->cost.label = label_of(emitter, parts);
    if (!launch->cost.label)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a launch's name");
    if (launch->product || !text_of(emitter, parts->part[0])->function)
        return GM_OK;
    gm_text text = {0};
    merged_arguments list = {.passed = parts->repeated};
    if (parts->count == 1) {
        append_single(&text, emitter, parts->part[0]);
    } else {
        launch->dims = 1;
        uint32_t function[MOST_FUNCTIONS];
        bool alike = text_of(emitter, parts->part[0])->local && gm_merged_functions(emitter, parts, function) == 1;
        launch->global[0] = launch->local[0] * (alike ? append_alike : append_merged)(&text, emitter, parts, &list);
        launch->global[1] = launch->local[1];
        launch->global[2] = launch->local[2];
        launch->argument_count = list.count;
        launch->argument = gm_arena_copy(&emitter->arena, list.argument, list.count * sizeof *list.argument);
        for (size_t i = 1; i < parts->count; i++) {
            launch->cost.flop += launch_of(emitter, parts->part[i])->cost.flop;
            launch->cost.executed += launch_of(emitter, parts->part[i])->cost.executed;
            launch->cost.bytes += launch_of(emitter, parts->part[i])->cost.bytes;
        }
    }
    gm_status status = GM_OK;
    if (text.failed || !launch->argument)
        status = gm_fail(GM_ERROR_MEMORY, "out of memory for a kernel's text");
    else
        status = emit_launcher(emitter, parts, text.data, &launch->kernel);
    gm_text_finish(&text);
    return status;
}

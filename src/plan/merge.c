// Merging: launches of a phase that do not depend on one another run as one, so that a step is not bound by starting
// them. A part of a merged launch is a function with its arguments; the work-groups of all parts stand in one row, and
// each finds its part by its number.
//
// A launch moves up to an earlier one if it conflicts with nothing from there on, preferably to one that runs the same
// function (one copy of its code). What large launches write would live long: they join their neighbour alone, or, on
// GPUs, one not far away that runs the same function (the two halves of a discriminator's batch, say), and on CPUs none
// (see pays). Functions with local memory, which are long, join none but their like.
#include "plan/plan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_PARTS = 32,
    MOST_FUNCTIONS = 6,
    MOST_BUFFERS = 96,
    SMALL_BYTES = 1 << 20,
    SMALL_FLOP = 1 << 22,
    REACH = 32, // merged launches that a large one moves up by
};

// Parts that run as one launch, in the order in which they were emitted.
typedef struct merged {
    uint32_t part[MOST_PARTS]; // launches
    size_t count;
} merged;

typedef struct merging {
    gm_plan *plan;
    gm_emitter *emitter;
    merged *merged;
    size_t count;
} merging;

static const gm_launch *launch_of(const merging *m, uint32_t part) {
    return &m->emitter->launches[part];
}

static bool is_function(const merging *m, uint32_t part) {
    return !launch_of(m, part)->product && m->emitter->kernels[launch_of(m, part)->kernel].function;
}

static const gm_kernel_text *text_of(const merging *m, uint32_t part) {
    return &m->emitter->kernels[launch_of(m, part)->kernel];
}

// ---- Which ----

static bool conflict(const gm_launch *a, const gm_launch *b) {
    for (size_t i = 0; i < a->argument_count; i++)
        for (size_t k = 0; k < b->argument_count && a->argument[i].kind == GM_ARGUMENT_STORAGE; k++)
            if (b->argument[k].kind == GM_ARGUMENT_STORAGE && a->argument[i].storage == b->argument[k].storage &&
                (a->argument[i].written || b->argument[k].written))
                return true;
    return false;
}

static bool conflicts_with(const merging *m, const gm_launch *launch, const merged *with) {
    for (size_t i = 0; i < with->count; i++)
        if (conflict(launch, launch_of(m, with->part[i])))
            return true;
    return false;
}

static bool is_small(const gm_launch *launch) {
    return launch->cost.bytes <= SMALL_BYTES && launch->cost.flop <= SMALL_FLOP;
}

static bool runs_function(const merging *m, const merged *in, uint32_t kernel) {
    for (size_t i = 0; i < in->count; i++)
        if (launch_of(m, in->part[i])->kernel == kernel)
            return true;
    return false;
}

// The distinct buffers of the parts, and then of one more launch.
static size_t count_buffers(const merging *m, const merged *in, const gm_launch *more) {
    uint32_t storage[MOST_BUFFERS];
    size_t count = 0;
    for (size_t i = 0; i <= in->count; i++) {
        const gm_launch *launch = i < in->count ? launch_of(m, in->part[i]) : more;
        for (size_t k = 0; k < launch->argument_count; k++) {
            bool known = launch->argument[k].kind != GM_ARGUMENT_STORAGE;
            for (size_t j = 0; j < count && !known; j++)
                known = storage[j] == launch->argument[k].storage;
            if (known)
                continue;
            if (count == MOST_BUFFERS)
                return SIZE_MAX;
            storage[count++] = launch->argument[k].storage;
        }
    }
    return count;
}

// The distinct functions of the parts, in their order.
static size_t list_functions(const merging *m, const merged *in, uint32_t function[MOST_FUNCTIONS]) {
    size_t count = 0;
    for (size_t i = 0; i < in->count; i++) {
        uint32_t kernel = launch_of(m, in->part[i])->kernel;
        bool known = false;
        for (size_t k = 0; k < count && !known; k++)
            known = function[k] == kernel;
        if (!known)
            function[count++] = kernel;
    }
    return count;
}

// A merged kernel is text of its own, compiled in up to a second: on a CPU, whose launches start in microseconds,
// that is too much to save one start of a large launch.
static bool pays(const merging *m, const gm_launch *a, const gm_launch *b) {
    return m->emitter->gpu || (is_small(a) && is_small(b));
}

static bool same_value(const gm_argument *a, const gm_argument *b) {
    return a->kind == GM_ARGUMENT_KEY || (a->kind == GM_ARGUMENT_STORAGE && a->storage == b->storage) ||
           (a->kind == GM_ARGUMENT_INT && a->integer == b->integer) ||
           (a->kind == GM_ARGUMENT_FLOAT && memcmp(&a->real, &b->real, sizeof a->real) == 0);
}

// Whether argument k is another for one of these parts, or for one more, than for the first.
static bool varies(const merging *m, const uint32_t *part, size_t count, const gm_launch *more, size_t k) {
    const gm_argument *first = &launch_of(m, part[0])->argument[k];
    bool other = more && !same_value(first, &more->argument[k]);
    for (size_t i = 1; i < count; i++)
        other = other || !same_value(first, &launch_of(m, part[i])->argument[k]);
    return other;
}

enum { PLACE_ARGUMENTS = 4 }; // of a part: its groups, and where they begin

// Of parts that run one function with local memory, and one more: see append_alike.
static size_t count_arguments(const merging *m, const merged *in, const gm_launch *more) {
    size_t count = PLACE_ARGUMENTS * (in->count + 1);
    for (size_t k = 0; k < more->argument_count; k++)
        count += varies(m, in->part, in->count, more, k) ? in->count + 1 : 1;
    return count;
}

static bool joins(const merging *m, uint32_t part, const merged *to) {
    const gm_launch *launch = launch_of(m, part), *first = launch_of(m, to->part[0]);
    uint32_t function[MOST_FUNCTIONS];
    bool alike = text_of(m, part)->local || (is_function(m, to->part[0]) && text_of(m, to->part[0])->local);
    if (alike && (launch->kernel != first->kernel || count_arguments(m, to, launch) > GM_MAX_ARGUMENTS))
        return false;
    return is_function(m, to->part[0]) && pays(m, launch, first) && to->count < MOST_PARTS &&
           memcmp(launch->local, first->local, sizeof launch->local) == 0 &&
           (runs_function(m, to, launch->kernel) || list_functions(m, to, function) < MOST_FUNCTIONS) &&
           count_buffers(m, to, launch) <= MOST_BUFFERS;
}

// The merged launch that a launch joins, NULL: one of its own.
static merged *find_place(const merging *m, uint32_t part) {
    const gm_launch *launch = launch_of(m, part);
    merged *place = NULL;
    if (m->plan->separate && !m->plan->unfilled)
        return NULL; // what is compared with merged launches
    for (size_t i = m->count; i-- > 0 && is_function(m, part);) {
        merged *at = &m->merged[i];
        bool neighbour = is_small(launch) || i + 1 == m->count, same = runs_function(m, at, launch->kernel);
        if (conflicts_with(m, launch, at))
            break;
        if ((neighbour || same) && joins(m, part, at) && (!place || same)) {
            place = at;
            if (same)
                break;
        }
        if (!is_small(launch) && (!m->emitter->gpu || i + REACH < m->count))
            break;
    }
    return place;
}

// ---- The kernels that run them ----

static void append_type(gm_text *text, const gm_argument *argument) {
    static const char *const type[] = {[GM_ARGUMENT_STORAGE] = "__global void *",
                                       [GM_ARGUMENT_INT] = "const int ",
                                       [GM_ARGUMENT_FLOAT] = "const float ",
                                       [GM_ARGUMENT_KEY] = "const ulong "};
    gm_text_append(text, type[argument->kind]);
}

static void append_head(gm_text *text, const size_t local[3], const char *attribute) {
    gm_text_printf(text, "__kernel __attribute__((reqd_work_group_size(%zu, %zu, %zu))) %s void @(", local[0], local[1],
                   local[2], attribute ? attribute : "");
}

static void append_local(gm_text *text, const gm_kernel_text *function) {
    if (function->local)
        gm_text_printf(text, "    __local float4 l[(%s_local + 3) / 4];\n", function->name);
}

static const char *local_argument(const gm_kernel_text *function) {
    return function->local ? ", GM_LOCAL(l)" : "";
}

// One function, its arguments passed on: the text depends on no sizes, so that few kernels serve many launches.
static void append_single(gm_text *text, const merging *m, uint32_t part) {
    const gm_launch *launch = launch_of(m, part);
    const gm_kernel_text *function = text_of(m, part);
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

// Arguments of a merged kernel: each buffer once, and the key; numbers stand in the text.
typedef struct merged_arguments {
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
    if (argument->kind == GM_ARGUMENT_INT)
        gm_text_printf(text, "%d", argument->integer);
    else if (argument->kind == GM_ARGUMENT_FLOAT)
        gm_text_printf(text, "%af", (double)argument->real);
    else
        gm_text_printf(text, "b%zu", argument_index(list, argument));
}

// All parts that run one function: their values are chosen by the group's number, then the function is called once.
static void append_parts(gm_text *text, const merging *m, const uint32_t *part, size_t count, size_t *begin,
                         merged_arguments *list) {
    const gm_launch *first = launch_of(m, part[0]);
    bool other[GM_MAX_ARGUMENTS];
    for (size_t k = 0; k < first->argument_count; k++) {
        other[k] = varies(m, part, count, NULL, k);
        if (!other[k])
            continue;
        gm_text_append(text, "        ");
        gm_text_append(text, first->argument[k].kind == GM_ARGUMENT_STORAGE ? "__global void *"
                             : first->argument[k].kind == GM_ARGUMENT_INT   ? "int "
                                                                            : "float ");
        gm_text_printf(text, "v%zu;\n", k);
    }
    gm_text_append(text, "        int4 n;\n        int at;\n");
    for (size_t i = 0; i < count; i++) {
        const gm_launch *launch = launch_of(m, part[i]);
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
    gm_text_printf(text, "        %s((int4)(at %% n.x, at / n.x %% n.y, at / (n.x * n.y), 0), n",
                   text_of(m, part[0])->name);
    for (size_t k = 0; k < first->argument_count; k++) {
        gm_text_append(text, ", ");
        if (other[k])
            gm_text_printf(text, "v%zu", k);
        else
            append_value(text, list, &first->argument[k]);
    }
    gm_text_append(text, ");\n");
}

static void add_argument(merged_arguments *list, const gm_argument *argument) {
    list->argument[list->count++] = *argument;
}

static void add_int(merged_arguments *list, size_t value) {
    add_argument(list, &(gm_argument){.kind = GM_ARGUMENT_INT, .integer = (int32_t)value});
}

static void append_parameter(gm_text *text, merged_arguments *list, const gm_argument *argument, size_t k,
                             size_t part) {
    gm_text_append(text, list->count ? ", " : "");
    append_type(text, argument);
    gm_text_printf(text, "v%zu_%zu", k, part);
    add_argument(list, argument);
}

// Parts that all run one function with local memory. Its code is long to compile: no number stands in the text, which
// depends on what varies alone, so that few kernels serve many launches. Returns the number of work-groups.
static size_t append_alike(gm_text *text, const merging *m, const merged *parts, merged_arguments *list) {
    const gm_launch *first = launch_of(m, parts->part[0]);
    const gm_kernel_text *function = text_of(m, parts->part[0]);
    bool other[GM_MAX_ARGUMENTS];
    size_t groups = 0;
    append_head(text, first->local, function->attribute);
    for (size_t k = 0; k < first->argument_count; k++) {
        other[k] = varies(m, parts->part, parts->count, NULL, k);
        for (size_t i = 0; i < (other[k] ? parts->count : 1); i++)
            append_parameter(text, list, &launch_of(m, parts->part[i])->argument[k], k, i);
    }
    for (size_t i = 0; i < parts->count; i++) {
        gm_text_printf(text, ", const int g%zu, const int x%zu, const int y%zu, const int z%zu", i, i, i, i);
        add_int(list, groups);
        for (size_t d = 0; d < 3; d++)
            add_int(list, groups_of(launch_of(m, parts->part[i]), d));
        groups += all_groups(launch_of(m, parts->part[i]));
    }
    gm_text_append(text, ") {\n");
    append_local(text, function);
    gm_text_append(text, "    int at = get_group_id(0);\n    int4 n = (int4)(x0, y0, z0, 0);\n");
    for (size_t k = 0; k < first->argument_count; k++)
        if (other[k]) {
            gm_text_append(text, "    ");
            gm_text_append(text, first->argument[k].kind == GM_ARGUMENT_STORAGE ? "__global void *"
                                 : first->argument[k].kind == GM_ARGUMENT_INT   ? "int "
                                                                                : "float ");
            gm_text_printf(text, "v%zu = v%zu_0;\n", k, k);
        }
    for (size_t i = 1; i < parts->count; i++) {
        gm_text_printf(text, "    if ((int)get_group_id(0) >= g%zu) {\n", i);
        gm_text_printf(text, "        at = (int)get_group_id(0) - g%zu; n = (int4)(x%zu, y%zu, z%zu, 0);\n", i, i, i,
                       i);
        for (size_t k = 0; k < first->argument_count; k++)
            if (other[k])
                gm_text_printf(text, "        v%zu = v%zu_%zu;\n", k, k, i);
        gm_text_append(text, "    }\n");
    }
    gm_text_printf(text, "    %s((int4)(at %% n.x, at / n.x %% n.y, at / (n.x * n.y), 0), n%s", function->name,
                   local_argument(function));
    for (size_t k = 0; k < first->argument_count; k++)
        gm_text_printf(text, other[k] ? ", v%zu" : ", v%zu_0", k);
    gm_text_append(text, ");\n}\n");
    return groups;
}

// A block of code for each function. Sorts the parts by function; returns the number of work-groups.
static size_t append_merged(gm_text *text, const merging *m, const merged *parts, merged_arguments *list) {
    uint32_t function[MOST_FUNCTIONS];
    size_t functions = list_functions(m, parts, function), groups = 0;
    gm_text body = {0};
    for (size_t i = 0; i < functions; i++) {
        uint32_t part[MOST_PARTS] = {0};
        size_t count = 0, end = groups;
        for (size_t k = 0; k < parts->count; k++)
            if (launch_of(m, parts->part[k])->kernel == function[i]) {
                end += all_groups(launch_of(m, parts->part[k]));
                part[count++] = parts->part[k];
            }
        gm_text_printf(&body, "    if (g >= %zu && g < %zu) {\n", groups, end);
        append_parts(&body, m, part, count, &groups, list);
        gm_text_append(&body, "    }\n");
    }
    append_head(text, launch_of(m, parts->part[0])->local, NULL);
    for (size_t i = 0; i < list->count; i++) {
        gm_text_append(text, i ? ", " : "");
        append_type(text, &list->argument[i]);
        gm_text_printf(text, "b%zu", i);
    }
    gm_text_append(text, ") {\n    const int g = get_group_id(0);\n");
    gm_text_append(text, body.failed ? "" : body.data);
    gm_text_append(text, "}\n");
    text->failed = text->failed || body.failed;
    gm_text_finish(&body);
    return groups;
}

// What the profile calls it: what its parts are called, else their functions, of generated ones the first digits.
static const char *label_of(const merging *m, const merged *parts) {
    gm_text text = {0};
    for (size_t i = 0; i < parts->count; i++) {
        const gm_launch *launch = launch_of(m, parts->part[i]);
        bool known = false;
        for (size_t k = 0; k < i && !known; k++)
            known = launch_of(m, parts->part[k])->kernel == launch->kernel;
        if (known)
            continue;
        gm_text_append(&text, i ? " + " : "");
        if (launch->cost.label) { // what a product has always: no kernel of the plan is behind it
            gm_text_append(&text, launch->cost.label);
        } else {
            const gm_kernel_text *kernel = text_of(m, parts->part[i]);
            gm_text_printf(&text, "%.*s", kernel->text[0] ? (int)strlen(kernel->name) - 12 : INT_MAX, kernel->name);
        }
    }
    const char *copy = text.failed ? NULL : gm_arena_string(&m->emitter->arena, text.data);
    gm_text_finish(&text);
    return copy;
}

static gm_status emit_launcher(const merging *m, const merged *parts, const char *text, uint32_t *kernel) {
    uint32_t calls[MOST_FUNCTIONS];
    size_t count = list_functions(m, parts, calls);
    char name[sizeof m->emitter->kernels->name]; // of one function: its own without the digits
    snprintf(name, sizeof name, "%s", text_of(m, parts->part[0])->name);
    if (count == 1 && strlen(name) > 17 && text_of(m, parts->part[0])->local)
        name[strlen(name) - 17] = '\0';
    else
        snprintf(name, sizeof name, "launch");
    return gm_emit_kernel(m->emitter, name, &(gm_kernel_text){.text = text, .calls = calls, .call_count = count},
                          kernel);
}

static gm_status create_launch(const merging *m, merged *parts, gm_launch *launch) {
    *launch = *launch_of(m, parts->part[0]);
    launch->cost.label = label_of(m, parts);
    if (!launch->cost.label)
        return gm_fail(GM_ERROR_MEMORY, "out of memory for a launch's name");
    if (!is_function(m, parts->part[0]))
        return GM_OK;
    gm_text text = {0};
    merged_arguments list = {.count = 0};
    if (parts->count == 1) {
        append_single(&text, m, parts->part[0]);
    } else {
        launch->dims = 1;
        launch->global[0] = launch->local[0] *
                            (text_of(m, parts->part[0])->local ? append_alike : append_merged)(&text, m, parts, &list);
        launch->global[1] = launch->local[1];
        launch->global[2] = launch->local[2];
        launch->argument_count = list.count;
        launch->argument = gm_arena_copy(&m->emitter->arena, list.argument, list.count * sizeof *list.argument);
        for (size_t i = 1; i < parts->count; i++) {
            launch->cost.flop += launch_of(m, parts->part[i])->cost.flop;
            launch->cost.bytes += launch_of(m, parts->part[i])->cost.bytes;
        }
    }
    gm_status status = GM_OK;
    if (text.failed || !launch->argument)
        status = gm_fail(GM_ERROR_MEMORY, "out of memory for a kernel's text");
    else
        status = emit_launcher(m, parts, text.data, &launch->kernel);
    gm_text_finish(&text);
    return status;
}

// Puts launches with equally many to follow beside one another: those of like parts of the graph, which can then join.
// Each after all that it conflicts with, as before. On CPUs the order stays: it has neighbours find values in the cache.
static gm_status order_by_height(gm_launch *launches, size_t count) {
    size_t *height, at = 0, highest = 0;
    gm_launch *ordered = NULL;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&height, count + 1, sizeof *height, "ordering launches"));
    GM_TRY_DONE(gm_alloc(&ordered, count + 1, sizeof *ordered, "ordering launches"));
    for (size_t i = count; i-- > 0;) {
        for (size_t k = i + 1; k < count; k++)
            if (conflict(&launches[i], &launches[k]))
                height[i] = GM_MAX(height[i], height[k] + 1);
        highest = GM_MAX(highest, height[i]);
    }
    for (size_t level = highest + 1; level-- > 0;)
        for (size_t i = 0; i < count; i++)
            if (height[i] == level)
                ordered[at++] = launches[i];
    if (count > 0)
        memcpy(launches, ordered, count * sizeof *launches);
done:
    free(height);
    free(ordered);
    return status;
}

gm_status gm_merge_launches(gm_plan *plan, size_t first) {
    gm_emitter *emitter = &plan->emitter;
    merging m = {.plan = plan, .emitter = emitter};
    size_t count = emitter->launch_count - first;
    gm_launch *launches = NULL;
    gm_status status = GM_OK;
    if (emitter->gpu)
        GM_TRY_DONE(order_by_height(emitter->launches + first, count));
    GM_TRY_DONE(gm_alloc(&m.merged, GM_MAX(count, (size_t)1), sizeof *m.merged, "merging launches"));
    GM_TRY_DONE(gm_alloc(&launches, GM_MAX(count, (size_t)1), sizeof *launches, "merging launches"));
    for (uint32_t part = (uint32_t)first; part < emitter->launch_count; part++) {
        merged *place = find_place(&m, part);
        if (!place)
            place = &m.merged[m.count++];
        place->part[place->count++] = part;
    }
    for (size_t i = 0; i < m.count; i++)
        GM_TRY_DONE(create_launch(&m, &m.merged[i], &launches[i]));
    if (m.count > 0)
        memcpy(emitter->launches + first, launches, m.count * sizeof *launches);
    emitter->launch_count = first + m.count;
done:
    free(m.merged);
    free(launches);
    return status;
}

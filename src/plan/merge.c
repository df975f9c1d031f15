// Merging: launches of a phase that do not depend on one another run as one, so that a step is not bound by starting
// them. A part of a merged launch is a function with its arguments.
//
// A launch moves up to an earlier one if it conflicts with nothing from there on, preferably to one that runs the same
// function (one copy of its code), else to the nearest, or on GPUs to the first, which leaves more places to what
// follows. What large launches write would live long: they join their neighbour alone, or, on GPUs, one not far away
// that runs the same function (the two halves of a discriminator's batch, say), and on CPUs none (see pays).
// Contractions with local memory join none but their like.
#include "plan/merge.h"

#include <stdlib.h>
#include <string.h>

enum {
    SMALL_BYTES = 1 << 20,
    SMALL_FLOP = 1 << 22,
    REACH = 32,       // merged launches that a large one moves up by
    MANY_REPEATS = 8, // of the same functions: fewer have their numbers in their texts, for compilers to reckon with
};

typedef struct merging {
    gm_plan *plan;
    gm_emitter *emitter;
    gm_merged *merged;
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

static bool arguments_conflict(const gm_argument *a, const gm_argument *b) {
    return a->kind == GM_ARGUMENT_STORAGE && b->kind == GM_ARGUMENT_STORAGE && a->storage == b->storage &&
           (a->written || b->written) && !(a->part && b->part);
}

static bool conflict(const gm_launch *a, const gm_launch *b) {
    for (size_t i = 0; i < a->argument_count; i++)
        for (size_t k = 0; k < b->argument_count; k++)
            if (arguments_conflict(&a->argument[i], &b->argument[k]))
                return true;
    return false;
}

static bool conflicts_with(const merging *m, const gm_launch *launch, const gm_merged *with) {
    for (size_t i = 0; i < with->count; i++)
        if (conflict(launch, launch_of(m, with->part[i])))
            return true;
    return false;
}

static bool is_small(const gm_launch *launch) {
    return launch->cost.bytes <= SMALL_BYTES && launch->cost.flop <= SMALL_FLOP;
}

static bool runs_function(const merging *m, const gm_merged *in, uint32_t kernel) {
    for (size_t i = 0; i < in->count; i++)
        if (launch_of(m, in->part[i])->kernel == kernel)
            return true;
    return false;
}

// The distinct buffers of the parts, and then of one more launch.
static size_t count_buffers(const merging *m, const gm_merged *in, const gm_launch *more) {
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

// A merged kernel is text of its own, compiled in up to a second: on a CPU, whose launches start in microseconds,
// that is too much to save one start of a large launch.
static bool pays(const merging *m, const gm_launch *a, const gm_launch *b) {
    return m->emitter->gpu || (is_small(a) && is_small(b));
}

// Instances of a template that need local memory: contractions, long to compile and greedy for registers.
static bool is_long(const merging *m, uint32_t part) {
    return text_of(m, part)->local && text_of(m, part)->body;
}

static bool joins(const merging *m, uint32_t part, const gm_merged *to) {
    const gm_launch *launch = launch_of(m, part), *first = launch_of(m, to->part[0]);
    uint32_t function[MOST_FUNCTIONS];
    size_t functions = gm_merged_functions(m->emitter, to, function);
    bool same = functions == 1 && launch->kernel == first->kernel;
    if (!same && (is_long(m, part) || (is_function(m, to->part[0]) && is_long(m, to->part[0]))))
        return false;
    if (same && text_of(m, part)->local && gm_merged_arguments(m->emitter, to, launch) > GM_MAX_ARGUMENTS)
        return false;
    return is_function(m, to->part[0]) && pays(m, launch, first) && to->count < MOST_PARTS &&
           memcmp(launch->local, first->local, sizeof launch->local) == 0 &&
           (runs_function(m, to, launch->kernel) || functions < MOST_FUNCTIONS) &&
           count_buffers(m, to, launch) <= MOST_BUFFERS;
}

// The merged launch that a launch joins, NULL: one of its own.
static gm_merged *find_place(const merging *m, uint32_t part) {
    const gm_launch *launch = launch_of(m, part);
    gm_merged *place = NULL;
    if (gm_plan_is_plain(m->plan))
        return NULL; // what is compared with merged launches
    for (size_t i = m->count; i-- > 0 && is_function(m, part);) {
        gm_merged *at = &m->merged[i];
        bool neighbour = is_small(launch) || i + 1 == m->count, same = runs_function(m, at, launch->kernel);
        if (conflicts_with(m, launch, at))
            break;
        if ((neighbour || same) && joins(m, part, at) && (m->emitter->gpu || !place || same)) {
            place = at;
            if (same)
                break;
        }
        if (!is_small(launch) && (!m->emitter->gpu || i + REACH < m->count))
            break;
    }
    return place;
}

// Of the launches so far that touch a storage in one way: one more than the largest height; 0: none do.
typedef struct touched {
    size_t read, written, written_part;
} touched;

// One more than the largest height of those that an argument's launch conflicts with, as in arguments_conflict.
static size_t height_over(const touched *t, const gm_argument *argument) {
    if (!argument->written)
        return GM_MAX(t->written, t->written_part);
    return GM_MAX(t->written, GM_MAX(t->read, argument->part ? 0 : t->written_part));
}

static void touch(touched *t, const gm_argument *argument, size_t height) {
    size_t *of = !argument->written ? &t->read : argument->part ? &t->written_part : &t->written;
    *of = GM_MAX(*of, height + 1);
}

// Puts launches with equally many to follow beside one another: those of like parts of the graph, which can then join.
// Each after all that it conflicts with, as before. On CPUs the order stays: it has neighbours find values in the
// cache.
static gm_status order_by_height(const gm_emitter *emitter, gm_launch *launches, size_t count) {
    size_t *height, at = 0, highest = 0;
    touched *storages = NULL;
    gm_launch *ordered = NULL;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&height, count, sizeof *height, "ordering launches"));
    GM_TRY_DONE(gm_alloc(&storages, GM_MAX(emitter->storage_count, (size_t)1), sizeof *storages, "ordering launches"));
    GM_TRY_DONE(gm_alloc(&ordered, count, sizeof *ordered, "ordering launches"));
    for (size_t i = count; i-- > 0;) {
        const gm_launch *launch = &launches[i];
        for (size_t k = 0; k < launch->argument_count; k++)
            if (launch->argument[k].kind == GM_ARGUMENT_STORAGE)
                height[i] =
                    GM_MAX(height[i], height_over(&storages[launch->argument[k].storage], &launch->argument[k]));
        for (size_t k = 0; k < launch->argument_count; k++)
            if (launch->argument[k].kind == GM_ARGUMENT_STORAGE)
                touch(&storages[launch->argument[k].storage], &launch->argument[k], height[i]);
        highest = GM_MAX(highest, height[i]);
    }
    for (size_t level = highest + 1; level-- > 0;)
        for (size_t i = 0; i < count; i++)
            if (height[i] == level)
                ordered[at++] = launches[i];
    memcpy(launches, ordered, count * sizeof *launches);
done:
    free(height);
    free(storages);
    free(ordered);
    return status;
}

// Which functions a merged launch runs, part by part.
static uint64_t hash_functions(const merging *m, const gm_merged *parts) {
    uint64_t hash = gm_hash(GM_HASH_START, &parts->count, sizeof parts->count);
    for (size_t i = 0; i < parts->count; i++)
        hash = gm_hash(hash, &launch_of(m, parts->part[i])->kernel, sizeof(uint32_t));
    return hash;
}

// Steps of a sequence run the same functions over and over: one kernel for all of them, to which their numbers are
// arguments, instead of one each to compile.
static gm_status find_repeated(const merging *m) {
    uint64_t *hash;
    GM_TRY(gm_alloc(&hash, m->count, sizeof *hash, "merging launches"));
    for (size_t i = 0; i < m->count; i++)
        hash[i] = hash_functions(m, &m->merged[i]);
    for (size_t i = 0; i < m->count; i++) {
        size_t count = 0, numbers = 0;
        for (size_t k = 0; k < m->count; k++)
            count += hash[k] == hash[i];
        for (size_t k = 0; k < m->merged[i].count; k++)
            numbers += launch_of(m, m->merged[i].part[k])->argument_count;
        m->merged[i].repeated = count >= MANY_REPEATS && numbers <= GM_MAX_ARGUMENTS;
    }
    free(hash);
    return GM_OK;
}

gm_status gm_merge_launches(gm_plan *plan, size_t first) {
    gm_emitter *emitter = &plan->emitter;
    merging m = {.plan = plan, .emitter = emitter};
    size_t count = emitter->launch_count - first;
    gm_launch *launches = NULL;
    gm_status status = GM_OK;
    if (count == 0)
        return GM_OK; // of a first phase without launches there is no array either
    if (emitter->gpu)
        GM_TRY_DONE(order_by_height(emitter, emitter->launches + first, count));
    GM_TRY_DONE(gm_alloc(&m.merged, count, sizeof *m.merged, "merging launches"));
    GM_TRY_DONE(gm_alloc(&launches, count, sizeof *launches, "merging launches"));
    for (uint32_t part = (uint32_t)first; part < emitter->launch_count; part++) {
        gm_merged *place = find_place(&m, part);
        if (!place)
            place = &m.merged[m.count++];
        place->part[place->count++] = part;
    }
    GM_TRY_DONE(find_repeated(&m));
    for (size_t i = 0; i < m.count; i++)
        GM_TRY_DONE(gm_merged_launch(emitter, &m.merged[i], &launches[i]));
    memcpy(emitter->launches + first, launches, m.count * sizeof *launches);
    emitter->launch_count = first + m.count;
done:
    free(m.merged);
    free(launches);
    return status;
}

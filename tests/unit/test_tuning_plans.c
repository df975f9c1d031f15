// Tuning: plans that time their kernels' variants and run those that are chosen (src/plan/tune.c), on the default
// device.
//
// Plans use the CPU's kernels, which have most variants, but where a test says otherwise.
#include "tuning_support.h"

// One operation of two matrices or images, fetched.
typedef struct operation {
    gm_graph *graph;
    gm_tensor *input[2], *result;
    gm_phase *phase;
} operation;

static const char product_key[] = "cpu gemm 128x784 784x128 -> 128x128 nn"; // 25.7 MFLOP

static operation begin_operation(gm_shape x, gm_shape w) {
    operation o;
    OK(gm_graph_create(&o.graph));
    o.input[0] = gm_input(o.graph, "x", GM_FLOAT32, x);
    o.input[1] = gm_input(o.graph, "w", GM_FLOAT32, w);
    return o;
}

static void end_operation(operation *o, gm_tensor *result) {
    o->result = result;
    o->phase = gm_phase_create(o->graph, "all");
    gm_phase_fetch(o->phase, result);
}

static operation product(size_t m, size_t n, size_t k, bool transposed) {
    operation o = begin_operation(transposed ? GM_SHAPE(k, m) : GM_SHAPE(m, k), GM_SHAPE(k, n));
    end_operation(&o, gm_gemm(o.input[0], o.input[1], &(gm_gemm_params){.transpose_a = transposed}));
    return o;
}

static size_t count_of(const gm_tensor *x) {
    return gm_shape_count(gm_tensor_shape(x));
}

// Of both signs; no two rows or columns are alike.
static float *values_of(const gm_tensor *input) { // the caller's
    size_t count = count_of(input);
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)((uint32_t)(i * 2654435761u) >> 20) / 2048 - 0.9f;
    return values;
}

typedef struct planned {
    gm_state *state;
    gm_plan *plan;
} planned;

static planned plan(const operation *o, gm_tuning *tuning) {
    planned p;
    OK(gm_state_create(&p.state, device, 1));
    OK(gm_plan_create(&p.plan, o->graph, p.state, &(gm_plan_options){.tuning = tuning}));
    return p;
}

static void end_plan(planned *p) {
    gm_plan_destroy(&p->plan);
    gm_state_destroy(&p->state);
}

static void plan_only(const operation *o, gm_tuning *tuning) {
    planned p = plan(o, tuning);
    end_plan(&p);
}

static float *run(const operation *o, planned *p) { // the result, the caller's
    float *result = malloc(count_of(o->result) * sizeof *result);
    for (size_t i = 0; i < 2; i++) {
        float *values = values_of(o->input[i]);
        OK(gm_plan_write(p->plan, o->input[i], values, count_of(o->input[i]) * sizeof *values));
        free(values);
    }
    OK(gm_plan_run(p->plan, o->phase));
    OK(gm_plan_read(p->plan, o->result, result, count_of(o->result) * sizeof *result));
    return result;
}

// The product is that of the matrices, in double precision.
static void expect_product(const operation *o, const float *got, int line) {
    float *a = values_of(o->input[0]), *b = values_of(o->input[1]);
    size_t m = gm_tensor_shape(o->input[0])->dim[0], k = gm_tensor_shape(o->input[0])->dim[1],
           n = gm_tensor_shape(o->input[1])->dim[1];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0, magnitude = 0;
            for (size_t l = 0; l < k; l++) {
                double term = (double)a[i * k + l] * (double)b[l * n + j];
                sum += term;
                magnitude += fabs(term);
            }
            if (!(fabs((double)got[i * n + j] - sum) <= 1e-6 * magnitude))
                fail_msg("line %d: row %zu, column %zu is %.9g, not %.9g", line, i, j, (double)got[i * n + j], sum);
        }
    free(a);
    free(b);
}

static gm_device_counters counters(void) {
    gm_device_counters now;
    gm_device_get_counters(device, &now);
    return now;
}

static void plan_times_a_large_product_once(void **unused) {
    (void)unused;
    operation o = product(128, 128, 784, false);
    gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
    gm_device_counters before = counters();
    planned p = plan(&o, tuning);
    gm_device_counters after = counters();
    assert_true(after.launches > before.launches);
    assert_int_equal(tuning->count, 1);
    const gm_choice *choice = gm_tuning_find(tuning, product_key);
    if (!choice)
        fail_msg("the choice is for %s, not %s", tuning->choices[0].key, product_key);
    assert_true(choice->used && choice->fresh);
    // 25.7 MFLOP take no less than a microsecond and no more than ten seconds.
    assert_true(choice->milliseconds > 1e-3 && choice->milliseconds < 1e4);
    float *result = run(&o, &p);
    expect_product(&o, result, __LINE__);
    free(result);
    end_plan(&p);
    char *text = text_of(tuning, false);
    OK(gm_tuning_save(tuning));

    // Once more, with the same tuning and with one that reads the store.
    for (int i = 0; i < 2; i++) {
        before = counters();
        p = plan(&o, tuning);
        after = counters();
        assert_int_equal(after.launches, before.launches);
        end_plan(&p);
        assert_int_equal(tuning->count, 1);
        assert_true(tuning->choices[0].used && !tuning->choices[0].fresh);
        gm_tuning_destroy(&tuning);
        tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
        assert_false(tuning->choices[0].used);
    }
    char *stored = read_store();
    expect_text(stored, text, __LINE__);
    free(stored);
    free(text);
    gm_tuning_destroy(&tuning);
    gm_graph_destroy(&o.graph);
}

// The plan has taken the product's default, which the tuning holds for the run but not for the store.
static void expect_default(gm_tuning *tuning) {
    assert_int_equal(tuning->count, 1);
    const gm_choice *choice = &tuning->choices[0];
    assert_string_equal(choice->key, product_key);
    assert_string_equal(choice->variant, "direct");
    assert_true(choice->used && !choice->fresh && choice->milliseconds == 0);
}

// How many kernels planning makes beyond those of the plan: the candidates'.
static size_t candidates_of(const operation *o) {
    size_t made[2];
    for (int times = 0; times < 2; times++) {
        gm_tuning *tuning = create(&(gm_tuning_options){.mode = times ? GM_TUNING_NEW : GM_TUNING_STORED});
        gm_device_counters before = counters();
        plan_only(o, tuning);
        made[times] = counters().kernels_created - before.kernels_created;
        if (times)
            assert_int_equal(tuning->count, 1);
        else
            expect_default(tuning);
        assert_string_equal(tuning->choices[0].key, product_key);
        gm_tuning_destroy(&tuning);
    }
    return made[1] - made[0];
}

static void equal_operations_are_timed_as_one_and_small_ones_never(void **unused) {
    (void)unused;
    operation one = product(128, 128, 784, false), three = product(128, 128, 784, false);
    gm_tensor *other = gm_input(three.graph, "other", GM_FLOAT32, GM_SHAPE(128, 784));
    gm_tensor *thin = gm_input(three.graph, "thin", GM_FLOAT32, GM_SHAPE(784, 48)); // 9.6 MFLOP
    gm_phase_fetch(three.phase, gm_gemm(other, three.input[1], NULL));
    gm_phase_fetch(three.phase, gm_gemm(other, thin, NULL));
    size_t expected = candidates_of(&one);
    assert_true(expected >= 5); // the variants
    assert_int_equal(candidates_of(&three), expected);
    gm_graph_destroy(&one.graph);
    gm_graph_destroy(&three.graph);
}

// What was built to try variants is of no use afterwards.
static void programs_of_trials_go_with_them(void **unused) {
    (void)unused;
    operation o = product(128, 128, 784, false);
    gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
    gm_device_counters before, after;
    gm_device_get_counters(device, &before);
    plan_only(&o, tuning);
    gm_device_get_counters(device, &after);
    size_t made = after.programs_built + after.programs_loaded - before.programs_built - before.programs_loaded;
    size_t released = after.programs_released - before.programs_released;
    if (made < 1 || made > 2 || released != 1) // the plan's own may be there already
        fail_msg("of %zu programs %zu were released", made, released);
    gm_tuning_destroy(&tuning);
    gm_graph_destroy(&o.graph);
}

static void stored_mode_times_nothing(void **unused) {
    (void)unused;
    operation o = product(128, 128, 784, false);
    const gm_tuning_options *const options[] = {NULL, &(gm_tuning_options){.mode = GM_TUNING_STORED}};
    for (size_t i = 0; i < GM_COUNT(options); i++) {
        gm_tuning *tuning = create(options[i]);
        gm_device_counters before = counters();
        planned p = plan(&o, tuning);
        gm_device_counters after = counters();
        assert_int_equal(after.launches, before.launches);
        expect_default(tuning);
        OK(gm_tuning_save(tuning));
        assert_int_not_equal(access(store, F_OK), 0);
        float *result = run(&o, &p);
        expect_product(&o, result, __LINE__);
        free(result);
        end_plan(&p);
        gm_tuning_destroy(&tuning);
    }
    gm_graph_destroy(&o.graph);
}

static void nothing_is_timed_that_cannot_be_kept(void **unused) {
    (void)unused;
    operation o = product(128, 128, 784, false);
    OK(gm_file_write_atomic(cache, "x", 1));
    const char *const folders[] = {"", store}; // none, and one below a file
    for (size_t i = 0; i < GM_COUNT(folders); i++) {
        setenv("GANYMEDE_CACHE", folders[i], 1);
        gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
        gm_device_counters before = counters();
        plan_only(&o, tuning);
        assert_int_equal(counters().launches, before.launches);
        expect_default(tuning);
        OK(gm_tuning_save(tuning));
        gm_tuning_destroy(&tuning);
    }
    gm_graph_destroy(&o.graph);
}

static void spent_budget_gives_the_default_untimed(void **unused) {
    (void)unused;
    operation o = product(128, 128, 784, false);
    gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW, .seconds = 1e-9});
    plan_only(&o, tuning);
    assert_int_equal(tuning->count, 1);
    const gm_choice *choice = gm_tuning_find(tuning, product_key);
    assert_non_null(choice);
    assert_string_equal(choice->variant, "direct");
    assert_true(choice->milliseconds == 0);
    gm_tuning_destroy(&tuning);
    gm_graph_destroy(&o.graph);
}

// A stored choice whose time tells whether it was measured again.
static void put_product(const char *variant) {
    char line[128];
    snprintf(line, sizeof line, "%s\t%s\t%llu\n", product_key, variant, 123456789000000ull); // a day and a half
    put_lines(line);
}

static void all_mode_times_what_has_a_choice_once(void **unused) {
    (void)unused;
    put_product("tile6");
    operation o = product(128, 128, 784, false);
    gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
    plan_only(&o, tuning);
    expect_choice(tuning, product_key, "tile6", 123456789, __LINE__);
    gm_tuning_destroy(&tuning);

    tuning = create(&(gm_tuning_options){.mode = GM_TUNING_ALL});
    plan_only(&o, tuning);
    assert_int_equal(tuning->count, 1);
    const gm_choice *choice = gm_tuning_find(tuning, product_key);
    assert_true(choice->fresh && choice->milliseconds > 1e-3 && choice->milliseconds < 1e4);
    gm_device_counters before = counters();
    plan_only(&o, tuning);
    gm_device_counters after = counters();
    assert_int_equal(after.launches, before.launches);
    gm_tuning_destroy(&tuning);
    gm_graph_destroy(&o.graph);
}

static void unknown_variant_is_the_default(void **unused) {
    (void)unused;
    static const char *const unknown[] = {"tile7", "tile", "tile60", "parts2", "Default", "x y"};
    operation o = product(128, 128, 784, false);
    for (size_t i = 0; i < GM_COUNT(unknown); i++) {
        put_product(unknown[i]);
        gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
        planned p = plan(&o, tuning);
        float *result = run(&o, &p);
        expect_product(&o, result, __LINE__);
        free(result);
        end_plan(&p);
        expect_choice(tuning, product_key, unknown[i], 123456789, __LINE__);
        gm_tuning_destroy(&tuning);
    }
    gm_graph_destroy(&o.graph);
}

static void kernel_families_have_choices_of_their_own(void **unused) {
    (void)unused;
    put_product("tile6");
    setenv("GANYMEDE_KERNELS", "gpu", 1);
    operation rows = product(128, 128, 784, false), outer = product(64, 64, 2048, true);
    gm_tuning *tuning = create(&(gm_tuning_options){.mode = GM_TUNING_NEW});
    plan_only(&rows, tuning);
    plan_only(&outer, tuning);
    assert_int_equal(tuning->count, 3);
    expect_choice(tuning, product_key, "tile6", 123456789, __LINE__);
    static const char *const keys[] = {"gpu gemm 128x784 784x128 -> 128x128 nn",
                                       "gpu gemm 2048x64 2048x64 -> 64x64 tn"};
    for (size_t i = 0; i < GM_COUNT(keys); i++) {
        const gm_choice *choice = gm_tuning_find(tuning, keys[i]);
        if (!choice || !(choice->milliseconds > 0))
            fail_msg("%s was not timed", keys[i]);
    }
    gm_tuning_destroy(&tuning);
    gm_graph_destroy(&rows.graph);
    gm_graph_destroy(&outer.graph);
}

// ---- Variants ----

// What a plan runs: its kernels' texts and how many work-items of them. Two plans of different variants differ in it.
static uint64_t fingerprint(const gm_plan *p) {
    uint64_t hash = GM_HASH_START;
    for (size_t i = 0; i < p->emitter.kernel_count; i++)
        hash = gm_hash_string(hash, p->emitter.kernels[i].text);
    for (size_t i = 0; i < p->emitter.launch_count; i++)
        hash = gm_hash(hash, p->emitter.launches[i].global, sizeof p->emitter.launches[i].global);
    return hash;
}

static operation make_product(void) {
    return product(101, 70, 130, false);
}

static operation make_convolution(void) {
    operation o = begin_operation(GM_SHAPE(13, 9, 7, 6), GM_SHAPE(20, 9, 3, 3));
    end_operation(
        &o, gm_convolution(o.input[0], o.input[1], &(gm_convolution_params){.stride = {2, 1}, .padding = {1, 1}}));
    return o;
}

static operation make_transposed_convolution(void) {
    operation o = begin_operation(GM_SHAPE(13, 20, 5, 4), GM_SHAPE(20, 9, 4, 4));
    end_operation(&o, gm_convolution_transpose(o.input[0], o.input[1],
                                               &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}}));
    return o;
}

// Of whole vectors of channels, as the fast variants want them.
static operation make_whole_convolution(void) {
    operation o = begin_operation(GM_SHAPE(13, 16, 7, 6), GM_SHAPE(32, 16, 4, 4));
    end_operation(
        &o, gm_convolution(o.input[0], o.input[1], &(gm_convolution_params){.stride = {2, 2}, .padding = {1, 1}}));
    return o;
}

static operation make_whole_transposed_convolution(void) {
    operation o = begin_operation(GM_SHAPE(13, 32, 3, 6), GM_SHAPE(32, 16, 3, 3));
    end_operation(&o, gm_convolution_transpose(o.input[0], o.input[1], &(gm_convolution_params){.padding = {1, 1}}));
    return o;
}

static operation make_whole_weight_gradient(void) {
    operation o = begin_operation(GM_SHAPE(5, 32, 6, 6), GM_SHAPE(5, 16, 6, 6));
    gm_convolution_params params = {.stride = {1, 1}, .padding = {1, 1}};
    end_operation(&o, gm_convolution_weight(o.input[0], o.input[1], (size_t[]){3, 3}, &params));
    return o;
}

// Sums of 4096 terms, and as many results as give the default about eight parts on any device.
static operation make_outer_product(void) {
    return product(64 * gm_device_get_info(device)->compute_units, 64, 4096, true);
}

static operation make_weight_gradient(void) {
    size_t units = gm_device_get_info(device)->compute_units;
    operation o = begin_operation(GM_SHAPE(64, 64 * GM_MAX(units / 4, 1), 8, 8), GM_SHAPE(64, 40, 8, 8));
    gm_convolution_params params = {.stride = {1, 1}, .padding = {0, 1}};
    end_operation(&o, gm_convolution_weight(o.input[0], o.input[1], (size_t[]){1, 3}, &params));
    return o;
}

// Within rounding of the default, relative to the result's size, since its terms are of both signs.
static void expect_close(const char *variant, const float *got, const float *expected, size_t count) {
    double norm = 0;
    for (size_t i = 0; i < count; i++)
        norm += (double)expected[i] * (double)expected[i];
    double allowed = (strncmp(variant, "fast", 4) == 0 ? 1e-4 : 1e-5) * sqrt(norm / (double)count);
    assert_true(allowed > 0);
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)got[i] - (double)expected[i]) <= allowed))
            fail_msg("%s: element %zu is %.9g, directly %.9g; %.3g may lie between", variant, i, (double)got[i],
                     (double)expected[i], allowed);
}

// Two plans of the same choice repeat bit for bit; their result is the caller's.
static float *run_forced(const operation *o, const char *variant, uint64_t *what) {
    gm_tuning *tuning = create(NULL);
    tuning->forced = variant;
    size_t bytes = count_of(o->result) * sizeof(float);
    planned first = plan(o, tuning), second = plan(o, tuning);
    *what = fingerprint(first.plan);
    assert_true(fingerprint(second.plan) == *what);
    float *result = run(o, &first), *again = run(o, &first), *other = run(o, &second);
    if (memcmp(result, again, bytes) != 0 || memcmp(result, other, bytes) != 0)
        fail_msg("%s: %s does not repeat", getenv("GANYMEDE_KERNELS"), variant);
    free(again);
    free(other);
    end_plan(&first);
    end_plan(&second);
    gm_tuning_destroy(&tuning);
    return result;
}

typedef struct variant_case {
    const char *kernels;
    operation (*make)(void);
    const char *variants[8]; // beside the default
} variant_case;

static const variant_case cases[] = {
    {"cpu", make_product, {"tile6", "tile8", "tile12", "groups2"}},
    {"cpu", make_convolution, {"tile6", "tile8", "tile12", "groups2"}},
    {"cpu", make_transposed_convolution, {"tile6", "tile8", "tile12", "groups2"}},
    {"cpu", make_outer_product, {"parts1/2", "parts2"}},
    {"cpu", make_weight_gradient, {"parts1/2", "parts2"}},
    {"cpu", make_whole_convolution, {"fast2", "fast3", "fast4"}},
    {"cpu", make_whole_transposed_convolution, {"fast2", "fast3", "fast4"}},
    {"cpu", make_whole_weight_gradient, {"fast2", "fast3", "fast4"}},
    {"gpu", make_product, {"tile128", "clblast"}},
    {"gpu", make_convolution, {"tile128"}},
    {"gpu", make_weight_gradient, {"tile128", "parts1/2", "parts2"}},
    {"gpu", make_whole_convolution, {"fast2", "fast3", "fast4"}},
    {"gpu", make_whole_transposed_convolution, {"fast2", "fast3", "fast4"}},
    {"gpu", make_whole_weight_gradient, {"fast2", "fast3", "fast4"}},
};

static void variants_agree_with_the_default_and_repeat(void **unused) {
    (void)unused;
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        setenv("GANYMEDE_KERNELS", cases[i].kernels, 1);
        operation o = cases[i].make();
        uint64_t hash, seen[9];
        float *expected = run_forced(&o, "direct", &seen[0]);
        for (size_t v = 0; cases[i].variants[v]; v++) {
            const char *variant = cases[i].variants[v];
            float *got = run_forced(&o, variant, &hash);
            expect_close(variant, got, expected, count_of(o.result));
            for (size_t k = 0; k <= v; k++)
                if (seen[k] == hash)
                    fail_msg("case %zu: %s runs what %s does", i, variant,
                             k ? cases[i].variants[k - 1] : "the default");
            seen[v + 1] = hash;
            free(got);
        }
        float *got = run_forced(&o, "no such variant", &hash);
        assert_true(hash == seen[0]);
        assert_memory_equal(got, expected, count_of(o.result) * sizeof *got);
        free(got);
        free(expected);
        gm_graph_destroy(&o.graph);
    }
}

static void exact_precision_has_no_fast_variants(void **unused) {
    (void)unused;
    operation o = make_whole_convolution();
    uint64_t what[3]; // by default, forced to be fast, and that in exact precision
    for (size_t i = 0; i < GM_COUNT(what); i++) {
        gm_tuning *tuning = create(NULL);
        tuning->forced = i > 0 ? "fast4" : "direct";
        gm_plan_options options = {.tuning = tuning, .precision = i == 2 ? GM_PRECISION_EXACT : GM_PRECISION_FLOAT32};
        planned p;
        OK(gm_state_create(&p.state, device, 1));
        OK(gm_plan_create(&p.plan, o.graph, p.state, &options));
        what[i] = fingerprint(p.plan);
        end_plan(&p);
        gm_tuning_destroy(&tuning);
    }
    assert_true(what[0] != what[1]);
    assert_true(what[0] == what[2]);
    gm_graph_destroy(&o.graph);
}

// Shapes whose fastest variant differs clearly from the next, measured on CPUs.
static void default_is_fast_where_multiplications_take_the_time(void **unused) {
    (void)unused;
    static const struct {
        size_t x[4], w[4], stride;
        const char *forward, *weight;
    } layers[] = {
        {{64, 64, 16, 16}, {128, 64, 4, 4}, 2, "fast4", "fast4"},
        {{64, 128, 16, 16}, {256, 128, 4, 4}, 2, "fast4", "fast4"},
        {{64, 128, 8, 8}, {128, 128, 3, 3}, 1, "fast4", "fast4"},
        {{64, 3, 64, 64}, {64, 3, 4, 4}, 2, "direct", "direct"},    // no whole vectors of channels
        {{4, 256, 8, 8}, {512, 256, 4, 4}, 2, "direct", "direct"},  // weights are most of the work
        {{13, 16, 7, 6}, {32, 16, 4, 4}, 2, "direct", "direct"},    // small
        {{64, 64, 16, 16}, {128, 64, 1, 1}, 1, "direct", "direct"}, // nothing to save
    };
    for (size_t i = 0; i < GM_COUNT(layers); i++) {
        const size_t *x = layers[i].x, *w = layers[i].w;
        gm_convolution_params params = {.stride = {layers[i].stride, layers[i].stride},
                                        .padding = {w[2] / 3, w[3] / 3}};
        operation o = begin_operation(GM_SHAPE(x[0], x[1], x[2], x[3]), GM_SHAPE(w[0], w[1], w[2], w[3]));
        gm_tensor *y = gm_convolution(o.input[0], o.input[1], &params);
        gm_tensor *gradient = gm_convolution_weight(o.input[0], y, w + 2, &params);
        for (size_t k = 0; k < 6; k++) { // the two, with CPU kernels, with exact ones, with a GPU's
            const gm_tensor *node = k % 2 ? gradient : y;
            gm_emitter emitter = {.info = gm_device_get_info(device), .exact = k / 2 == 1, .gpu = k / 2 == 2};
            const char *expected = k >= 2 ? "direct" : k ? layers[i].weight : layers[i].forward;
            gm_variants found;
            gm_family_find(node->op)->variants(&emitter, node, &found);
            if (strcmp(found.name[0], expected) != 0)
                fail_msg("layer %zu, case %zu: %s instead of %s", i, k, found.name[0], expected);
        }
        gm_graph_destroy(&o.graph);
    }
}

static void plan_without_tuning_runs_the_default(void **unused) {
    (void)unused;
    static const char *const variants[] = {NULL, "", "fast4", "direct"};
    operation o = begin_operation(GM_SHAPE(64, 128, 8, 8), GM_SHAPE(128, 128, 3, 3));
    end_operation(
        &o, gm_convolution(o.input[0], o.input[1], &(gm_convolution_params){.stride = {1, 1}, .padding = {1, 1}}));
    uint64_t what[GM_COUNT(variants)];
    for (size_t i = 0; i < GM_COUNT(variants); i++) {
        gm_tuning *tuning = create(NULL);
        tuning->forced = variants[i];
        planned p;
        OK(gm_state_create(&p.state, device, 1));
        OK(gm_plan_create(&p.plan, o.graph, p.state, &(gm_plan_options){.tuning = i > 0 ? tuning : NULL}));
        what[i] = fingerprint(p.plan);
        end_plan(&p);
        gm_tuning_destroy(&tuning);
    }
    assert_true(what[0] == what[1] && what[0] == what[2]);
    assert_true(what[0] != what[3]);
    gm_graph_destroy(&o.graph);
}

// As a run of before fast variants could be the default noted it.
static void stored_default_is_the_direct_one(void **unused) {
    (void)unused;
    put_lines("cpu conv 64x128x8x8 128x128x3x3 -> 64x128x8x8 stride 1,1 padding 1,1\tdefault\t5\n");
    operation o = begin_operation(GM_SHAPE(64, 128, 8, 8), GM_SHAPE(128, 128, 3, 3));
    end_operation(
        &o, gm_convolution(o.input[0], o.input[1], &(gm_convolution_params){.stride = {1, 1}, .padding = {1, 1}}));
    gm_tuning *stored = create(&(gm_tuning_options){.mode = GM_TUNING_NEW}), *forced = create(NULL);
    forced->forced = "direct";
    planned p = plan(&o, stored), q = plan(&o, forced);
    assert_int_equal(stored->count, 1); // the key is the operation's
    assert_true(fingerprint(p.plan) == fingerprint(q.plan));
    end_plan(&p);
    end_plan(&q);
    gm_tuning_destroy(&stored);
    gm_tuning_destroy(&forced);
    gm_graph_destroy(&o.graph);
}

static void stored_variant_is_the_one_that_runs(void **unused) {
    (void)unused;
    static const char *const variants[] = {"direct", "tile6", "tile8", "tile12", "groups2"};
    operation o = product(128, 128, 784, false);
    for (size_t i = 0; i < GM_COUNT(variants); i++) {
        put_product(variants[i]);
        gm_tuning *stored = create(&(gm_tuning_options){.mode = GM_TUNING_NEW}), *forced = create(NULL);
        forced->forced = variants[i];
        planned p = plan(&o, stored), q = plan(&o, forced);
        if (fingerprint(p.plan) != fingerprint(q.plan))
            fail_msg("the store says %s, but the plan runs something else", variants[i]);
        char *text = text_of(stored, true), *whole = read_store();
        expect_text(text, whole, __LINE__);
        free(text);
        free(whole);
        end_plan(&p);
        end_plan(&q);
        gm_tuning_destroy(&stored);
        gm_tuning_destroy(&forced);
    }
    gm_graph_destroy(&o.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(plan_times_a_large_product_once),
        TEST(equal_operations_are_timed_as_one_and_small_ones_never),
        TEST(programs_of_trials_go_with_them),
        TEST(stored_mode_times_nothing),
        TEST(nothing_is_timed_that_cannot_be_kept),
        TEST(spent_budget_gives_the_default_untimed),
        TEST(all_mode_times_what_has_a_choice_once),
        TEST(unknown_variant_is_the_default),
        TEST(kernel_families_have_choices_of_their_own),
        TEST(variants_agree_with_the_default_and_repeat),
        TEST(exact_precision_has_no_fast_variants),
        TEST(stored_variant_is_the_one_that_runs),
        TEST(default_is_fast_where_multiplications_take_the_time),
        TEST(plan_without_tuning_runs_the_default),
        TEST(stored_default_is_the_direct_one),
    };
    return cmocka_run_group_tests_name("plans that are tuned", tests, open_uncached, close_device);
}

// Networks of layers that hold layers: naming, residual blocks, taps and heads, labels, spectral norm's vectors,
// faults.
#include "nn_test.h"

static gm_layer made(const char *type, const char *text) {
    gm_layer layer;
    const gm_layer_type *found = gm_layer_type_find(type);
    assert_non_null(found);
    gm_layer_default(&layer, found);
    if (text != NULL && gm_layer_set_text(&layer, NULL, text) != GM_OK)
        fail_msg("%s", gm_error_message());
    return layer;
}

static gm_layer with(gm_layer layer, const char *key, const char *text) {
    if (gm_layer_set_text(&layer, key, text) != GM_OK)
        fail_msg("%s", gm_error_message());
    return layer;
}

static gm_layer holding(gm_layer layer, const char *key, const gm_layer *layers, size_t count) {
    assert_int_equal(gm_layer_set_layers(&layer, key, layers, count), GM_OK);
    return layer;
}

static gm_layer head_of(const char *name, const char *from, const gm_layer *layers, size_t count) {
    return holding(with(made("head", name), "from", from), "layers", layers, count);
}

static gm_network *network_of(const char *name, const gm_layer *layers, size_t count) {
    gm_network *network = NULL;
    if (gm_network_create(&network, name, layers, count, GM_WEIGHTS_DEFAULT) != GM_OK)
        fail_msg("%s", gm_error_message());
    return network;
}

static void names_are(gm_tensor *const *variables, size_t count, const char *const *names, size_t expected) {
    assert_int_equal(count, expected);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(gm_tensor_name(variables[i]), names[i]);
}

static void inner_variables_are_named_by_their_places(void **state) {
    (void)state;
    const gm_layer inner[] = {made("relu", NULL), with(made("dense", "3"), "spectral_norm", "true")};
    const gm_layer way[] = {made("dense", "3"), made("batch_norm", NULL)};
    const gm_layer output[] = {made("dense", "2")};
    const gm_layer middle[] = {holding(made("residual", NULL), NULL, inner, 2)};
    const gm_layer layers[] = {
        made("dense", "3"),
        holding(holding(made("residual", NULL), "layers", middle, 1), "shortcut", way, 2),
        head_of("side", "", output, 1),
    };
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 3));
    for (size_t i = 0; i < 2; i++) { // a clone lists the same in the same order, whatever is applied first
        gm_network *network = network_of(i == 0 ? "net" : "average", layers, 3);
        gm_network_apply(network, x, i == 0 ? GM_MODE_TRAINING : GM_MODE_INFERENCE, NULL);
        static const char *const trained[2][10] = {
            {"net.0.weight", "net.0.bias", "net.1.0.1.weight", "net.1.0.1.bias", "net.1.shortcut.0.weight",
             "net.1.shortcut.0.bias", "net.1.shortcut.1.weight", "net.1.shortcut.1.bias", "net.2.0.weight",
             "net.2.0.bias"},
            {"average.0.weight", "average.0.bias", "average.1.0.1.weight", "average.1.0.1.bias",
             "average.1.shortcut.0.weight", "average.1.shortcut.0.bias", "average.1.shortcut.1.weight",
             "average.1.shortcut.1.bias", "average.2.0.weight", "average.2.0.bias"}};
        static const char *const kept[2][3] = {
            {"net.1.0.1.spectral_u", "net.1.shortcut.1.running_mean", "net.1.shortcut.1.running_variance"},
            {"average.1.0.1.spectral_u", "average.1.shortcut.1.running_mean", "average.1.shortcut.1.running_variance"}};
        size_t count;
        gm_tensor *const *parameters = gm_network_parameters(network, &count);
        names_are(parameters, count, trained[i], 10);
        gm_tensor *const *statistics = gm_network_statistics(network, &count);
        names_are(statistics, count, kept[i], 3);
        gm_network_destroy(&network);
    }
    end(&f);
}

static void a_network_keeps_copies_of_its_layers(void **state) {
    (void)state;
    gm_layer *inner = malloc(sizeof *inner);
    assert_non_null(inner);
    *inner = made("leaky_relu", "0.5");
    gm_layer layer = holding(made("residual", NULL), NULL, inner, 1);
    gm_network *network = network_of("net", &layer, 1);
    memset(inner, 0, sizeof *inner);
    free(inner);
    memset(&layer, 0, sizeof layer);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1, 2));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL);
    set(&f, x, (const double[]){-2, 3});
    has_values(&f, y, (const double[]){-3, 6}, 2);
    gm_network_destroy(&network);
    end(&f);
}

static void residual_adds_what_goes_past(void **state) {
    (void)state;
    const gm_layer body[] = {made("relu", NULL), made("upsample", NULL)}, way[] = {made("upsample", "2")};
    const gm_layer layer = holding(holding(made("residual", NULL), NULL, body, 2), "shortcut", way, 1);
    gm_network *network = network_of("net", &layer, 1);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1, 1, 1, 2));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    set(&f, x, (const double[]){-1, 3});
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(1, 1, 2, 4)));
    has_values(&f, y, (const double[]){-1, -1, 6, 6, -1, -1, 6, 6}, 8);
    gm_network_destroy(&network);
    end(&f);
}

static void taps_and_heads_give_outputs_and_change_nothing(void **state) {
    (void)state;
    const gm_layer first[] = {made("sigmoid", NULL)}, second[] = {made("tanh", NULL), made("tap", "inside")};
    const gm_layer third[] = {made("relu", NULL)};
    const gm_layer layers[] = {
        made("leaky_relu", "0.5"),
        made("tap", "features"),
        made("tanh", NULL),
        head_of("here", "", first, 1),
        head_of("there", "features", second, 2),
        head_of("chained", "there", third, 1),
    };
    gm_network *network = network_of("net", layers, GM_COUNT(layers));
    assert_null(gm_network_output(network, "here"));
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1, 2));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    gm_tensor *features = gm_leaky_relu(x, 0.5);
    assert_ptr_equal(y, gm_tanh(features));
    assert_ptr_equal(gm_network_output(network, "features"), features);
    assert_ptr_equal(gm_network_output(network, "here"), gm_sigmoid(y));
    assert_ptr_equal(gm_network_output(network, "there"), gm_tanh(features));
    assert_ptr_equal(gm_network_output(network, "inside"), gm_tanh(features));
    assert_ptr_equal(gm_network_output(network, "chained"), gm_relu(gm_tanh(features)));
    assert_null(gm_network_output(network, "elsewhere"));
    size_t count;
    gm_tensor *const *outputs = gm_network_outputs(network, &count);
    assert_int_equal(count, 5);
    assert_ptr_equal(outputs[0], features);
    assert_ptr_equal(outputs[1], gm_sigmoid(y));
    // The latest application's.
    gm_tensor *other = gm_scale(x, 2);
    gm_network_apply(network, other, GM_MODE_INFERENCE, NULL);
    assert_ptr_equal(gm_network_output(network, "features"), gm_leaky_relu(other, 0.5));
    gm_network_destroy(&network);
    end(&f);
}

static void concat_appends_the_channels_of_a_tap(void **state) {
    (void)state;
    const gm_layer layers[] = {made("tap", "skip"), made("leaky_relu", "0.5"), made("concat", "skip")};
    gm_network *network = network_of("net", layers, 3);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 1, 2));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(2, 2, 2)));
    set(&f, x, (const double[]){-2, 3, 4, -6});
    has_values(&f, y, (const double[]){-1, 3, -2, 3, 4, -3, 4, -6}, 8);
    gm_network_destroy(&network);
    end(&f);
}

static void concat_says_which_shapes_do_not_agree(void **state) {
    (void)state;
    const gm_layer layers[] = {made("tap", "skip"), made("average_pool", "2"), made("concat", "skip")};
    gm_network *network = network_of("net", layers, 3);
    fixture f;
    begin(&f);
    gm_network_apply(network, gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 3, 4, 4)), GM_MODE_TRAINING, NULL);
    fault_says(&f, "net layer 2 (concat): ",
               "what comes here is (2, 3, 2, 2), but 'skip' is (2, 3, 4, 4): they must agree but for the channels");
    gm_network_destroy(&network);
    end(&f);
}

static void slice_takes_some_channels(void **state) {
    (void)state;
    gm_layer middle = made("slice", "1"), end_of = made("slice", "2");
    assert_int_equal(gm_layer_set_text(&middle, "count", "2"), GM_OK);
    const gm_layer whole[] = {made("slice", "0")};
    gm_network *some = network_of("some", &middle, 1), *rest = network_of("rest", &end_of, 1),
               *all = network_of("all", whole, 1);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 4, 2));
    double values[16];
    for (size_t i = 0; i < 16; i++)
        values[i] = (double)i;
    set(&f, x, values);
    has_values(&f, gm_network_apply(some, x, GM_MODE_TRAINING, NULL), (const double[]){2, 3, 4, 5, 10, 11, 12, 13}, 8);
    has_values(&f, gm_network_apply(rest, x, GM_MODE_TRAINING, NULL), (const double[]){4, 5, 6, 7, 12, 13, 14, 15}, 8);
    has_values(&f, gm_network_apply(all, x, GM_MODE_TRAINING, NULL), values, 16);
    gm_network_apply(some, gm_input(f.graph, "y", GM_FLOAT32, GM_SHAPE(2, 2)), GM_MODE_TRAINING, NULL);
    fault_says(&f, "some layer 0 (slice): ", "there are no channels 1 to 2 in (2, 2): they count from 0");
    gm_network_destroy(&some);
    gm_network_destroy(&rest);
    gm_network_destroy(&all);
    end(&f);
}

// The style is a tap; its weights start as a network's do, without the gain of an activation.
static void adain_takes_its_style_from_a_tap(void **state) {
    (void)state;
    const gm_layer layers[] = {made("tap", "w"), made("reshape", NULL), made("adain", "w"), made("relu", NULL)};
    gm_layer shaped[4];
    memcpy(shaped, layers, sizeof layers);
    assert_int_equal(gm_layer_set_list(&shaped[1], NULL, (const char *const[]){"2", "2"}, 2), GM_OK);
    gm_network *network = NULL;
    assert_int_equal(gm_network_create(&network, "net", shaped, 4, GM_WEIGHTS_KAIMING_NORMAL), GM_OK);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1, 4));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    gm_tensor *weight = gm_variable_find(f.graph, "net.2.weight");
    assert_true(gm_shape_equal(gm_tensor_shape(weight), &GM_SHAPE(4, 4)));
    assert_near(((const gm_variable_attributes *)weight->attributes)->initializer.b, 0.5, 1e-12);
    set(&f, x, (const double[]){0, 200, 0, 200}); // normalised: -1 1, -1 1
    set(&f, weight, (const double[]){0, 0, 0, 0, .01, 0, 0, .01, 0, 0, 0, 0, 0, 0, 0, 0});
    set(&f, gm_variable_find(f.graph, "net.2.bias"), (const double[]){0, 4, 0, 0});
    has_values(&f, y, (const double[]){0, 3, 0, 7}, 4); // factors 3 and 5, shifts 0 and 2
    gm_network_destroy(&network);
    end(&f);
}

static void rates_multiply_on_the_way_in(void **state) {
    (void)state;
    gm_layer dense = with(made("dense", "3"), "rate", "0.5");
    dense = with(dense, "spectral_norm", "true");
    const gm_layer inner[] = {dense, made("dense", "3")}, way[] = {made("batch_norm", NULL)};
    const gm_layer output[] = {with(made("maxout", "2"), "pieces", "2")};
    const gm_layer block = holding(holding(made("residual", NULL), NULL, inner, 2), "shortcut", way, 1);
    const gm_layer layers[] = {made("dense", "3"), with(block, "rate", "0.1"),
                               with(head_of("side", "", output, 1), "rate", "0"),
                               with(with(made("projection", NULL), "classes", "2"), "rate", "4")};
    static const struct {
        const char *name;
        double rate;
    } rates[] = {{"net.0.weight", 1},    {"net.1.0.weight", .05},       {"net.1.0.bias", .05},
                 {"net.1.1.weight", .1}, {"net.1.shortcut.0.bias", .1}, {"net.2.0.weight", 0},
                 {"net.3.weight", 4},    {"net.3.embedding.weight", 4}};
    gm_network *network = network_of("net", layers, GM_COUNT(layers));
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 3)),
              *labels = gm_input(f.graph, "y", GM_INT32, GM_SHAPE(4));
    for (size_t times = 0; times < 2; times++) { // a second application changes nothing
        gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, NULL);
        for (size_t i = 0; i < GM_COUNT(rates); i++)
            assert_near(gm_variable_rate(gm_variable_find(f.graph, rates[i].name)), rates[i].rate, 1e-12);
    }
    gm_network_destroy(&network);
    end(&f);
}

static void gains_pass_heads_but_not_blocks(void **state) {
    (void)state;
    const gm_layer output[] = {made("dense", "9")}, block[] = {made("dense", "9"), made("leaky_relu", "0.5")};
    const gm_layer layers[] = {made("dense", "9"),
                               head_of("side", "", output, 1),
                               made("relu", NULL),
                               made("dense", "9"),
                               holding(made("residual", NULL), NULL, block, 2),
                               made("relu", NULL)};
    static const struct {
        const char *name;
        double gain;
    } starts[] = {{"n.0.weight", 1.4142135623730951},
                  {"n.1.0.weight", 1},
                  {"n.3.weight", 1},
                  {"n.4.0.weight", 1.2649110640673518}};
    gm_network *network = NULL;
    assert_int_equal(gm_network_create(&network, "n", layers, GM_COUNT(layers), GM_WEIGHTS_KAIMING_NORMAL), GM_OK);
    fixture f;
    begin(&f);
    gm_network_apply(network, gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 9)), GM_MODE_TRAINING, NULL);
    for (size_t i = 0; i < GM_COUNT(starts); i++) {
        const gm_tensor *weight = gm_variable_find(f.graph, starts[i].name);
        assert_non_null(weight);
        assert_near(((const gm_variable_attributes *)weight->attributes)->initializer.b, starts[i].gain / 3, 1e-12);
    }
    gm_network_destroy(&network);
    end(&f);
}

static void labels_choose_rows(void **state) {
    (void)state;
    const gm_layer layers[] = {with(with(made("embed", NULL), "classes", "3"), "size", "2"),
                               with(made("projection", NULL), "classes", "3")};
    gm_network *network = network_of("net", layers, 2);
    assert_true(gm_network_needs_labels(network));
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(3, 1));
    gm_tensor *labels = gm_input(f.graph, "labels", GM_INT32, GM_SHAPE(3));
    gm_tensor *y = gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, NULL);
    assert_true(gm_shape_equal(gm_tensor_shape(y), &GM_SHAPE(3, 1)));
    const gm_tensor *weight = gm_variable_find(f.graph, "net.0.weight");
    const gm_initializer *start = &((const gm_variable_attributes *)weight->attributes)->initializer;
    assert_int_equal(start->kind, GM_INITIALIZER_NORMAL);
    assert_near(start->b, 1, 0);
    set(&f, x, (const double[]){1, 2, 3});
    set(&f, labels, (const double[]){2, 0, 7}); // no class 7: its vectors are zero
    set(&f, gm_variable_find(f.graph, "net.0.weight"), (const double[]){10, 20, 30, 40, 50, 60});
    set(&f, gm_variable_find(f.graph, "net.1.weight"), (const double[]){1, 2, 3});
    set(&f, gm_variable_find(f.graph, "net.1.bias"), (const double[]){0.5});
    set(&f, gm_variable_find(f.graph, "net.1.embedding.weight"), (const double[]){1, 1, 1, 5, 5, 5, 0, 2, 1});
    // (1, 50, 60): 1 + 100 + 180 + .5 + 0 + 100 + 60; (2, 10, 20): 2 + 20 + 60 + .5 + 32; (3, 0, 0): 3 + .5
    has_values(&f, y, (const double[]){441.5, 114.5, 3.5}, 3);
    gm_network_destroy(&network);
    end(&f);
}

static void inner_layers_count_for_a_networks_traits(void **state) {
    (void)state;
    const gm_layer inner[] = {made("batch_norm", NULL)};
    const gm_layer embed = with(with(made("embed", NULL), "classes", "3"), "size", "2");
    const gm_layer norm = holding(made("residual", NULL), NULL, inner, 1), head = head_of("side", "", &embed, 1);
    gm_network *network = network_of("net", &norm, 1);
    assert_true(gm_network_across_samples(network));
    assert_false(gm_network_needs_labels(network));
    gm_network_destroy(&network);
    network = network_of("net", &head, 1);
    assert_false(gm_network_across_samples(network));
    assert_true(gm_network_needs_labels(network));
    gm_network_destroy(&network);
}

// ||W||_2 by many iterations: after them the layer's weight has the norm 1, and inference changes nothing.
static void spectral_norm_divides_by_the_largest_singular_value(void **state) {
    (void)state;
    const gm_layer layer =
        with(with(with(made("maxout", "2"), "pieces", "1"), "bias", "false"), "spectral_norm", "yes");
    gm_network *network = network_of("net", &layer, 1);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1, 2));
    gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    gm_phase *phase = gm_phase_create(f.graph, "training");
    gm_network_assign_statistics(network, phase);
    assert_int_equal(phase->assignment_count, 1);
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL);
    gm_network_assign_statistics(network, phase); // inference leaves nothing pending
    assert_int_equal(phase->assignment_count, 1);
    set(&f, x, (const double[]){1, 0});
    set(&f, gm_variable_find(f.graph, "net.0.weight"),
        (const double[]){3, 0, 4, 5}); // singular values sqrt(45), sqrt(5)
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(gm_reference_run(f.reference, phase), GM_OK);
    has_values(&f, y, (const double[]){3 / sqrt(45), 0}, 2);
    // Weights of zero stay zero.
    set(&f, gm_variable_find(f.graph, "net.0.weight"), (const double[]){0, 0, 0, 0});
    has_values(&f, y, (const double[]){0, 0}, 2);
    gm_network_destroy(&network);
    end(&f);
}

static void faults_name_the_innermost_layer_and_its_line(void **state) {
    (void)state;
    gm_layer conv = with(made("conv", "8"), "kernel", "1"), projection = with(made("projection", NULL), "classes", "3");
    conv.origin = "r.yaml:7";
    gm_layer grouped = with(conv, "groups", "2"), norm = made("group_norm", "2"), one = made("instance_norm", NULL);
    const gm_layer inner[] = {made("flatten", NULL), conv}, way[] = {made("flatten", NULL)};
    gm_layer past = holding(holding(made("residual", NULL), NULL, &conv, 1), "shortcut", inner, 2);
    gm_layer uneven = holding(holding(made("residual", NULL), NULL, &conv, 1), "shortcut", way, 1);
    uneven.origin = "r.yaml:5";
    const struct {
        gm_layer layer;
        const char *start, *part;
    } cases[] = {
        {holding(made("residual", NULL), NULL, inner, 2), "r.yaml:7: d layer 0.1 (conv): ", "(4, 48): put `reshape"},
        {past, "r.yaml:7: d layer 0.shortcut.1 (conv): ", "(4, 48): put `reshape"},
        {head_of("h", "", inner, 2), "r.yaml:7: d layer 0.1 (conv): ", "(4, 48)"},
        {uneven, "r.yaml:5: d layer 0 (residual): ",
         "its layers make (4, 8, 4, 4) of (4, 3, 4, 4), but what goes past them is (4, 48)"},
        {grouped, "r.yaml:7: d layer 0 (conv): ", "2 groups do not divide both the input's 3 channels and the 8 of"},
        {norm, "d layer 0 (group_norm): ", "2 groups do not divide the 3 channels of (4, 3, 4, 4)"},
        {made("layer_norm", NULL), NULL, NULL},
        {projection, "d layer 0 (projection): ", "put `flatten` before it"},
        {made("dense", "3"), "d layer 0 (dense): ", "put `flatten` before it"},
        {one, NULL, NULL},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_network *network = network_of("d", &cases[i].layer, 1);
        fixture f;
        begin(&f);
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 3, 4, 4));
        gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
        assert_int_equal(gm_is_poison(y), cases[i].start != NULL);
        if (cases[i].start != NULL)
            fault_says(&f, cases[i].start, cases[i].part);
        gm_network_destroy(&network);
        end(&f);
    }
}

static void labels_and_shapes_that_do_not_fit_are_faults(void **state) {
    (void)state;
    const gm_layer embed = with(with(made("embed", NULL), "classes", "3"), "size", "2");
    const gm_layer up = made("upsample", NULL), instance = made("instance_norm", NULL), group = made("group_norm", "3");
    const struct {
        const gm_layer *layer;
        bool labelled;
        gm_type type;
        size_t count;
        const char *start, *part;
    } cases[] = {
        {&embed, false, GM_INT32, 4, "g layer 0 (embed): ", "it needs the samples' labels, but none are given"},
        {&embed, true, GM_FLOAT32, 4, "g layer 0 (embed): ",
         "labels must be int32 (4), one per sample, or float32 (4, classes), shares of each, not float32 (4)"},
        {&embed, true, GM_INT32, 5, "g layer 0 (embed): ", "shares of each, not int32 (5)"},
        {&up, false, GM_INT32, 4, "g layer 0 (upsample): ", "volumes (N, C, D, H, W), not (4, 3)"},
        {&instance, false, GM_INT32, 4, "g layer 0 (instance_norm): ", "(N, C, H, W) or (N, C, D, H, W), not (4, 3)"},
        {&group, false, GM_INT32, 4, "g layer 0 (group_norm): ", "one value to take a variance of"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_network *network = network_of("g", cases[i].layer, 1);
        fixture f;
        begin(&f);
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 3));
        gm_tensor *labels = gm_input(f.graph, "labels", cases[i].type, GM_SHAPE(cases[i].count));
        gm_network_apply_labelled(network, x, cases[i].labelled ? labels : NULL, GM_MODE_TRAINING, NULL);
        fault_says(&f, cases[i].start, cases[i].part);
        gm_network_destroy(&network);
        end(&f);
    }
}

static void bad_trees_are_refused(void **state) {
    (void)state;
    gm_layer unset = made("dense", NULL), tap = made("tap", "a"), relu = made("relu", NULL);
    unset.origin = "r.yaml:9";
    const gm_layer twice[] = {tap, tap}, late[] = {head_of("h", "a", &relu, 1), tap},
                   same[] = {head_of("a", "", &tap, 1)}, skip[] = {relu, made("concat", "a"), tap},
                   styled[] = {tap, made("adain", "w")};
    const gm_layer block = holding(made("residual", NULL), NULL, &unset, 1), empty = made("residual", NULL);
    const gm_layer way = holding(holding(made("residual", NULL), NULL, &relu, 1), "shortcut", &block, 1);
    const gm_layer one = holding(made("residual", NULL), NULL, &relu, 1),
                   two = holding(made("residual", NULL), NULL, &one, 1);
    const gm_layer three = holding(made("residual", NULL), NULL, &two, 1);
    const gm_layer four = holding(made("residual", NULL), NULL, &three, 1);
    const gm_layer inside = head_of("b", "b", &relu, 1);
    const struct {
        const gm_layer *layers;
        size_t count;
        const char *says;
    } cases[] = {
        {twice, 2, "net layer 1: tap: another tap or head is called 'a', too: choose another name"},
        {same, 1, "net layer 0: head: another tap or head is called 'a', too"},
        {late, 2, "net layer 0: head: no tap or head before it is called 'a'; there are none"},
        {skip, 3, "net layer 1: concat: no tap or head before it is called 'a'; there are none"},
        {styled, 2, "net layer 1: adain: no tap or head before it is called 'w'; there is a"},
        {&inside, 1, "net layer 0: head: no tap or head before it is called 'b'; there are none"},
        {&block, 1, "r.yaml:9: net layer 0.0: dense needs 'units': an integer from 1"},
        {&way, 1, "r.yaml:9: net layer 0.shortcut.0.0: dense needs 'units'"},
        {&empty, 1, "net layer 0: residual needs 'layers': a list of at least one layer"},
        {&four, 1, "net layer 0.0.0.0.0: layers lie in layers at most 3 deep"},
    };
    gm_network *network = NULL;
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        assert_int_equal(gm_network_create(&network, "net", cases[i].layers, cases[i].count, GM_WEIGHTS_DEFAULT),
                         GM_ERROR_ARGUMENT);
        assert_null(network);
        if (strncmp(gm_error_message(), cases[i].says, strlen(cases[i].says)) != 0)
            fail_msg("\"%s\" does not begin with \"%s\"", gm_error_message(), cases[i].says);
    }
    network = network_of("net", &three, 1);
    gm_network_destroy(&network);
    gm_layer dense = made("dense", NULL);
    assert_int_equal(gm_layer_set_layers(&dense, "units", &relu, 1), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "dense: units takes a value, not a list of layers"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_variables_are_named_by_their_places),
        cmocka_unit_test(a_network_keeps_copies_of_its_layers),
        cmocka_unit_test(residual_adds_what_goes_past),
        cmocka_unit_test(taps_and_heads_give_outputs_and_change_nothing),
        cmocka_unit_test(concat_appends_the_channels_of_a_tap),
        cmocka_unit_test(concat_says_which_shapes_do_not_agree),
        cmocka_unit_test(slice_takes_some_channels),
        cmocka_unit_test(adain_takes_its_style_from_a_tap),
        cmocka_unit_test(rates_multiply_on_the_way_in),
        cmocka_unit_test(gains_pass_heads_but_not_blocks),
        cmocka_unit_test(labels_choose_rows),
        cmocka_unit_test(inner_layers_count_for_a_networks_traits),
        cmocka_unit_test(spectral_norm_divides_by_the_largest_singular_value),
        cmocka_unit_test(faults_name_the_innermost_layer_and_its_line),
        cmocka_unit_test(labels_and_shapes_that_do_not_fit_are_faults),
        cmocka_unit_test(bad_trees_are_refused),
    };
    return cmocka_run_group_tests_name("network tree", tests, NULL, NULL);
}

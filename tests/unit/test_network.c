// Networks and layers as data: naming, sharing, statistics, faults; and the table that recipes are parsed by.
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

static gm_network *network_of(const char *name, const gm_layer *layers, size_t count, gm_weight_initializer start) {
    gm_network *network = NULL;
    if (gm_network_create(&network, name, layers, count, start) != GM_OK)
        fail_msg("%s", gm_error_message());
    return network;
}

static void variables_are_named_by_network_and_place(void **state) {
    (void)state;
    const gm_layer layers[] = {made("dense", "12"), made("batch_norm", NULL), made("relu", NULL), made("dense", "1")};
    gm_network *network = network_of("net", layers, 4, GM_WEIGHTS_DEFAULT);
    fixture f;
    begin(&f);
    size_t count;
    gm_network_parameters(network, &count);
    assert_int_equal(count, 0);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 3));
    gm_network_apply(network, x, GM_MODE_TRAINING, NULL);
    gm_network_apply(network, gm_scale(x, 2), GM_MODE_INFERENCE, NULL); // shares them all
    const char *const names[] = {"net.0.weight", "net.0.bias",   "net.1.weight",
                                 "net.1.bias",   "net.3.weight", "net.3.bias"};
    gm_tensor *const *parameters = gm_network_parameters(network, &count);
    assert_int_equal(count, GM_COUNT(names));
    for (size_t i = 0; i < count; i++)
        assert_string_equal(gm_tensor_name(parameters[i]), names[i]);
    gm_tensor *const *statistics = gm_network_statistics(network, &count);
    assert_int_equal(count, 2);
    assert_string_equal(gm_tensor_name(statistics[0]), "net.1.running_mean");
    assert_string_equal(gm_tensor_name(statistics[1]), "net.1.running_variance");
    gm_network_destroy(&network);
    assert_null(network);
    end(&f);
}

static void real_then_fake_compose_their_statistics(void **state) {
    (void)state;
    const gm_layer layers[] = {made("batch_norm", NULL)};
    gm_network *network = network_of("d", layers, 1, GM_WEIGHTS_DEFAULT);
    fixture f;
    begin(&f);
    gm_tensor *real = gm_input(f.graph, "real", GM_FLOAT32, GM_SHAPE(4, 1));
    gm_tensor *fake = gm_input(f.graph, "fake", GM_FLOAT32, GM_SHAPE(4, 1));
    gm_network_apply(network, real, GM_MODE_TRAINING, NULL);
    gm_network_apply(network, fake, GM_MODE_TRAINING, NULL);
    gm_phase *discriminator = gm_phase_create(f.graph, "discriminator");
    gm_network_assign_statistics(network, discriminator);
    // The generator's phase sees the fakes again, and must neither repeat nor extend what is stored.
    gm_network_apply(network, fake, GM_MODE_TRAINING, NULL);
    gm_network_drop_statistics(network);
    gm_phase *generator = gm_phase_create(f.graph, "generator");
    gm_network_assign_statistics(network, generator);
    assert_int_equal(generator->assignment_count, 0);
    set(&f, real, (const double[]){1, 2, 3, 4});
    set(&f, fake, (const double[]){10, 20, 30, 40});
    assert_int_equal(gm_reference_run(f.reference, discriminator), GM_OK);
    const double mean = 0.9 * (0.1 * 2.5) + 0.1 * 25;
    const double variance = 0.9 * (0.9 + 0.1 * 5 / 3) + 0.1 * 500 / 3; // unbiased
    assert_near(*gm_reference_value(f.reference, gm_variable_find(f.graph, "d.0.running_mean")), mean, 1e-6);
    assert_near(*gm_reference_value(f.reference, gm_variable_find(f.graph, "d.0.running_variance")), variance, 1e-5);
    gm_network_destroy(&network);
    end(&f);
}

static void inference_does_not_depend_on_neighbours(void **state) {
    (void)state;
    const gm_layer layers[] = {made("dense", "3"), made("batch_norm", NULL), made("dropout", "0.5"),
                               made("tanh", NULL)};
    gm_network *network = network_of("g", layers, 4, GM_WEIGHTS_DCGAN);
    fixture f;
    begin(&f);
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(2, 2));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL);
    double first[3];
    set(&f, x, (const double[]){1, 2, 3, 4});
    memcpy(first, evaluate(&f, y), sizeof first);
    set(&f, x, (const double[]){1, 2, -300, 400});
    for (size_t i = 0; i < 3; i++)
        assert_near(evaluate(&f, y)[i], first[i], 0);
    gm_network_destroy(&network);
    end(&f);
}

static void dropout_masks_differ_between_training_applications_alone(void **state) {
    (void)state;
    const gm_layer layers[] = {made("dropout", "0.5")};
    gm_network *network = network_of("d", layers, 1, GM_WEIGHTS_DEFAULT);
    gm_network *watched = network_of("d", layers, 1, GM_WEIGHTS_DEFAULT);
    fixture f, g;
    begin(&f);
    begin(&g);
    gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2));
    gm_tensor *x = gm_full(f.graph, GM_SHAPE(4, 64), 1);
    gm_tensor *masks[2];
    for (size_t i = 0; i < 2; i++)
        masks[i] = gm_network_apply(network, x, GM_MODE_TRAINING, counter);
    double first[256], second[256];
    memcpy(first, evaluate(&f, masks[0]), sizeof first);
    memcpy(second, evaluate(&f, masks[1]), sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
    // A monitor between the two applications shifts no stream.
    counter = gm_input(g.graph, "counter", GM_INT32, GM_SHAPE(2));
    x = gm_full(g.graph, GM_SHAPE(4, 64), 1);
    gm_network_apply(watched, x, GM_MODE_TRAINING, counter);
    gm_network_apply(watched, x, GM_MODE_INFERENCE, counter);
    gm_tensor *mask = gm_network_apply(watched, x, GM_MODE_TRAINING, counter);
    assert_memory_equal(second, evaluate(&g, mask), sizeof second);
    gm_network_destroy(&network);
    gm_network_destroy(&watched);
    end(&f);
    end(&g);
}

// Soft in training, one-hot in inference, from noise that only training applications count.
static void gumbel_softmax_draws_anew_in_each_training_application(void **state) {
    (void)state;
    enum { N = 4, C = 5, L = 3, COUNT = N * C * L };
    const gm_layer layers[] = {made("gumbel_softmax", "0.5")};
    gm_network *network = network_of("g", layers, 1, GM_WEIGHTS_DEFAULT);
    double values[COUNT], first[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        values[i] = sin((double)(i * i));
    fixture f;
    begin(&f);
    gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2));
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(N, C, L));
    set(&f, x, values);
    gm_tensor *real = gm_network_apply(network, x, GM_MODE_TRAINING, counter);
    gm_tensor *drawn = gm_network_apply(network, x, GM_MODE_INFERENCE, NULL);
    gm_tensor *few = gm_slice(x, (size_t[]){0, 0, 0}, (size_t[]){2, C, L});
    gm_network_apply(network, few, GM_MODE_INFERENCE, NULL); // of another size, in one graph
    gm_tensor *fake = gm_network_apply(network, x, GM_MODE_TRAINING, counter);
    memcpy(first, evaluate(&f, real), sizeof first);
    assert_memory_not_equal(first, evaluate(&f, fake), sizeof first);
    size_t between = 0, ones = 0;
    for (size_t i = 0; i < COUNT; i++)
        between += first[i] > 0 && first[i] < 1;
    assert_int_equal(between, COUNT);
    memcpy(first, evaluate(&f, drawn), sizeof first);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(first[i] <= 0 || first[i] >= 1);
        ones += first[i] >= 1;
    }
    assert_int_equal(ones, N * L);
    gm_network_destroy(&network);
    end(&f);
}

static void hard_gumbel_softmax_is_one_hot_in_training(void **state) {
    (void)state;
    gm_layer layer = made("gumbel_softmax", NULL);
    assert_int_equal(gm_layer_set_text(&layer, "hard", "true"), GM_OK);
    gm_network *network = network_of("g", &layer, 1, GM_WEIGHTS_DEFAULT);
    fixture f;
    begin(&f);
    gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2)), *dx;
    gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1, 4));
    gm_tensor *y = gm_network_apply(network, x, GM_MODE_TRAINING, counter);
    gm_grad(gm_sum_all(gm_multiply(y, gm_constant_array(f.graph, GM_FLOAT32, GM_SHAPE(4), (float[]){1, 2, 3, 4}))), &x,
            1, &dx);
    double sum = 0, slope = 0;
    for (size_t i = 0; i < 4; i++) {
        sum += evaluate(&f, y)[i];
        slope += fabs(evaluate(&f, dx)[i]);
    }
    assert_near(sum, 1, 0);
    assert_true(slope > 1e-3);
    gm_network_destroy(&network);
    end(&f);
}

static void start_is(const fixture *f, const char *name, double deviation) {
    const gm_tensor *x = gm_variable_find(f->graph, name);
    assert_non_null(x);
    assert_near(((const gm_variable_attributes *)x->attributes)->initializer.b, deviation, 1e-12);
}

static void kaimings_gain_follows_the_next_activation(void **state) {
    (void)state;
    gm_layer own = made("dense", "9"), fixed = made("dense", "9");
    assert_int_equal(gm_layer_set_text(&own, "initializer", "dcgan"), GM_OK);
    assert_int_equal(gm_layer_set_number(&fixed, "gain", 0.5), GM_OK);
    const gm_layer layers[] = {
        made("dense", "9"),
        made("batch_norm", NULL),
        made("leaky_relu", "0.5"), // 0
        made("dense", "9"),
        made("relu", NULL), // 3
        own,                // 5
        fixed,              // 6
        made("dense", "9"),
        made("tanh", NULL), // 7
        made("dense", "9"), // 9
    };
    gm_network *network = network_of("n", layers, GM_COUNT(layers), GM_WEIGHTS_KAIMING_NORMAL);
    fixture f;
    begin(&f);
    gm_network_apply(network, gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 9)), GM_MODE_TRAINING, NULL);
    start_is(&f, "n.0.weight", sqrt(2 / 1.25) / 3);
    start_is(&f, "n.3.weight", sqrt(2) / 3);
    start_is(&f, "n.5.weight", 0.02);
    start_is(&f, "n.6.weight", 0.5 / 3);
    start_is(&f, "n.7.weight", 5.0 / 9);
    start_is(&f, "n.9.weight", 1.0 / 3);
    gm_network_destroy(&network);
    end(&f);
}

static void faults_name_network_and_layer(void **state) {
    (void)state;
    gm_layer conv = made("conv", "8"), pool = made("max_pool", "9");
    assert_int_equal(gm_layer_set_text(&conv, "kernel", "3"), GM_OK);
    gm_layer volume = made("reshape", NULL), deep = conv, same = conv, wide = made("upsample", NULL);
    assert_int_equal(gm_layer_set_list(&deep, "stride", (const char *const[]){"1", "2", "2"}, 3), GM_OK);
    assert_int_equal(gm_layer_set_list(&volume, NULL, (const char *const[]){"3", "2", "4", "8"}, 4), GM_OK);
    assert_int_equal(gm_layer_set_text(&same, "same", "true"), GM_OK);
    assert_int_equal(gm_layer_set_text(&same, "padding", "1"), GM_OK);
    assert_int_equal(gm_layer_set_list(&wide, "factor", (const char *const[]){"1", "2"}, 2), GM_OK);
    gm_layer one = conv; // a list of one is a number for all
    assert_int_equal(gm_layer_set_list(&one, "stride", (const char *const[]){"2"}, 1), GM_OK);
    assert_true(one.params.conv.stride[0] == 2 && one.params.conv.stride[2] == 2);
    gm_layer line = made("reshape", NULL), square = conv;
    assert_int_equal(gm_layer_set_list(&line, NULL, (const char *const[]){"3", "64"}, 2), GM_OK);
    assert_int_equal(gm_layer_set_list(&square, "kernel", (const char *const[]){"3", "3"}, 2), GM_OK);
    const struct {
        gm_layer layers[2];
        const char *start, *part;
    } cases[] = {
        {{made("relu", NULL), made("dense", "3")}, "discriminator layer 1 (dense): ", "`flatten`"},
        {{made("flatten", NULL), conv}, "discriminator layer 1 (conv): ", "`reshape: [C, H, W]`"},
        {{conv, pool}, "discriminator layer 1 (max_pool): ", ""},
        {{made("dropout", NULL), made("relu", NULL)}, "discriminator layer 0 (dropout): ", "counter"},
        {{made("gumbel_softmax", NULL), made("relu", NULL)}, "discriminator layer 0 (gumbel_softmax): ", "counter"},
        {{made("flatten", NULL), made("softmax", "2")}, "discriminator layer 1 (softmax): ", "has no axis 2"},
        {{made("reshape", "5"), made("relu", NULL)}, "discriminator layer 0 (reshape): ", "needs 5"},
        {{made("relu", NULL), deep},
         "discriminator layer 1 (conv): ",
         "stride has 3 numbers for the 2 behind the channels"},
        {{line, square}, "discriminator layer 1 (conv): ", "kernel has 2 numbers for the 1 behind the channels"},
        {{volume, wide}, "discriminator layer 1 (upsample): ", "factor has 2 numbers for the 3 behind the channels"},
        {{made("relu", NULL), same}, "discriminator layer 1 (conv): ", "leave padding and output_padding out"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_network *network = network_of("discriminator", cases[i].layers, 2, GM_WEIGHTS_DEFAULT);
        fixture f;
        begin(&f);
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(4, 3, 8, 8));
        assert_true(gm_is_poison(gm_network_apply(network, x, GM_MODE_TRAINING, NULL)));
        fault_says(&f, cases[i].start, cases[i].part);
        gm_network_destroy(&network);
        end(&f);
    }
}

static void a_network_stays_with_its_graph(void **state) {
    (void)state;
    const gm_layer layers[] = {made("relu", NULL)};
    gm_network *network = network_of("net", layers, 1, GM_WEIGHTS_DEFAULT), *other = NULL;
    fixture f, g;
    begin(&f);
    begin(&g);
    gm_network_apply(network, gm_input(f.graph, "x", GM_FLOAT32, GM_SHAPE(1)), GM_MODE_INFERENCE, NULL);
    gm_tensor *x = gm_input(g.graph, "x", GM_FLOAT32, GM_SHAPE(1));
    size_t count;
    const gm_layer *same = gm_network_layers(network, &count);
    other = network_of(gm_network_name(network), same, count, GM_WEIGHTS_DEFAULT);
    assert_false(gm_is_poison(gm_network_apply(other, x, GM_MODE_INFERENCE, NULL)));
    assert_true(gm_is_poison(gm_network_apply(network, x, GM_MODE_INFERENCE, NULL)));
    fault_says(&g, "network net belongs to another graph", "");
    assert_int_equal(gm_graph_status(f.graph), GM_OK);
    gm_network_destroy(&network);
    gm_network_destroy(&other);
    end(&f);
    end(&g);
}

static void bad_networks_are_refused(void **state) {
    (void)state;
    const gm_layer good = made("dense", "3"), unset = made("dense", NULL), typeless = {0};
    gm_network *network = NULL;
    const struct {
        const char *name;
        const gm_layer *layer;
        size_t count;
        const char *part;
    } cases[] = {
        {"a.b", &good, 1, "letters, digits"},
        {"", &good, 1, "letters, digits"},
        {"a123456789b123456789c123456789d123456789e123456789f123456789g1234", &good, 1, "1 to 64"},
        {"net", &good, 0, "has no layers"},
        {"net", &unset, 1, "net layer 0: dense needs 'units': an integer from 1"},
        {"net", &typeless, 1, "net layer 0: it has no type"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        assert_int_equal(gm_network_create(&network, cases[i].name, cases[i].layer, cases[i].count, GM_WEIGHTS_DEFAULT),
                         GM_ERROR_ARGUMENT);
        assert_null(network);
        if (strstr(gm_error_message(), cases[i].part) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", gm_error_message(), cases[i].part);
    }
    gm_network_destroy(&network);
}

// ---- The table ----

// Gives every required parameter a small value of its kind.
static void set_required(gm_layer *layer, const gm_layer *inner) {
    const gm_layer_type *type = layer->type;
    for (size_t k = 0; k < type->parameter_count; k++) {
        const gm_parameter *row = &type->parameters[k];
        assert_non_null(row->help);
        if (!row->required)
            continue;
        if (row->kind == GM_PARAMETER_LAYERS)
            assert_int_equal(gm_layer_set_layers(layer, row->key, inner, 1), GM_OK);
        else
            assert_int_equal(gm_layer_set_text(layer, row->key, row->kind == GM_PARAMETER_SHAPE ? "48" : "2"), GM_OK);
    }
}

static void every_layer_type_works_from_its_defaults(void **state) {
    (void)state;
    static const char *const of_vectors[] = {"dense", "maxout", "embed", "projection", "feedback"};
    static const char *const of_sequences[] = {"phase_shuffle", "gru", "lstm", "embedding"};
    const gm_layer flatten = made("flatten", NULL);
    const gm_layer recurrent = made("gru", "4");
    gm_layer style = made("head", "2"), inner = made("conv", "4");
    assert_int_equal(gm_layer_set_text(&inner, "kernel", "1"), GM_OK);
    assert_int_equal(gm_layer_set_layers(&style, "layers", &flatten, 1), GM_OK);
    size_t types;
    const gm_layer_type *type = gm_layer_types(&types);
    for (size_t i = 0; i < types; i++) {
        gm_layer layer;
        gm_layer_default(&layer, &type[i]);
        set_required(&layer, strcmp(type[i].name, "feedback") == 0 ? &recurrent : &inner);
        size_t positional = 0;
        for (size_t k = 0; k < type[i].parameter_count; k++)
            positional += type[i].parameters[k].positional;
        assert_in_range(positional, 0, 1);
        // What it refers to stands before it.
        const bool concat = strcmp(type[i].name, "concat") == 0,
                   refers = concat || strcmp(type[i].name, "adain") == 0 || strcmp(type[i].name, "modulated_conv") == 0;
        const gm_layer layers[] = {concat ? made("tap", "2") : style, layer};
        gm_network *network = network_of("net", layers + !refers, 1 + refers, GM_WEIGHTS_DEFAULT);
        fixture f;
        begin(&f);
        gm_tensor *counter = gm_input(f.graph, "counter", GM_INT32, GM_SHAPE(2));
        gm_tensor *labels = gm_input(f.graph, "labels", GM_INT32, GM_SHAPE(3));
        bool vectors = false, sequences = false;
        for (size_t k = 0; k < GM_COUNT(of_vectors); k++)
            vectors = vectors || strcmp(type[i].name, of_vectors[k]) == 0;
        for (size_t k = 0; k < GM_COUNT(of_sequences); k++)
            sequences = sequences || strcmp(type[i].name, of_sequences[k]) == 0;
        gm_tensor *x = gm_input(f.graph, "x", GM_FLOAT32,
                                vectors     ? GM_SHAPE(3, 48)
                                : sequences ? GM_SHAPE(3, 4, 12)
                                            : GM_SHAPE(3, 4, 2, 6));
        gm_tensor *y = gm_network_apply_labelled(network, x, labels, GM_MODE_TRAINING, counter);
        const double *values = evaluate(&f, y);
        for (size_t k = 0; k < gm_shape_count(gm_tensor_shape(y)); k++)
            assert_true(isfinite(values[k]));
        assert_int_equal(gm_network_needs_labels(network), type[i].labelled);
        assert_int_equal(gm_network_across_samples(network), type[i].across_samples);
        // A layer with weights has some, and only such a layer may name an initialiser of them.
        size_t count;
        gm_network_parameters(network, &count);
        assert_true(!type[i].weighted || count > 0);
        gm_network_destroy(&network);
        end(&f);
    }
    assert_null(gm_layer_type_find("convolution"));
}

static void recipe_values_reach_their_fields(void **state) {
    (void)state;
    gm_layer layer = made("conv_transpose", "128");
    assert_int_equal(layer.params.conv.channels, 128);
    assert_int_equal(layer.params.conv.stride[0], 1);
    assert_false(layer.params.conv.no_bias);
    assert_int_equal(gm_layer_set_text(&layer, "kernel", "4"), GM_OK);
    assert_int_equal(gm_layer_set_list(&layer, "stride", (const char *const[]){"2", "3"}, 2), GM_OK);
    assert_int_equal(gm_layer_set_number(&layer, "padding", 1), GM_OK);
    assert_int_equal(gm_layer_set_text(&layer, "bias", "false"), GM_OK);
    assert_int_equal(gm_layer_set_text(&layer, "initializer", "kaiming_normal"), GM_OK);
    const gm_conv_params *p = &layer.params.conv;
    assert_true(p->kernel[0] == 4 && p->kernel[1] == 4 && p->stride[0] == 2 && p->stride[1] == 3);
    assert_true(p->padding[0] == 1 && p->padding[1] == 1 && p->no_bias);
    assert_int_equal(p->initializer, GM_WEIGHTS_KAIMING_NORMAL);
    assert_int_equal(gm_layer_check(&layer), GM_OK);

    layer = made("reshape", NULL);
    assert_int_equal(gm_layer_set_list(&layer, NULL, (const char *const[]){"256", "4", "4"}, 3), GM_OK);
    assert_true(gm_shape_equal(&layer.params.reshape.shape, &GM_SHAPE(256, 4, 4)));
    layer = made("leaky_relu", "0.3");
    assert_near(layer.params.activation.slope, 0.3, 0);
}

static void values_print_as_recipes_write_them(void **state) {
    (void)state;
    gm_layer conv = made("conv", "8"), reshape = made("reshape", NULL), dropout = made("dropout", "0.1");
    assert_int_equal(gm_layer_set_list(&reshape, NULL, (const char *const[]){"256", "4", "4"}, 3), GM_OK);
    const struct {
        const gm_layer *layer;
        const char *key, *text, *allowed;
    } cases[] = {
        {&conv, "channels", "8", "an integer from 1 to 65536"},
        {&conv, "stride", "1", "an integer from 1 to 1024, or a list of one for each axis"},
        {&conv, "bias", "true", "true or false"},
        {&conv, "initializer", "default", "one of default, pytorch, dcgan, xavier_uniform"},
        {&dropout, "rate", "0.1", "a number from 0 to 0.999"},
        {&reshape, "shape", "[256, 4, 4]", "a list of 1 to 5 integers from 1"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        const gm_layer_type *type = cases[i].layer->type;
        const gm_parameter *row = gm_parameter_find(type->parameters, type->parameter_count, cases[i].key);
        char text[200];
        assert_non_null(row);
        assert_string_equal(gm_parameter_format(row, &cases[i].layer->params, text, sizeof text), cases[i].text);
        gm_parameter_allowed(row, text, sizeof text);
        assert_memory_equal(text, cases[i].allowed, strlen(cases[i].allowed));
    }
    // Numbers read back as they were.
    const gm_parameter *rate = gm_parameter_find(dropout.type->parameters, 1, "rate");
    char text[40];
    const double values[] = {0.1, 1.0 / 3, 2e-4};
    for (size_t i = 0; i < GM_COUNT(values); i++) {
        dropout.params.dropout.rate = values[i];
        gm_parameter_format(rate, &dropout.params, text, sizeof text);
        assert_int_equal(gm_layer_set_text(&dropout, "rate", text), GM_OK);
        assert_near(dropout.params.dropout.rate, values[i], 0);
    }
    assert_string_equal(gm_parameter_format(rate, &dropout.params, text, 4), "0.0"); // cut, and terminated
}

static void bad_values_name_layer_key_and_range(void **state) {
    (void)state;
    const struct {
        const char *type, *key, *text, *part;
    } cases[] = {
        {"dense", "units", "0", "dense: units must be an integer from 1 to 16777216, not '0'"},
        {"dense", "units", "-3", "not '-3'"},
        {"dense", "units", "12.5", "not '12.5'"},
        {"dense", "units", "1e99", "not '1e99'"},
        {"dense", "units", "12 units", "not '12 units'"},
        {"dense", "units", "0x10", "not '0x10'"},
        {"dense", "units", "", "not ''"},
        {"dense", "bias", "maybe", "dense: bias must be true or false, not 'maybe'"},
        {"dense", "bias", "1", "true or false"},
        {"dense", "widht", "3", "dense has no parameter 'widht'; it takes units, bias, initializer, gain"},
        {"dense", "initializer", "zeros", "one of default, pytorch, dcgan"},
        {"dropout", NULL, "1", "dropout: rate must be a number from 0 to 0.999, not '1'"},
        {"dropout", NULL, "inf", "not 'inf'"},
        {"relu", NULL, "0.2", "relu takes no parameters"},
        {"batch_norm", NULL, "0.2", "batch_norm needs its parameters by name: momentum, epsilon"},
        {"conv", "stride", "0", "conv: stride must be an integer from 1"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_layer layer = made(cases[i].type, NULL), before = layer;
        assert_int_equal(gm_layer_set_text(&layer, cases[i].key, cases[i].text), GM_ERROR_ARGUMENT);
        if (strstr(gm_error_message(), cases[i].part) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", gm_error_message(), cases[i].part);
        assert_memory_equal(&layer, &before, sizeof layer);
    }
    gm_layer conv = made("conv", "3"), reshape = made("reshape", NULL);
    const char *const items[] = {"2", "2", "2", "2", "2", "2"};
    assert_int_equal(gm_layer_set_list(&conv, "stride", items, 4), GM_ERROR_ARGUMENT);
    assert_non_null(strstr(gm_error_message(), "not [2, 2, 2, 2]"));
    assert_int_equal(gm_layer_set_list(&conv, "channels", items, 1), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_layer_set_list(&reshape, NULL, items, 6), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_layer_set_list(&reshape, NULL, items, 0), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_layer_set_number(&conv, "initializer", 1), GM_ERROR_ARGUMENT);
    assert_int_equal(gm_layer_set_number(&conv, "gain", NAN), GM_ERROR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_named_by_network_and_place),
        cmocka_unit_test(real_then_fake_compose_their_statistics),
        cmocka_unit_test(inference_does_not_depend_on_neighbours),
        cmocka_unit_test(dropout_masks_differ_between_training_applications_alone),
        cmocka_unit_test(gumbel_softmax_draws_anew_in_each_training_application),
        cmocka_unit_test(hard_gumbel_softmax_is_one_hot_in_training),
        cmocka_unit_test(kaimings_gain_follows_the_next_activation),
        cmocka_unit_test(faults_name_network_and_layer),
        cmocka_unit_test(a_network_stays_with_its_graph),
        cmocka_unit_test(bad_networks_are_refused),
        cmocka_unit_test(every_layer_type_works_from_its_defaults),
        cmocka_unit_test(recipe_values_reach_their_fields),
        cmocka_unit_test(values_print_as_recipes_write_them),
        cmocka_unit_test(bad_values_name_layer_key_and_range),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}

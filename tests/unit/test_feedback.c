// The layer that writes symbol by symbol, and reads what it is given: both say the same of a text.
#include "nn_test.h"

#include "nn/layers.h"

enum { SAMPLES = 3, VALUES = 2, SYMBOLS = 4, LENGTH = 5, ALL = SAMPLES * SYMBOLS * LENGTH };

static gm_tensor *given_draw(void *user, const char *name, gm_shape shape) {
    (void)name;
    gm_tensor **uniform = user;
    return gm_shape_equal(gm_tensor_shape(*uniform), &shape) ? *uniform : NULL;
}

// A network of one such layer around the inner ones, and its input.
typedef struct writer {
    fixture f;
    gm_layer inner[2], layer;
    gm_network *network;
    gm_tensor *x, *counter;
} writer;

static void open_writer(writer *w, const char *inner, size_t units) {
    begin(&w->f);
    gm_layer_default(&w->inner[0], gm_layer_type_find(inner));
    w->inner[0].params.recurrent = (gm_recurrent_params){.units = units, .layers = 2};
    gm_layer_default(&w->inner[1], gm_layer_type_find("tanh"));
    gm_layer_default(&w->layer, gm_layer_type_find("feedback"));
    w->layer.params.feedback = (gm_feedback_params){
        .symbols = SYMBOLS, .length = LENGTH, .temperature = .7, .layers = {w->inner, GM_COUNT(w->inner)}};
    assert_int_equal(gm_network_create(&w->network, "g", &w->layer, 1, GM_WEIGHTS_DEFAULT), GM_OK);
    w->x = gm_input(w->f.graph, "x", GM_FLOAT32, GM_SHAPE(SAMPLES, VALUES));
    w->counter = gm_input(w->f.graph, "counter", GM_INT32, GM_SHAPE(2));
    set(&w->f, w->x, (double[]){1, -2, .5, 3, -1, 2});
}

static void close_writer(writer *w) {
    gm_network_destroy(&w->network);
    end(&w->f);
}

// Of its own text it gives the logits that it drew it by: with the same noise they choose the same symbols.
static void it_reads_its_own_text_as_it_wrote_it(const char *inner) {
    writer w;
    double noise[ALL];
    open_writer(&w, inner, 6);
    gm_tensor *uniform = gm_input(w.f.graph, "u", GM_FLOAT32, GM_SHAPE(SAMPLES, LENGTH, SYMBOLS));
    for (size_t i = 0; i < ALL; i++)
        noise[i] = (double)(i * 37 % 61) / 61;
    set(&w.f, uniform, noise);
    gm_network_set_draw(w.network, given_draw, &uniform);
    gm_tensor *text = gm_network_apply(w.network, w.x, GM_MODE_INFERENCE, NULL);
    gm_network_set_given(w.network, text);
    gm_tensor *logits = gm_network_apply(w.network, w.x, GM_MODE_INFERENCE, NULL);
    gm_tensor *drawn = gm_add(logits, gm_transpose(gm_gumbel_noise_of(uniform), (const size_t[]){0, 2, 1}));
    gm_tensor *again = gm_reshape(gm_argmax(drawn, 1), GM_SHAPE(SAMPLES, LENGTH));
    double codes[SAMPLES * LENGTH] = {0};
    const double *written = evaluate(&w.f, text);
    size_t kinds[SYMBOLS] = {0};
    for (size_t i = 0; i < ALL; i++) {
        assert_true(written[i] <= 0 || written[i] >= 1);
        if (written[i] >= 1) {
            codes[i / SYMBOLS / LENGTH * LENGTH + i % LENGTH] = (double)(i / LENGTH % SYMBOLS);
            kinds[i / LENGTH % SYMBOLS]++;
        }
    }
    assert_int_equal(kinds[0] + kinds[1] + kinds[2] + kinds[3], SAMPLES * LENGTH); // one each
    assert_true(kinds[0] < SAMPLES * LENGTH && kinds[1] < SAMPLES * LENGTH);
    has_values(&w.f, again, codes, GM_COUNT(codes));
    gm_tensor *variables[32];
    assert_int_equal(gm_trainable(w.f.graph, "g.0.", variables, 32), 10); // of two layers four each, and the map
    close_writer(&w);
}

static void a_gru_reads_its_own_text_as_it_wrote_it(void **state) {
    (void)state;
    it_reads_its_own_text_as_it_wrote_it("gru");
}

static void an_lstm_reads_its_own_text_as_it_wrote_it(void **state) {
    (void)state;
    it_reads_its_own_text_as_it_wrote_it("lstm");
}

// The last symbol depends on the noise of the first draw, by way of the symbol drawn.
static void gradients_pass_through_what_was_drawn(void **state) {
    (void)state;
    writer w;
    gm_tensor *slopes;
    double noise[ALL], slope = 0;
    open_writer(&w, "gru", 5);
    gm_tensor *uniform = gm_input(w.f.graph, "u", GM_FLOAT32, GM_SHAPE(SAMPLES, LENGTH, SYMBOLS));
    for (size_t i = 0; i < ALL; i++)
        noise[i] = (double)(i * 37 % 61 + 1) / 62;
    set(&w.f, uniform, noise);
    gm_network_set_draw(w.network, given_draw, &uniform);
    gm_tensor *text = gm_network_apply(w.network, w.x, GM_MODE_INFERENCE, NULL);
    gm_tensor *last = gm_slice(text, (const size_t[]){0, 0, LENGTH - 1}, (const size_t[]){SAMPLES, SYMBOLS, 1});
    gm_tensor *weights = gm_constant_array(w.f.graph, GM_FLOAT32, GM_SHAPE(SYMBOLS, 1), (float[]){1, -2, 3, .5f});
    gm_grad(gm_sum_all(gm_multiply(last, weights)), &uniform, 1, &slopes);
    const double *of = evaluate(&w.f, slopes);
    for (size_t i = 0; i < SYMBOLS; i++) // of the first sample's first draw
        slope += fabs(of[i]);
    assert_true(slope > 1e-6);
    close_writer(&w);
}

static void noise_in_training_goes_by_the_counter(void **state) {
    (void)state;
    writer w;
    double before[ALL];
    open_writer(&w, "gru", 5);
    gm_tensor *text = gm_network_apply(w.network, w.x, GM_MODE_TRAINING, w.counter);
    set(&w.f, w.counter, (double[]){0, 0});
    memcpy(before, evaluate(&w.f, text), sizeof before);
    set(&w.f, w.counter, (double[]){7, 0});
    assert_memory_not_equal(before, evaluate(&w.f, text), sizeof before);
    close_writer(&w);
}

// Logits at a position depend on the symbols before it, and on no others.
static void reading_looks_back_alone(void **state) {
    (void)state;
    writer w;
    double text[ALL] = {0}, before[ALL];
    open_writer(&w, "gru", 6);
    gm_tensor *given = gm_input(w.f.graph, "given", GM_FLOAT32, GM_SHAPE(SAMPLES, SYMBOLS, LENGTH));
    for (size_t i = 0; i < SAMPLES * LENGTH; i++)
        text[(i / LENGTH * SYMBOLS + i * 3 % SYMBOLS) * LENGTH + i % LENGTH] = 1;
    set(&w.f, given, text);
    gm_network_set_given(w.network, given);
    gm_tensor *logits = gm_network_apply(w.network, w.x, GM_MODE_TRAINING, w.counter);
    memcpy(before, evaluate(&w.f, logits), sizeof before);
    for (size_t k = 0; k < SYMBOLS; k++) // another symbol at place 2 of the first sample
        text[k * LENGTH + 2] = 1 - text[k * LENGTH + 2];
    set(&w.f, given, text);
    const double *after = evaluate(&w.f, logits);
    for (size_t i = 0; i < ALL; i++) {
        bool behind = i < SYMBOLS * LENGTH && i % LENGTH > 2;
        if ((fabs(after[i] - before[i]) > 0) != behind)
            fail_msg("logit %zu %s", i, behind ? "does not look back" : "looks ahead");
    }
    close_writer(&w);
}

static void slips_are_named(void **state) {
    (void)state;
    writer w;
    open_writer(&w, "attention", 4);
    gm_network_apply(w.network, w.x, GM_MODE_TRAINING, w.counter);
    fault_says(&w.f, "g layer 0 (feedback): ", "the layer attention is none of those of the layer feedback");
    close_writer(&w);
    open_writer(&w, "gru", 4);
    gm_network_apply(w.network, gm_reshape(w.x, GM_SHAPE(SAMPLES, VALUES, 1)), GM_MODE_TRAINING, w.counter);
    fault_says(&w.f, "g layer 0 (feedback): ", "it takes vectors (N, M), not (3, 2, 1)");
    close_writer(&w);
    open_writer(&w, "gru", 4);
    gm_network_set_given(w.network, gm_full(w.f.graph, GM_SHAPE(SAMPLES, SYMBOLS, LENGTH + 1), 0));
    gm_network_apply(w.network, w.x, GM_MODE_TRAINING, w.counter);
    fault_says(&w.f, "g layer 0 (feedback): ", "it writes (3, 4, 5), but the texts that it learns from are (3, 4, 6)");
    close_writer(&w);
    open_writer(&w, "gru", 4);
    gm_network_apply(w.network, w.x, GM_MODE_TRAINING, NULL);
    fault_says(&w.f, "g layer 0 (feedback): ", "need a counter");
    close_writer(&w);
}

// A class's vector stands at every position.
static void a_class_is_embedded_at_every_position(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    gm_tensor *x = gm_full(f.graph, GM_SHAPE(2, 1, 3), 5), *labels = gm_input(f.graph, "labels", GM_INT32, GM_SHAPE(2));
    gm_tensor *y = gm_embed(x, labels, "e", &(gm_embed_params){.classes = 3, .size = 1});
    set(&f, labels, (double[]){2, 0});
    double table[3];
    memcpy(table, evaluate(&f, gm_variable_find(f.graph, "e.weight")), sizeof table);
    const double expected[] = {5, 5, 5, table[2], table[2], table[2], 5, 5, 5, table[0], table[0], table[0]};
    has_values(&f, y, expected, GM_COUNT(expected));
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gru_reads_its_own_text_as_it_wrote_it),
        cmocka_unit_test(an_lstm_reads_its_own_text_as_it_wrote_it),
        cmocka_unit_test(gradients_pass_through_what_was_drawn),
        cmocka_unit_test(noise_in_training_goes_by_the_counter),
        cmocka_unit_test(reading_looks_back_alone),
        cmocka_unit_test(slips_are_named),
        cmocka_unit_test(a_class_is_embedded_at_every_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

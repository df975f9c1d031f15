// Recipes: what is read, what is refused and on which line, settings over a file, and the recipe as resolved.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/autoencoder.h"
#include "model/gan.h"
#include "train/settings.h"

static const char good[] = "name: dcgan-tiny\n"                                                                // 1
                           "seed: 7\n"                                                                         // 2
                           "steps: 200\n"                                                                      // 3
                           "data: { source: fashion-mnist, size: 32, fit: crop, range: [-1, 1], batch: 16 }\n" // 4
                           "latent: { size: 20, distribution: uniform }\n"                                     // 5
                           "initializer: dcgan\n"                                                              // 6
                           "generator:\n"                                                                      // 7
                           "  - dense: { units: 4096, bias: false }\n"                                         // 8
                           "  - reshape: [256, 4, 4]\n"                                                        // 9
                           "  - batch_norm\n"                                                                  // 10
                           "  - relu\n"                                                                        // 11
                           "  - conv_transpose: { channels: 1, kernel: 4, stride: [2, 2], padding: 1 }\n"      // 12
                           "  - tanh\n"                                                                        // 13
                           "discriminator:\n"                                                                  // 14
                           "  - flatten\n"                                                                     // 15
                           "  - dense: 64\n"                                                                   // 16
                           "  - leaky_relu: 0.2\n"                                                             // 17
                           "  - dense: 1\n"                                                                    // 18
                           "loss: least_squares\n"                                                             // 19
                           "optimizer:\n"                                                                      // 20
                           "  generator: { adam: { rate: 1e-4, beta1: 0 } }\n"                                 // 21
                           "  discriminator:\n"                                                                // 22
                           "    sgd: 0.25\n"                                                                   // 23
                           "discriminator_steps: 2\n"                                                          // 24
                           "log: { every: 5, samples: 50, checkpoint: 100, grid: [4, 6], keep: 2 }\n";         // 25

static gm_recipe *parse(const char *text, const char *const *settings, size_t count) {
    gm_recipe *recipe = NULL;
    gm_status status = gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), settings, count);
    if (status != GM_OK)
        fail_msg("refused: %s", gm_error_message());
    return recipe;
}

// Doubles that were read from the same decimal text are equal to the bit.
static void assert_same(double a, double b) {
    assert_memory_equal(&a, &b, sizeof a);
}

static void every_key_reaches_its_field(void **state) {
    (void)state;
    gm_recipe *r = parse(good, NULL, 0);
    assert_string_equal(gm_common_of(r)->name, "dcgan-tiny");
    assert_int_equal(gm_common_of(r)->seed, 7);
    assert_int_equal(gm_common_of(r)->steps, 200);
    assert_string_equal(gm_common_of(r)->data.source, "fashion-mnist");
    assert_null(gm_common_of(r)->data.folder);
    assert_int_equal(gm_common_of(r)->data.size[0], 32);
    assert_int_equal(gm_common_of(r)->data.size[1], 32);
    assert_int_equal(gm_common_of(r)->data.fit, GM_FIT_CROP);
    assert_same(gm_common_of(r)->data.range.low, -1);
    assert_same(gm_common_of(r)->data.range.high, 1);
    assert_string_equal(gm_common_of(r)->data.range.origin, "r.yaml:4");
    assert_int_equal(gm_common_of(r)->data.batch, 16);
    assert_int_equal(gm_gan_of(r)->latent.size, 20);
    assert_int_equal(gm_gan_of(r)->latent.distribution, GM_LATENT_UNIFORM);
    assert_int_equal(gm_gan_of(r)->initializer, GM_WEIGHTS_DCGAN);
    assert_ptr_equal(gm_gan_of(r)->loss, gm_gan_loss_find("least_squares"));
    assert_int_equal(gm_gan_of(r)->optimizer.generator.kind, GM_OPTIMIZER_ADAM);
    assert_same(gm_gan_of(r)->optimizer.generator.rate, 1e-4);
    assert_same(gm_gan_of(r)->optimizer.generator.beta1, 0);
    assert_same(gm_gan_of(r)->optimizer.generator.beta2, 0.999);
    assert_int_equal(gm_gan_of(r)->optimizer.discriminator.kind, GM_OPTIMIZER_SGD);
    assert_same(gm_gan_of(r)->optimizer.discriminator.rate, 0.25);
    assert_int_equal(gm_gan_of(r)->discriminator_steps, 2);
    assert_int_equal(gm_train_settings_of(r)->log.every, 5);
    assert_int_equal(gm_train_settings_of(r)->log.samples, 50);
    assert_int_equal(gm_train_settings_of(r)->log.checkpoint, 100);
    assert_int_equal(gm_train_settings_of(r)->log.grid[0], 4);
    assert_int_equal(gm_train_settings_of(r)->log.grid[1], 6);
    assert_int_equal(gm_train_settings_of(r)->log.keep, 2);
    gm_recipe_destroy(&r);
    assert_null(r);
    gm_recipe_destroy(&r);
}

static void layers_are_read_in_all_their_forms(void **state) {
    (void)state;
    gm_recipe *r = parse(good, NULL, 0);
    static const char *const names[] = {"dense", "reshape", "batch_norm", "relu", "conv_transpose", "tanh"};
    assert_int_equal(gm_gan_of(r)->generator.count, GM_COUNT(names));
    for (size_t i = 0; i < GM_COUNT(names); i++)
        assert_string_equal(gm_gan_of(r)->generator.layers[i].type->name, names[i]);
    const gm_layer *g = gm_gan_of(r)->generator.layers;
    assert_int_equal(g[0].params.dense.units, 4096);
    assert_true(g[0].params.dense.no_bias);
    assert_int_equal(g[1].params.reshape.shape.rank, 3);
    assert_int_equal(g[1].params.reshape.shape.dim[0], 256);
    assert_int_equal(g[4].params.conv.kernel[1], 4);
    assert_int_equal(g[4].params.conv.stride[0], 2);
    assert_false(g[4].params.conv.no_bias);
    assert_string_equal(gm_gan_of(r)->generator.layers[4].origin, "r.yaml:12");
    assert_int_equal(gm_gan_of(r)->discriminator.layers[1].params.dense.units, 64);
    assert_same(gm_gan_of(r)->discriminator.layers[2].params.activation.slope, 0.2);
    gm_recipe_destroy(&r);
}

static const char small[] = "data: { source: ring8 }\ngenerator: [dense: 2]\ndiscriminator: [dense: 1]\n";

static void what_is_left_out_takes_its_default(void **state) {
    (void)state;
    gm_recipe *r = parse(small, NULL, 0);
    assert_string_equal(gm_common_of(r)->name, "r");
    assert_int_equal(gm_common_of(r)->seed, 0);
    assert_int_equal(gm_common_of(r)->data.batch, 64);
    assert_int_equal(gm_common_of(r)->data.fit, GM_FIT_PAD);
    assert_null(gm_common_of(r)->data.range.origin);
    assert_ptr_equal(gm_gan_of(r)->loss, gm_gan_loss_find("non_saturating"));
    assert_int_equal(gm_gan_of(r)->optimizer.generator.kind, GM_OPTIMIZER_ADAM);
    assert_same(gm_gan_of(r)->optimizer.discriminator.rate, 2e-4);
    assert_same(gm_gan_of(r)->optimizer.discriminator.beta1, 0.5);
    assert_int_equal(gm_train_settings_of(r)->log.grid[0], 8);
    gm_recipe_destroy(&r);
    gm_recipe *image = parse("data: {source: mnist}\ngenerator: [dense: 784, sigmoid, reshape: [1, 28, 28]]\n"
                             "discriminator: [flatten, dense: 1]\n",
                             NULL, 0);
    assert_same(gm_common_of(image)->data.range.low, 0); // follows the sigmoid, past the reshape
    assert_same(gm_common_of(image)->data.range.high, 1);
    gm_recipe_destroy(&image);
}

static void resolved_recipe_reads_back_as_itself(void **state) {
    (void)state;
    static const char *const odd[] = {"data.source='a b: it''s # [x]'", "data.folder=/x y/z", "name=a_b.c-1",
                                      "optimizer.generator.adam.rate=0.00012345678901234567"};
    const char *const texts[] = {good, small};
    for (size_t i = 0; i < 4; i++) {
        gm_recipe *first = parse(texts[i / 2], odd, i % 2 ? GM_COUNT(odd) : 0);
        gm_text a = {0}, b = {0};
        assert_int_equal(gm_recipe_write(first, &a), GM_OK);
        gm_recipe *second = parse(a.data, NULL, 0);
        assert_int_equal(gm_recipe_write(second, &b), GM_OK);
        assert_string_equal(a.data, b.data);
        assert_string_equal(gm_common_of(first)->data.source, gm_common_of(second)->data.source);
        assert_same(gm_gan_of(first)->optimizer.generator.rate, gm_gan_of(second)->optimizer.generator.rate);
        assert_int_equal(gm_gan_of(first)->generator.count, gm_gan_of(second)->generator.count);
        for (size_t j = 0; j < gm_gan_of(first)->generator.count; j++)
            assert_memory_equal(&gm_gan_of(first)->generator.layers[j].params,
                                &gm_gan_of(second)->generator.layers[j].params,
                                sizeof gm_gan_of(first)->generator.layers[j].params);
        gm_text_finish(&a);
        gm_text_finish(&b);
        gm_recipe_destroy(&first);
        gm_recipe_destroy(&second);
    }
}

static void precision_is_float32_unless_asked_for(void **state) {
    (void)state;
    static const struct {
        const char *setting, *line;
        gm_precision precision;
    } cases[] = {{"steps=5", "\nprecision: float32\n", GM_PRECISION_FLOAT32},
                 {"precision=float32", "\nprecision: float32\n", GM_PRECISION_FLOAT32},
                 {"precision=tf32", "\nprecision: tf32\n", GM_PRECISION_TF32},
                 {"precision=bf16", "\nprecision: bf16\n", GM_PRECISION_BF16},
                 {"precision=half_storage", "\nprecision: half_storage\n", GM_PRECISION_HALF_STORAGE},
                 {"precision=exact", "\nprecision: exact\n", GM_PRECISION_EXACT}};
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_recipe *r = parse(good, &cases[i].setting, 1);
        gm_text text = {0};
        assert_int_equal(gm_train_settings_of(r)->precision, cases[i].precision);
        assert_int_equal(gm_recipe_write(r, &text), GM_OK);
        assert_non_null(strstr(text.data, cases[i].line));
        gm_text_finish(&text);
        gm_recipe_destroy(&r);
    }
    gm_text keys = {0};
    assert_int_equal(gm_recipe_documentation(gm_train_schema(), &keys), GM_OK);
    assert_non_null(strstr(keys.data, "precision: one of float32, tf32, bf16, half_storage, exact; default float32"));
    gm_text_finish(&keys);
}

static void settings_go_over_the_file(void **state) {
    (void)state;
    static const char *const settings[] = {
        "data.batch=32",
        "data.range=[-1, 1]",
        "optimizer.generator.adam.rate=3e-4",
        "latent.distribution=normal",
        "steps=9",
        "generator.0.dense.units=16",
        "generator.2.batch_norm.momentum=0.5",
        "generator.3=leaky_relu: 0.1",
        "optimizer.discriminator={adam: {beta1: 0.3}}",
        "seed=1",
        "seed=2",
    };
    gm_recipe *r = parse(good, settings, GM_COUNT(settings));
    assert_int_equal(gm_common_of(r)->data.batch, 32);
    assert_int_equal(gm_common_of(r)->data.size[0], 32);
    assert_int_equal(gm_common_of(r)->data.size[1], 32);
    assert_same(gm_gan_of(r)->optimizer.generator.rate, 3e-4);
    assert_same(gm_gan_of(r)->optimizer.generator.beta1, 0);
    assert_int_equal(gm_gan_of(r)->latent.distribution, GM_LATENT_NORMAL);
    assert_int_equal(gm_common_of(r)->steps, 9);
    assert_int_equal(gm_gan_of(r)->generator.layers[0].params.dense.units, 16);
    assert_true(gm_gan_of(r)->generator.layers[0].params.dense.no_bias);
    assert_same(gm_gan_of(r)->generator.layers[2].params.batch_norm.momentum, 0.5);
    assert_string_equal(gm_gan_of(r)->generator.layers[3].type->name, "leaky_relu");
    assert_int_equal(gm_gan_of(r)->optimizer.discriminator.kind, GM_OPTIMIZER_ADAM);
    assert_same(gm_gan_of(r)->optimizer.discriminator.beta1, 0.3);
    assert_int_equal(gm_common_of(r)->seed, 2);
    gm_recipe_destroy(&r);
    static const char *const absent[] = {"log.every=3", "optimizer.generator.sgd.rate=0.5"};
    r = parse(small, absent, GM_COUNT(absent));
    assert_int_equal(gm_train_settings_of(r)->log.every, 3);
    assert_int_equal(gm_gan_of(r)->optimizer.generator.kind, GM_OPTIMIZER_SGD);
    gm_recipe_destroy(&r);
}

static void data_size_is_one_number_or_height_and_width(void **state) {
    (void)state;
    static const struct {
        const char *setting, *written;
        size_t size[2];
    } cases[] = {
        {"data.size=28", "  size: 28\n", {28, 28}},
        {"data.size=[28, 28]", "  size: 28\n", {28, 28}},
        {"data.size=[24, 32]", "  size: [24, 32]\n", {24, 32}},
        {"data.size=0", "  size: 0\n", {0, 0}},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_text text = {0};
        gm_recipe *r = parse(good, &cases[i].setting, 1);
        gm_dataset_options options = gm_common_data_options(gm_common_of(r));
        assert_memory_equal(gm_common_of(r)->data.size, cases[i].size, sizeof cases[i].size);
        assert_memory_equal(options.size, cases[i].size, sizeof cases[i].size);
        assert_int_equal(gm_recipe_write(r, &text), GM_OK);
        if (!strstr(text.data, cases[i].written))
            fail_msg("%s is not written as \"%s\"", cases[i].setting, cases[i].written);
        gm_text_finish(&text);
        gm_recipe_destroy(&r);
    }
}

static void expect_refusal(const char *text, size_t bytes, const char *setting, const char *start, const char *part) {
    gm_recipe *recipe = (gm_recipe *)1;
    gm_status status = gm_train_recipe_parse(&recipe, "r.yaml", text, bytes, &setting, setting ? 1 : 0);
    const char *message = gm_error_message();
    if (status == GM_OK)
        fail_msg("accepted, though it should say \"%s ... %s\"", start, part);
    assert_null(recipe);
    if (strncmp(message, start, strlen(start)) != 0 || !strstr(message, part) || strchr(message, '\n'))
        fail_msg("\n  said:     %s\n  expected: %s ... %s", message, start, part);
}

// The good recipe with one line replaced: the message must name line `named`.
static void expect_slip(int replaced, const char *by, int named, const char *part) {
    gm_text text = {0};
    const char *line = good;
    for (int number = 1; *line; number++) {
        size_t length = strcspn(line, "\n") + 1;
        if (number == replaced)
            gm_text_printf(&text, "%s\n", by);
        else
            gm_text_printf(&text, "%.*s", (int)length, line);
        line += length;
    }
    char start[32];
    snprintf(start, sizeof start, "r.yaml:%d: ", named);
    expect_refusal(text.data, text.length, NULL, start, part);
    gm_text_finish(&text);
}

static void slips_are_named_with_their_line(void **state) {
    (void)state;
    static const struct {
        int line;
        const char *text, *part;
    } slips[] = {
        {1, "nmae: x", "unknown key 'nmae': did you mean 'name'?; allowed are name, seed"},
        {1, "name: a/b", "name must be 1 to 100 letters"},
        {1, "name: [a, b]", "name must be a text of one line, not a list"},
        {1, "name:", "name must be a text of one line, not nothing"},
        {2, "seed: -1", "seed must be an integer from 0"},
        {2, "seed: 1.5", "seed must be an integer"},
        {2, "seed: 99999999999999999999999", "seed must be an integer from 0 to"},
        {3, "steps: many", "steps must be an integer from 1 to 1000000000, not 'many'"},
        {3, "steps: {a: 1}", "steps must be an integer from 1 to 1000000000, not a map"},
        {3, "steps: 0", "not '0'"},
        {3, "steps:", "not nothing"},
        {3, "seed: 8", "the key seed stands twice (first at r.yaml:2)"},
        {4, "data: { source: mnist, bacth: 3 }", "unknown key in data 'bacth': did you mean 'batch'?"},
        {4, "data: { source: mnist, zzz: 3 }", "unknown key in data 'zzz'; allowed are source, folder, split"},
        {4, "data: fashion-mnist", "data must be a map of keys (indented below it, or in braces), not 'fashion-mnist'"},
        {4, "data: [a]", "data must be a map of keys (indented below it, or in braces), not a list"},
        {4, "data: { batch: 3 }", "data.source is missing"},
        {4, "data: { source: mnist, range: [0, 1] }", "the generator ends in tanh (r.yaml:13), which makes [-1, 1]"},
        {4, "data: { source: mnist, range: [1, 0] }", "data.range must rise from low to high"},
        {4, "data: { source: mnist, range: [0, 1, 2] }", "data.range must be [low, high]"},
        {4, "data: { source: mnist, range: 1 }", "data.range must be [low, high]"},
        {4, "data: { source: mnist, fit: stretch }", "data.fit must be one of auto, pad, resize, crop, not 'stretch'"},
        {4, "data: { source: mnist, channels: 5000 }", "data.channels must be an integer from 0 to 4096"},
        {4, "data: { source: mnist, background: [0, 10, 256] }", "data.background must be black, grey, white, or [red"},
        {4, "data: { source: mnist, background: pink }", "data.background must be black, grey, white, or [red"},
        {4, "data: { source: mnist, resident: maybe }", "data.resident must be one of auto, yes, no"},
        {4, "data: { source: mnist, batch: 0 }", "data.batch must be an integer from 1"},
        {4, "data: { source: \"a\\nb\" }", "data.source must be a text of one line"},
        {4, "data: { source: mnist, size: 5000 }",
         "data.size must be an integer from 0 to 4096, or [height, width], not '5000'"},
        {4, "data: { source: mnist, size: [8, 8, 8] }", "data.size must be an integer from 0 to 4096"},
        {4, "data: { source: mnist, size: [0, 8] }", "data.size must be 0 for both or for none"},
        {5, "latent: { size: big }", "latent.size must be"},
        {6, "initializer: dcgna", "initializer must be one of default, pytorch, dcgan"},
        {8, "  - desne: { units: 4096 }", "unknown layer 'desne': did you mean 'dense'?"},
        {8, "  - dense: { unit: 4096 }", "unknown setting of dense 'unit': did you mean 'units'?"},
        {8, "  - dense: { units: 0 }", "dense.units must be an integer from 1"},
        {8, "  - dense: { units: 4096, bias: perhaps }", "dense.bias must be true or false, not 'perhaps'"},
        {8, "  - dense", "units"},
        {8, "  - dense: { units: [1, 2] }", "dense.units must be an integer"},
        {8, "  - dense: { units: 3, units: 4 }", "the key units stands twice"},
        {9, "  - reshape: [256, 4, x]", "reshape.shape must be a list of 1 to"},
        {9, "  - reshape: [256, [4], 4]", "reshape.shape must be a list of 1 to"},
        {11, "  - relu: 0.2", "relu has no settings: remove '0.2'"},
        {11, "  - relu: { slope: 0.2 }", "relu has no settings: remove 'slope'"},
        {11, "  - [relu]", "a layer is a name with its settings"},
        {11, "  -", "a layer is a name with its settings, such as relu or dense: {units: 128}, not nothing"},
        {12, "  - { conv: 3, kernel: 4 }", "here are 'conv' and 'kernel'"},
        {16, "  - batch_norm: 0.3", "the settings of batch_norm need their names"},
        {17, "  - leaky_relu: steep", "leaky_relu.slope must be a number"},
        {19, "loss: wasserstien", "unknown loss 'wasserstien'"},
        {19, "loss: non-saturating", "did you mean 'non_saturating'?"},
        {19, "loss: [minimax]", "loss must be the name of a loss"},
        {21, "  generator: { adma: { rate: 1e-4 } }", "unknown optimizer 'adma': did you mean 'adam'?"},
        {21, "  generator: { adam: { learning_rate: 1e-4 } }", "unknown setting of adam 'learning_rate'"},
        {21, "  generator: { adam: { rate: fast } }", "adam.rate must be a number"},
        {21, "  generator: { adam: { beta1: 1.5 } }", "adam.beta1 must be a number"},
        {21, "  generater: { adam: 1e-4 }", "unknown key in optimizer 'generater': did you mean 'generator'?"},
        {21, "  generator: { adam: 1e-4, sgd: 1 }", "here are 'adam' and 'sgd'"},
        {24, "discriminator_steps: 1001", "discriminator_steps must be an integer from 1 to 1000, not '1001'"},
        {25, "log: { grid: [8] }", "log.grid must be an integer from 1 to 64"},
        {25, "log: { evry: 8 }", "did you mean 'every'?"},
        {25, "monitor: { evry: 8 }", "unknown key in monitor 'evry': did you mean 'every'?"},
        {25, "monitor: { metrics: [jsd, covrage] }", "did you mean 'coverage'?; allowed are jsd, kl, coverage, "},
        {25, "monitor: { metrics: jsd }", "monitor.metrics must be a list such as [jsd, coverage]"},
        {25, "monitor: { alarm: sotp }", "one of warn, stop, off"},
        {25, "monitor: { share: 1.5 }", "monitor.share must be"},
        {25, "? [a, b]\n: c", "a key must be a word"},
        {25, "precision: float16", "precision must be one of float32, tf32, bf16, half_storage, exact, not 'float16'"},
        {25, "log: &a { every: 1 }", "recipes have no anchors"},
        {25, "log: *a", "recipes have no anchors (&) and aliases (*)"},
        {25, "log: !!python/object { every: 1 }", "recipes have no tags"},
        {25, "log.every: 3", "unknown key 'log.every'"},
        {25, "? |\n  two\n  lines\n: 3", "unknown key 'two\\nlines\\n'"},
        {25, "---\nname: x", "a second document begins"},
        {25, "log: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "nested too deeply"},
    };
    for (size_t i = 0; i < GM_COUNT(slips); i++)
        expect_slip(slips[i].line, slips[i].text, slips[i].line, slips[i].part);
    // What is left open shows at the line behind.
    expect_slip(25, "log: { every: 3", 26, "is not YAML: did not find expected ',' or '}'");
    expect_slip(25, "log: '", 26, "is not YAML");
    expect_slip(25, "log:\n\tevery: 3", 26, "is not YAML: found character that cannot start any token");
}

static void discriminator_that_ends_in_a_sigmoid_is_refused(void **state) {
    (void)state;
    static const char text[] = "data: {source: mnist}\ngenerator: [dense: 784, tanh]\ndiscriminator:\n  - dense: 1\n"
                               "  - sigmoid\n  - flatten\n";
    expect_refusal(text, strlen(text), NULL, "r.yaml:5: ", "must end in a logit, not in a sigmoid");
    expect_refusal(text, strlen(text), "loss=minimax", "r.yaml:5: ", "must end in a logit");
    const char *setting = "loss=least_squares";
    gm_recipe *r = parse(text, &setting, 1);
    gm_recipe_destroy(&r);
}

static void range_must_match_the_last_activation_of_images_alone(void **state) {
    (void)state;
    static const struct {
        const char *source, *last, *range;
        bool fits;
    } cases[] = {
        {"mnist", "sigmoid", "[0, 1]", true},   {"mnist", "sigmoid", "[-1, 1]", false},
        {"mnist", "tanh", "[-1, 1]", true},     {"mnist", "tanh", "[0, 1]", false},
        {"mnist", "tanh", "[-1, 2]", false},    {"mnist", "relu", "[0, 255]", true},
        {"ring8", "tanh", "[0, 1]", true},      {"./dir", "sigmoid", "[-1, 1]", false},
        {"mnist", "dense: 5", "[-3, 1]", true},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "data: {source: %s,\n range: %s}\ngenerator: [dense: 4, %s]\ndiscriminator: [dense: 1]\n",
                 cases[i].source, cases[i].range, cases[i].last);
        if (!cases[i].fits) {
            expect_refusal(text, strlen(text), NULL, "r.yaml:2: data.range is ", cases[i].last);
            continue;
        }
        gm_recipe *r = parse(text, NULL, 0);
        gm_recipe_destroy(&r);
    }
}

static void texts_that_are_no_recipe_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *start, *part;
    } cases[] = {
        {"", "r.yaml: ", "is empty"},
        {"# nothing but a comment\n", "r.yaml: ", "is empty"},
        {"---\n...\n", "r.yaml: ", "is empty"},
        {"just words\n", "r.yaml:1: ", "a recipe is a map of keys (name: ..., data: ...), not 'just words'"},
        {"- a\n- b\n", "r.yaml:1: ", "not a list"},
        {"\x89PNG\r\n\x1a\n", "r.yaml: ", "is not YAML"},
        {"a: \xff\xfe\n", "r.yaml: ", "is not YAML"},
        {"name: x\n", "r.yaml: ", "data.source is missing"},
        {"data: {source: mnist}\n", "r.yaml: ", "generator is missing"},
        {"data: {source: mnist}\ngenerator: []\n", "r.yaml:2: ", "generator must be a list of at least one layer"},
        {"data: {source: mnist}\ngenerator: {dense: 1}\n", "r.yaml:2: ", "not a map"},
        {"data: {source: mnist}\n\ngenerator: dense\n", "r.yaml:3: ", "not 'dense'"},
        {"data:\ngenerator: [relu]\ndiscriminator: [relu]\n", "r.yaml:1: ", "data.source is missing"},
        {"a: \"x\\0y\"\n", "r.yaml:1: ", "NUL"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        expect_refusal(cases[i].text, strlen(cases[i].text), NULL, cases[i].start, cases[i].part);
    expect_refusal("a\0b", 3, NULL, "r.yaml: ", "is not YAML");
    size_t huge = (size_t)17 << 20;
    char *text = malloc(huge + 1);
    memset(text, '\n', huge);
    text[huge] = '\0';
    expect_refusal(text, huge, NULL, "r.yaml: ", "at most 16 MiB");
    for (size_t i = 0; i < huge / 4; i++)
        text[i] = "a,"[i % 2];
    text[0] = '[';
    text[1] = ' ';
    expect_refusal(text, huge / 4, NULL, "r.yaml:1: ", "at most 1000000 keys and values");
    free(text);
    gm_recipe *recipe;
    assert_int_equal(gm_train_recipe_read(&recipe, "/dev/null/x.yaml", NULL, 0), GM_ERROR_IO);
    assert_non_null(strstr(gm_error_message(), "/dev/null/x.yaml"));
}

static void bad_settings_are_named(void **state) {
    (void)state;
    static const struct {
        const char *setting, *part;
    } cases[] = {
        {"data.bacth=3", "unknown key in data 'bacth': did you mean 'batch'?"},
        {"batch=3", "unknown key 'batch'"},
        {"data.batch=none", "data.batch must be an integer"},
        {"data.batch=", "the value is missing"},
        {"data.batch", "a setting is KEY=VALUE"},
        {"=3", "a setting is KEY=VALUE"},
        {"data..batch=3", "a key is words with dots between them"},
        {"data.batch=[1", "is not YAML"},
        {"data=3", "data must be a map of keys"},
        {"data.batch.more=3", "there is no 'more' here: the recipe has '16' (r.yaml:4)"},
        {"generator.9.dense.units=3", "'9' is no place in this list: it has the places 0 to 5"},
        {"generator.first=relu", "'first' is no place in this list"},
        {"generator.3.leaky_relu.slope=1", "there is no 'leaky_relu' here: the recipe has 'relu' (r.yaml:11)"},
        {"optimizer.generator.sgd.rate=1", "here are 'adam' and 'sgd'"},
        {"optimizer.generator.adam.rate=-1", "adam.rate must be a number"},
        {"data.range=[0, 1]", "the generator ends in tanh (r.yaml:13)"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r=1", "a key is words with dots"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        char start[80];
        snprintf(start, sizeof start, "--set %s: ", cases[i].setting);
        const char *first = strstr(cases[i].part, "here are") ? "r.yaml:21: " : start;
        expect_refusal(good, strlen(good), cases[i].setting, first, cases[i].part);
    }
}

static void documentation_names_every_key(void **state) {
    (void)state;
    gm_text text = {0};
    assert_int_equal(gm_recipe_documentation(gm_train_schema(), &text), GM_OK);
    static const char *const parts[] = {"data.batch: an integer from 1 to 65536; default 64",
                                        "optimizer.generator: one of sgd",
                                        "generator: a list of layers; required",
                                        "log.grid:",
                                        "units (or the bare value)",
                                        "\nconv_transpose\n",
                                        "\nadamw\n",
                                        "\nleast_squares\n"};
    for (size_t i = 0; i < GM_COUNT(parts); i++)
        if (!strstr(text.data, parts[i]))
            fail_msg("the documentation lacks \"%s\"", parts[i]);
    gm_text_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_reaches_its_field),
        cmocka_unit_test(layers_are_read_in_all_their_forms),
        cmocka_unit_test(what_is_left_out_takes_its_default),
        cmocka_unit_test(resolved_recipe_reads_back_as_itself),
        cmocka_unit_test(precision_is_float32_unless_asked_for),
        cmocka_unit_test(settings_go_over_the_file),
        cmocka_unit_test(data_size_is_one_number_or_height_and_width),
        cmocka_unit_test(slips_are_named_with_their_line),
        cmocka_unit_test(discriminator_that_ends_in_a_sigmoid_is_refused),
        cmocka_unit_test(range_must_match_the_last_activation_of_images_alone),
        cmocka_unit_test(texts_that_are_no_recipe_are_refused),
        cmocka_unit_test(bad_settings_are_named),
        cmocka_unit_test(documentation_names_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

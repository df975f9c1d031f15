// Recipes with layers in layers: what is read, written back and documented, what is refused and on which line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/autoencoder.h"
#include "model/gan.h"
#include "train/settings.h"

static const char good[] = "data: { source: fashion-mnist }\n"                                        // 1
                           "generator:\n"                                                             // 2
                           "  - embed: { classes: 10, size: 8 }\n"                                    // 3
                           "  - dense: 64\n"                                                          // 4
                           "  - reshape: [4, 4, 4]\n"                                                 // 5
                           "  - residual:\n"                                                          // 6
                           "      - group_norm: 2\n"                                                  // 7
                           "      - upsample\n"                                                       // 8
                           "      - residual: [relu, conv: { channels: 4, kernel: 3, padding: 1 }]\n" // 9
                           "  - tap: before\n"                                                        // 10
                           "  - tanh\n"                                                               // 11
                           "  - tap: image\n"                                                         // 12
                           "discriminator:\n"                                                         // 13
                           "  - residual:\n"                                                          // 14
                           "      layers:\n"                                                          // 15
                           "        - conv: { channels: 8, kernel: 3, padding: 1, groups: 1 }\n"      // 16
                           "        - average_pool: 2\n"                                              // 17
                           "      shortcut:\n"                                                        // 18
                           "        - average_pool: 2\n"                                              // 19
                           "        - conv: { channels: 8, kernel: 1, spectral_norm: true }\n"        // 20
                           "  - flatten\n"                                                            // 21
                           "  - head: { name: code, layers: [maxout: { units: 3, pieces: 2 }] }\n"    // 22
                           "  - projection: { classes: 10 }\n";                                       // 23

static gm_recipe *parse(const char *text, const char *const *settings, size_t count) {
    gm_recipe *recipe = NULL;
    if (gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), settings, count) != GM_OK)
        fail_msg("refused: %s", gm_error_message());
    return recipe;
}

static void inner_lists_reach_their_layers(void **state) {
    (void)state;
    gm_recipe *r = parse(good, NULL, 0);
    const gm_layer *residual = &gm_gan_of(r)->generator.layers[3];
    assert_string_equal(residual->origin, "r.yaml:6");
    const gm_layer_list *list = &residual->params.residual.layers;
    assert_int_equal(list->count, 3);
    assert_int_equal(list->layers[0].params.sample_norm.groups, 2);
    assert_int_equal(list->layers[1].params.upsample.factor[1], 2);
    assert_int_equal(residual->params.residual.shortcut.count, 0);
    const gm_layer_list *inner = &list->layers[2].params.residual.layers;
    assert_int_equal(inner->count, 2);
    assert_int_equal(inner->layers[1].params.conv.kernel[1], 3);
    assert_string_equal(inner->layers[1].origin, "r.yaml:9");
    const gm_residual_params *block = &gm_gan_of(r)->discriminator.layers[0].params.residual;
    assert_int_equal(block->shortcut.count, 2);
    assert_true(block->shortcut.layers[1].params.conv.spectral_norm.on);
    assert_string_equal(block->shortcut.layers[1].origin, "r.yaml:20");
    const gm_head_params *head = &gm_gan_of(r)->discriminator.layers[2].params.head;
    assert_string_equal(head->name, "code");
    assert_string_equal(head->from, "");
    assert_int_equal(head->layers.layers[0].params.maxout.pieces, 2);
    gm_recipe_destroy(&r);
}

static void rates_references_and_padding_reach_their_fields(void **state) {
    (void)state;
    static const char block_text[] =
        "discriminator.0={residual: {layers: [conv: {channels: 8, kernel: 3, padding: 1, padding_mode: replicate}, "
        "tap: skip, concat: skip], shortcut: [conv: {channels: 16, kernel: 1}], rate: 0}}";
    static const char *const settings[] = {
        "generator.1={dense: {units: 64, rate: 0.25}}",
        "generator.4={pad: {size: [1, 2], after: 1, mode: reflect}}",
        block_text,
    };
    gm_recipe *r = parse(good, settings, GM_COUNT(settings));
    for (size_t times = 0; times < 2; times++) { // as it stands, and as the resolved recipe says it
        const gm_layer *generator = gm_gan_of(r)->generator.layers, *block = gm_gan_of(r)->discriminator.layers;
        assert_true(generator[0].rate == 1 && generator[1].rate == 0.25 && block->rate == 0);
        const gm_padding_params *pad = &generator[4].params.padding;
        assert_true(gm_shape_equal(&pad->size, &GM_SHAPE(1, 2)) && gm_shape_equal(&pad->after, &GM_SHAPE(1)));
        assert_int_equal(pad->mode, GM_PADDING_REFLECT);
        const gm_layer *inner = block->params.residual.layers.layers;
        assert_int_equal(inner[0].params.conv.padding_mode, GM_PADDING_REPLICATE);
        assert_true(inner[0].rate == 1);
        assert_string_equal(inner[2].params.concat.from, "skip");
        gm_text text = {0};
        assert_int_equal(gm_recipe_write(r, &text), GM_OK);
        gm_recipe_destroy(&r);
        r = parse(text.data, NULL, 0);
        gm_text_finish(&text);
    }
    gm_recipe_destroy(&r);
    const char *none = "generator.4={pad: 1}"; // `after` is then written as []
    r = parse(good, &none, 1);
    gm_text text = {0};
    assert_int_equal(gm_recipe_write(r, &text), GM_OK);
    gm_recipe_destroy(&r);
    r = parse(text.data, NULL, 0);
    assert_int_equal(gm_gan_of(r)->generator.layers[4].params.padding.after.rank, 0);
    gm_text_finish(&text);
    gm_recipe_destroy(&r);
}

static void lists_are_equal(const gm_layer *a, const gm_layer *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(a[i].type, b[i].type);
        gm_layer flat[2] = {a[i], b[i]};
        for (size_t k = 0; k < a[i].type->parameter_count; k++) {
            const gm_layer_list *inner[2] = {gm_layer_inner(&a[i], k), gm_layer_inner(&b[i], k)};
            if (!inner[0])
                continue;
            assert_int_equal(inner[0]->count, inner[1]->count);
            lists_are_equal(inner[0]->layers, inner[1]->layers, inner[0]->count);
            for (size_t j = 0; j < 2; j++)
                assert_int_equal(gm_layer_set_layers(&flat[j], a[i].type->parameters[k].key, NULL, 0), GM_OK);
        }
        assert_memory_equal(&flat[0].params, &flat[1].params, sizeof flat[0].params);
    }
}

static void resolved_recipe_reads_back_as_itself(void **state) {
    (void)state;
    // The deepest that may be, and names that YAML would take for something else.
    static const char *const settings[] = {
        "discriminator.3={residual: [residual: [residual: [conv: {channels: 2, kernel: [1, 2]}]]]}",
        "discriminator.2.head.name='null'",
        "generator.4.tap=no",
    };
    for (size_t count = 0; count <= GM_COUNT(settings); count += GM_COUNT(settings)) {
        gm_recipe *first = parse(good, settings, count);
        gm_text a = {0}, b = {0};
        assert_int_equal(gm_recipe_write(first, &a), GM_OK);
        gm_recipe *second = parse(a.data, NULL, 0);
        assert_int_equal(gm_recipe_write(second, &b), GM_OK);
        assert_string_equal(a.data, b.data);
        assert_int_equal(gm_gan_of(first)->generator.count, gm_gan_of(second)->generator.count);
        assert_int_equal(gm_gan_of(first)->discriminator.count, gm_gan_of(second)->discriminator.count);
        lists_are_equal(gm_gan_of(first)->generator.layers, gm_gan_of(second)->generator.layers,
                        gm_gan_of(first)->generator.count);
        lists_are_equal(gm_gan_of(first)->discriminator.layers, gm_gan_of(second)->discriminator.layers,
                        gm_gan_of(first)->discriminator.count);
        assert_non_null(strstr(a.data, "\n  - residual:\n      layers:\n        - conv: {channels: 8,"));
        assert_non_null(strstr(a.data, "\n      shortcut: []\n"));
        gm_text_finish(&a);
        gm_text_finish(&b);
        gm_recipe_destroy(&first);
        gm_recipe_destroy(&second);
    }
}

static void settings_reach_inner_layers(void **state) {
    (void)state;
    static const char *const settings[] = {
        "generator.3.residual.2.residual.1.conv.channels=16",
        "discriminator.0.residual.shortcut.1.conv.spectral_norm=false",
        "discriminator.0.residual.layers.1=max_pool: 2",
        "discriminator.2.head.layers=[dense: 5]",
    };
    gm_recipe *r = parse(good, settings, GM_COUNT(settings));
    const gm_layer_list *outer = &gm_gan_of(r)->generator.layers[3].params.residual.layers;
    assert_int_equal(outer->layers[2].params.residual.layers.layers[1].params.conv.channels, 16);
    const gm_residual_params *block = &gm_gan_of(r)->discriminator.layers[0].params.residual;
    assert_false(block->shortcut.layers[1].params.conv.spectral_norm.on);
    assert_string_equal(block->layers.layers[1].type->name, "max_pool");
    assert_int_equal(gm_gan_of(r)->discriminator.layers[2].params.head.layers.layers[0].params.dense.units, 5);
    gm_recipe_destroy(&r);
}

static void expect_refusal(const char *text, const char *setting, const char *start, const char *part) {
    gm_recipe *recipe = NULL;
    gm_status status = gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), &setting, setting ? 1 : 0);
    const char *message = gm_error_message();
    if (status == GM_OK)
        fail_msg("accepted, though it should say \"%s ... %s\"", start, part);
    assert_null(recipe);
    if (strncmp(message, start, strlen(start)) != 0 || !strstr(message, part))
        fail_msg("\n  said:     %s\n  expected: %s ... %s", message, start, part);
}

// The good recipe with one line replaced: the message must name that line.
static void slips_inside_are_named_with_their_line(void **state) {
    (void)state;
    static const struct {
        size_t line;
        const char *text, *part;
    } slips[] = {
        {3, "  - embed: 10", "the settings of embed need their names, as in embed: {classes: ...}, not '10'"},
        {3, "  - embed: { classes: 10 }", "embed needs 'size': an integer from 1"},
        {7, "      - gruop_norm: 2", "unknown layer 'gruop_norm': did you mean 'group_norm'?"},
        {7, "      - group_norm: { gruops: 2 }", "unknown setting of group_norm 'gruops': did you mean 'groups'?"},
        {7, "      - group_norm", "group_norm needs 'groups': an integer from 1"},
        {8, "      - upsample: 17",
         "upsample.factor must be an integer from 1 to 16, or a list of one for each axis, not '17'"},
        {8, "      - upsample: { mode: cubic }", "upsample.mode must be one of nearest, bilinear, not 'cubic'"},
        {9, "      - residual: relu", "residual.layers must be a list of at least one layer"},
        {9, "      - residual: []", "residual.layers must be a list of at least one layer"},
        {9, "      - residual: { shortcut: [relu] }", "residual needs 'layers': a list of at least one layer"},
        {9, "      - residual: { layers: [relu], shortcut: relu }", "residual.shortcut must be a list of layers"},
        {9, "      - residual: [relu, convv: 3]", "unknown layer 'convv': did you mean 'conv'?"},
        {9, "      - residual: [residual: [residual: [relu]]]", "lies too deep: layers lie in layers at most 3 deep"},
        {10, "  - tap: a b", "tap.name must be a name of 1 to 31 letters, digits, '_' and '-', not 'a b'"},
        {10, "  - tap: \"\"", "tap.name must be a name of 1 to 31"},
        {10, "  - tap: [a]", "tap.name must be a name of 1 to 31"},
        {10, "  - tap: a123456789b123456789c123456789d1", "tap.name must be"},
        {16, "        - conv: { channels: 8, kernel: 3, groups: 257 }", "conv.groups must be an integer from 1 to 256"},
        {20, "        - conv: { channels: 8 }", "conv needs 'kernel'"},
        {20, "        - conv: { channels: 8, kernel: 1, spectral_norm: 1 }",
         "conv.spectral_norm must be true or false"},
        {19, "        - pad: { size: 1, mode: mirror }", "pad.mode must be one of zero, reflect, replicate"},
        {20, "        - conv: { channels: 8, kernel: 1, rate: -1 }", "conv.rate must be a number from 0 to 1000"},
        {20, "        - pad: []", "pad.size must be a list of 1 to 5 integers"},
        {22, "  - head: code", "head needs 'layers'"},
        {22, "  - head: { layers: [relu] }", "head needs 'name': a name of 1 to 31"},
        {22, "  - head: { name: a, from: b c, layers: [relu] }", "head.from must be a name of at most 31"},
    };
    for (size_t i = 0; i < GM_COUNT(slips); i++) {
        gm_text text = {0};
        const char *line = good;
        for (size_t number = 1; *line; number++) {
            size_t length = strcspn(line, "\n") + 1;
            if (number == slips[i].line)
                gm_text_printf(&text, "%s\n", slips[i].text);
            else
                gm_text_printf(&text, "%.*s", (int)length, line);
            line += length;
        }
        char start[32];
        snprintf(start, sizeof start, "r.yaml:%zu: ", slips[i].line);
        expect_refusal(text.data, NULL, start, slips[i].part);
        gm_text_finish(&text);
    }
    const char *setting = "generator.3.residual.9.relu=1";
    expect_refusal(good, setting, "--set generator.3.residual.9.relu=1: ", "it has the places 0 to 2");
    setting = "discriminator.0.residual.shortcut.1.conv.chanels=3";
    expect_refusal(good, setting, "--set discriminator.0.residual", "did you mean 'channels'?");
}

static void taps_and_heads_at_the_end_are_not_the_last_activation(void **state) {
    (void)state;
    const char *fitting = "data.range=[-1, 1]"; // of the tanh before the last tap
    gm_recipe *r = parse(good, &fitting, 1);
    gm_recipe_destroy(&r);
    expect_refusal(good, "data.range=[0, 1]", "--set data.range=[0, 1]: ", "the generator ends in tanh (r.yaml:11)");
}

static void documentation_has_the_layers_and_their_lists(void **state) {
    (void)state;
    gm_text text = {0};
    assert_int_equal(gm_recipe_documentation(gm_train_schema(), &text), GM_OK);
    static const char *const parts[] = {"\nresidual\n",
                                        "  layers (or the bare value): a list of at least one layer; required\n",
                                        "  shortcut: a list of layers; default []\n",
                                        "\nhead\n",
                                        "  from: a name of at most 31 letters, digits, '_' and '-'; default \"\"\n",
                                        "  spectral_norm: true or false; default false\n",
                                        "  groups: an integer from 1 to 256; default 1\n",
                                        "\ninstance_norm\n",
                                        "  affine: true or false; default false\n",
                                        "  mode: one of nearest, bilinear; default nearest\n",
                                        "  padding_mode: one of zero, reflect, replicate; default zero\n",
                                        "  after: a list of 0 to 5 integers from 0 to 1024; default []\n",
                                        "  from (or the bare value): a name of 1 to 31 letters",
                                        "  rate: a number from 0 to 1000; default 1\n"};
    for (size_t i = 0; i < GM_COUNT(parts); i++)
        if (!strstr(text.data, parts[i]))
            fail_msg("the documentation lacks \"%s\"", parts[i]);
    gm_text_finish(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_lists_reach_their_layers),
        cmocka_unit_test(rates_references_and_padding_reach_their_fields),
        cmocka_unit_test(resolved_recipe_reads_back_as_itself),
        cmocka_unit_test(settings_reach_inner_layers),
        cmocka_unit_test(slips_inside_are_named_with_their_line),
        cmocka_unit_test(taps_and_heads_at_the_end_are_not_the_last_activation),
        cmocka_unit_test(documentation_has_the_layers_and_their_lists),
    };
    return cmocka_run_group_tests_name("recipe layers", tests, NULL, NULL);
}

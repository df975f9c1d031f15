// Regularisers in recipes: what is refused, alone and with the rest of the recipe, and on which line; what the resolver
// writes into layers and optimisers.
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

static gm_recipe *parse(const char *text, const char *const *settings, size_t count) {
    gm_recipe *recipe = NULL;
    if (gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), settings, count) != GM_OK)
        fail_msg("refused: %s", gm_error_message());
    return recipe;
}

static void says(const char *what, const char *start, const char *part) {
    const char *message = gm_error_message();
    if (strncmp(message, start, strlen(start)) != 0 || !strstr(message, part) || strchr(message, '\n'))
        fail_msg("%s\n  said:     %s\n  expected: %s ... %s", what, message, start, part);
}

static const char networks[] = "data: { source: ring8, batch: 9 }\n"          // 1
                               "generator: [dense: 2]\n"                      // 2
                               "discriminator: [dense: 4, relu, dense: 1]\n"; // 3
// What follows them begins on line 4.

static void expect_refusal(const char *text, const char *setting, const char *start, const char *part) {
    char whole[1024];
    gm_recipe *recipe = NULL;
    snprintf(whole, sizeof whole, "%s%s", networks, text);
    if (gm_train_recipe_parse(&recipe, "r.yaml", whole, strlen(whole), &setting, setting ? 1 : 0) == GM_OK)
        fail_msg("\"%s\" was accepted, though it should say \"%s ... %s\"", text, start, part);
    assert_null(recipe);
    says(text, start, part);
}

// ---- Refusals ----

static void slips_in_the_list_are_named_with_their_line(void **state) {
    (void)state;
    static const char all[] = "allowed are gradient_penalty, dragan, r1, r2, spectral_norm, weight_clip, weight_decay, "
                              "label_smoothing, instance_noise, packing, augment, gradient_clip";
    static const struct {
        const char *text, *start, *part;
    } slips[] = {
        {"  - r1\n  - spectral_nrom\n", "r.yaml:6: ", "unknown regularizer 'spectral_nrom': did you mean "},
        {"  - dropblock\n", "r.yaml:5: ", all},
        {"  - r1: { gamma: 1 }\n  - r2\n  - r1\n", "r.yaml:7: ", "r1 stands in the list twice"},
        {"  - r1: { gama: 1 }\n", "r.yaml:5: ", "unknown setting of r1 'gama': did you mean 'gamma'?; allowed are "},
        {"  - dragan: { gamma: 1 }\n", "r.yaml:5: ", "allowed are weight, centre, every"},
        {"  - r1: 10\n", "r.yaml:5: ", "the settings of r1 need their names"},
        {"  - spectral_norm: 1\n", "r.yaml:5: ", "spectral_norm has no settings: remove '1'"},
        {"  - r1: { gamma: -1 }\n", "r.yaml:5: ", "r1.gamma must be a number from 0 to 1000000, not '-1'"},
        {"  - r2: { every: 0 }\n", "r.yaml:5: ", "r2.every must be an integer from 1 to 1000, not '0'"},
        {"  - gradient_penalty: { weight: many }\n", "r.yaml:5: ", "gradient_penalty.weight must be a number"},
        {"  - weight_clip: { limit: 0 }\n", "r.yaml:5: ", "weight_clip.limit must be a number from 1e-09"},
        {"  - weight_decay: { weight: 1.5 }\n", "r.yaml:5: ", "weight_decay.weight must be a number from 0 to 1, not"},
        {"  - label_smoothing: { real: 1.1 }\n", "r.yaml:5: ", "label_smoothing.real must be a number from 1e-06 to 1"},
        {"  - instance_noise: { until: -1 }\n", "r.yaml:5: ", "instance_noise.until must be an integer from 0"},
        {"  - packing: 65\n", "r.yaml:5: ", "packing.samples must be an integer from 1 to 64, not '65'"},
        {"  - augment: { probability: 2 }\n", "r.yaml:5: ", "augment.probability must be a number from 0 to 1"},
        {"  - { r1: 1, r2: 1 }\n", "r.yaml:5: ", "here are 'r1' and 'r2'"},
        {"  -\n", "r.yaml:5: ", "a regularizer is a name with its settings, such as r1: {gamma: 10}"},
        {"  r1: { gamma: 1 }\n", "r.yaml:5: ", "regularizers must be a list of regularizers (\"- r1: {gamma: 10}\""},
    };
    for (size_t i = 0; i < GM_COUNT(slips); i++) {
        char text[256];
        snprintf(text, sizeof text, "regularizers:\n%s", slips[i].text);
        expect_refusal(text, NULL, slips[i].start, slips[i].part);
    }
}

static void combinations_that_make_no_sense_are_refused(void **state) {
    (void)state;
    static const char cross[] = "label_smoothing is for the cross-entropies (minimax, non_saturating), not for ";
    static const char ratio[] = "take another loss, such as non_saturating";
    static const struct {
        const char *text, *setting, *start, *part;
    } cases[] = {
        {"regularizers:\n  - r1\n  - packing: 2\n", NULL, "r.yaml:6: ", "packing by 2 does not divide data.batch, 9"},
        {"regularizers:\n  - packing: 3\n", "data.batch=8", "r.yaml:5: ", "packing by 3 does not divide data.batch, 8"},
        {"regularizers:\n  - r1\n  - gradient_clip\n", NULL,
         "r.yaml:6: ", "gradient_clip needs a norm or a value: `gradient_"},
        {"entropy_term:\n  weight: 1\n  network:\n  - dense: 4\n  - batch_norm\n  - dense: 1\n", NULL,
         "r.yaml:8: ", "batch_norm mixes the samples of a batch, so that pairs"},
        {"codes: { categorical: [2] }\nregularizers:\n  - packing: 3\n", NULL,
         "r.yaml:6: ", "packing and codes exclude each other"},
        {"loss: least_squares\nregularizers:\n  - label_smoothing\n", NULL, "r.yaml:6: ", cross},
        {"regularizers:\n  - label_smoothing\n", "loss=relativistic", "r.yaml:5: ", cross},
        {"regularizers:\n  - label_smoothing\n", "loss=f_gan", "r.yaml:5: ", "not for f_gan"},
        {"loss: hinge\nkl_term: { weight: 1 }\n", NULL, "r.yaml:5: ", ratio},
        {"loss: wasserstein\nkl_term: { weight: 1 }\n", NULL, "r.yaml:5: ", ratio},
        {"kl_term: { weight: 1 }\nregularizers: [label_smoothing]\n", NULL,
         "r.yaml:4: ", "kl_term and label_smoothing exclude each other"},
        {"kl_term: { direction: forward }\n", NULL, "r.yaml:4: ", "kl_term needs a weight"},
        {"kl_term: { direction: both, weight: 1 }\n", NULL, "r.yaml:4: ", "must be one of reverse, forward"},
        {"kl_term: { weight: -1 }\n", NULL, "r.yaml:4: ", "kl_term.weight must be a number from 0 to 1000000"},
        {"kl_term: { wieght: 1 }\n", NULL, "r.yaml:4: ", "did you mean 'weight'?"},
        {"entropy_term: { bound: jensen_shannon }\n", NULL, "r.yaml:4: ", "entropy_term needs a weight"},
        {"entropy_term: { bound: jsd, weight: 1 }\n", NULL, "r.yaml:4: ", "one of jensen_shannon, donsker_varadhan"},
        {"entropy_term: { weight: 1 }\n", "data.batch=1", "r.yaml:4: ", "data.batch must be at least 2"},
        {"alternative: true\n", NULL, "r.yaml:4: ", "alternative is for the losses of f-GAN (f_kl, ...), not for non_"},
        {"alternative: true\n", "loss=hinge", "r.yaml:4: ", "not for hinge"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++)
        expect_refusal(cases[i].text, cases[i].setting, cases[i].start, cases[i].part);
}

// A term belongs to every loss whose logit is a log ratio, and to no other; smoothing to the cross-entropies.
static void every_loss_takes_the_terms_that_its_table_says(void **state) {
    (void)state;
    size_t count, ratios = 0, smooth = 0;
    const gm_gan_loss *losses = gm_gan_losses(&count);
    for (size_t i = 0; i < count; i++) {
        static const char *const terms[] = {"kl_term={weight: 1}", "regularizers=[label_smoothing]", "alternative=true",
                                            "kl_term={weight: 0}"};
        const bool fits[] = {losses[i].log_ratio != NULL, losses[i].label_smoothing, losses[i].divergence != NULL,
                             true};
        ratios += fits[0];
        smooth += fits[1];
        for (size_t k = 0; k < GM_COUNT(terms); k++) {
            char loss[64];
            snprintf(loss, sizeof loss, "loss=%s", losses[i].name);
            gm_recipe *recipe = NULL;
            bool taken = gm_train_recipe_parse(&recipe, "r.yaml", networks, strlen(networks),
                                               (const char *[]){loss, terms[k]}, 2) == GM_OK;
            if (taken != fits[k])
                fail_msg("%s with %s was %s", loss, terms[k], taken ? "accepted" : gm_error_message());
            gm_recipe_destroy(&recipe);
        }
    }
    assert_int_equal(count - ratios, 2); // hinge, wasserstein
    assert_int_equal(smooth, 2);
}

static void batch_norm_under_a_penalty_is_refused(void **state) {
    (void)state;
    static const char *const penalties[] = {"gradient_penalty", "dragan", "r1", "r2"};
    static const struct {
        const char *layer, *place;
    } normed[] = {
        {"  - batch_norm\n", "r.yaml:5"},
        {"  - relu\n  - residual:\n      - relu\n      - batch_norm\n", "r.yaml:8"},
        {"  - residual: { layers: [relu],\n      shortcut: [batch_norm] }\n", "r.yaml:6"},
        {"  - layer_norm\n", NULL},
        {"  - minibatch_stddev\n", NULL}, // which ProGAN and StyleGAN2 have with penalties
    };
    for (size_t i = 0; i < GM_COUNT(normed); i++)
        for (size_t k = 0; k <= GM_COUNT(penalties); k++) {
            const char *name = k < GM_COUNT(penalties) ? penalties[k] : "spectral_norm"; // which does not mind
            char text[512], start[64], part[200];
            snprintf(text, sizeof text,
                     "data: { source: ring8 }\ngenerator: [dense: 4, batch_norm, dense: 2]\ndiscriminator:\n"
                     "  - dense: 4\n%s  - dense: 1\nregularizers: [weight_decay, %s]\n",
                     normed[i].layer, name);
            gm_recipe *recipe = NULL;
            bool taken = gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), NULL, 0) == GM_OK;
            if (taken != (!normed[i].place || k == GM_COUNT(penalties)))
                fail_msg("%s on %s was %s", name, normed[i].layer, taken ? "accepted" : gm_error_message());
            gm_recipe_destroy(&recipe);
            if (taken)
                continue;
            size_t lines = 1;
            for (const char *c = text; c < strstr(text, "regularizers"); c++)
                lines += *c == '\n';
            snprintf(start, sizeof start, "r.yaml:%zu: %s wants each sample's own gradient", lines, name);
            snprintf(part, sizeof part, "batch_norm of the discriminator (%s) mixes the samples of a batch: use layer_",
                     normed[i].place);
            says(text, start, part);
        }
}

// ---- What the resolver writes ----

// Doubles that were read from the same decimal text are equal to the bit.
static void assert_same(double a, double b) {
    assert_memory_equal(&a, &b, sizeof a);
}

static void clipping_and_decay_reach_their_optimizers(void **state) {
    (void)state;
    static const char text[] = "data: { source: ring8 }\ngenerator: [dense: 2]\ndiscriminator: [dense: 1]\n"
                               "optimizer: { discriminator: { sgd: { rate: 0.1, weight_decay: 0.25 } } }\n";
    const char *settings[] = {"regularizers=[weight_clip: {limit: 0.5}, weight_decay: {weight: 0.125}]",
                              "optimizer.discriminator=sgd"};
    gm_recipe *r = parse(text, settings, 1);
    assert_same(gm_gan_optimizer(gm_gan_of(r), true).weight_clip, 0.5);
    assert_same(gm_gan_optimizer(gm_gan_of(r), false).weight_clip, 0);
    assert_same(gm_gan_optimizer(gm_gan_of(r), true).weight_decay, 0.25); // its own
    assert_same(gm_gan_optimizer(gm_gan_of(r), false).weight_decay, 0.125);
    gm_recipe_destroy(&r);
    r = parse(text, settings, 2);
    assert_same(gm_gan_optimizer(gm_gan_of(r), true).weight_decay, 0.125);
    gm_recipe_destroy(&r);
    r = parse(text, (const char *[]){"regularizers=[weight_clip, weight_decay]"}, 1);
    assert_same(gm_gan_optimizer(gm_gan_of(r), true).weight_clip, 0.01);
    assert_same(gm_gan_optimizer(gm_gan_of(r), false).weight_decay, 1e-4);
    gm_recipe_destroy(&r);
    r = parse(
        text,
        (const char *[]){"optimizer.generator={adam: {clip_norm: 3}}", "regularizers=[gradient_clip: {value: 2}]"}, 2);
    assert_same(gm_gan_optimizer(gm_gan_of(r), false).clip_norm, 3); // its own stays
    assert_same(gm_gan_optimizer(gm_gan_of(r), false).clip_value, 2);
    assert_same(gm_gan_optimizer(gm_gan_of(r), true).clip_norm, 0);
    gm_recipe_destroy(&r);
    r = parse(text, (const char *[]){"regularizers=[r1, instance_noise]"}, 1);
    assert_same(gm_gan_optimizer(gm_gan_of(r), true).weight_clip, 0);
    assert_same(gm_gan_optimizer(gm_gan_of(r), false).weight_decay, 0);
    gm_recipe_destroy(&r);
}

// Whether every layer that can be normalised, in layers of layers too, is (or none is); returns how many there are.
static size_t all_normalised(const gm_layer_list *list, bool on) {
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const gm_layer *layer = &list->layers[i];
        const gm_layer_type *type = layer->type;
        const gm_parameter *row = gm_parameter_find(type->parameters, type->parameter_count, "spectral_norm");
        if (row) {
            assert_int_equal(*((const bool *)&layer->params + row->offset), on);
            count++;
        }
        for (size_t k = 0; k < type->parameter_count; k++)
            if (gm_layer_inner(layer, k))
                count += all_normalised(gm_layer_inner(layer, k), on);
    }
    return count;
}

static void spectral_norm_reaches_every_layer_of_the_discriminator(void **state) {
    (void)state;
    static const char text[] =
        "data: { source: mnist }\n"
        "generator: [dense: 16, reshape: [4, 2, 2], conv_transpose: { channels: 1, kernel: 14, stride: 14 }]\n"
        "discriminator:\n"
        "  - conv: { channels: 4, kernel: 3 }\n"
        "  - residual:\n"
        "      layers: [relu, conv: { channels: 4, kernel: 1 }, residual: [conv: { channels: 4, kernel: 1 }]]\n"
        "      shortcut: [conv: { channels: 4, kernel: 1 }]\n"
        "  - flatten\n"
        "  - head: { name: code, layers: [maxout: { units: 3, pieces: 2 }] }\n"
        "  - projection: { classes: 10 }\n"; // ends in its own dense layer and table, both normalised
    for (size_t on = 0; on < 2; on++) {
        gm_recipe *r = parse(text, (const char *[]){"regularizers=[spectral_norm]"}, on);
        assert_int_equal(all_normalised(&gm_gan_of(r)->discriminator, on), 6);
        assert_int_equal(all_normalised(&gm_gan_of(r)->generator, false), 2);
        gm_recipe_destroy(&r);
    }
}

static void resolved_recipe_reads_back_as_itself(void **state) {
    (void)state;
    static const char regularizers[] =
        "regularizers=[gradient_penalty: {weight: 2, centre: 0, every: 3}, dragan, r1: {gamma: 0.1}, r2: {every: 16}, "
        "spectral_norm, weight_clip, weight_decay, label_smoothing: {real: 0.8}, instance_noise: {until: 9}, "
        "packing: 3, gradient_clip: {norm: 4}]";
    const char *setting = regularizers;
    gm_recipe *first = parse(networks, &setting, 1);
    gm_text a = {0}, b = {0};
    assert_int_equal(gm_recipe_write(first, &a), GM_OK);
    gm_recipe *second = parse(a.data, NULL, 0);
    assert_int_equal(gm_recipe_write(second, &b), GM_OK);
    assert_string_equal(a.data, b.data);
    assert_non_null(strstr(a.data, "\n  - gradient_penalty: {weight: 2, centre: 0, every: 3}\n"));
    assert_int_equal(gm_gan_of(second)->regularizers.packing.samples, 3);
    // What a resumed run is told anew counts, and what is left out does no more.
    gm_recipe *changed = parse(a.data, (const char *[]){"regularizers=[weight_decay: {weight: 0.5}]"}, 1);
    assert_same(gm_gan_optimizer(gm_gan_of(second), true).weight_decay, 1e-4);
    assert_same(gm_gan_optimizer(gm_gan_of(changed), true).weight_decay, 0.5);
    assert_same(gm_gan_optimizer(gm_gan_of(second), true).weight_clip, 0.01);
    assert_same(gm_gan_optimizer(gm_gan_of(changed), true).weight_clip, 0);
    assert_same(gm_gan_optimizer(gm_gan_of(second), false).clip_norm, 4);
    assert_same(gm_gan_optimizer(gm_gan_of(changed), false).clip_norm, 0);
    gm_text_finish(&a);
    gm_text_finish(&b);
    gm_recipe_destroy(&first);
    gm_recipe_destroy(&second);
    gm_recipe_destroy(&changed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_in_the_list_are_named_with_their_line),
        cmocka_unit_test(combinations_that_make_no_sense_are_refused),
        cmocka_unit_test(every_loss_takes_the_terms_that_its_table_says),
        cmocka_unit_test(batch_norm_under_a_penalty_is_refused),
        cmocka_unit_test(clipping_and_decay_reach_their_optimizers),
        cmocka_unit_test(spectral_norm_reaches_every_layer_of_the_discriminator),
        cmocka_unit_test(resolved_recipe_reads_back_as_itself),
    };
    return cmocka_run_group_tests_name("regularizers in recipes", tests, NULL, NULL);
}

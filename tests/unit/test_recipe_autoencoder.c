// Recipes of autoencoders: what is read, what is refused and on which line, and the recipe as resolved.
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

static const char good[] = "data: { source: fashion-mnist, batch: 16 }\n"           // 1
                           "latent: { size: 4 }\n"                                  // 2
                           "encoder:\n"                                             // 3
                           "  - flatten\n"                                          // 4
                           "  - dense: 8\n"                                         // 5
                           "decoder:\n"                                             // 6
                           "  - dense: 784\n"                                       // 7
                           "  - reshape: [1, 28, 28]\n"                             // 8
                           "autoencoder:\n"                                         // 9
                           "  kind: vae\n"                                          // 10
                           "  likelihood: bernoulli\n"                              // 11
                           "  beta: 2.5\n"                                          // 12
                           "  binarize: true\n"                                     // 13
                           "optimizer: { autoencoder: { adam: { rate: 5e-4 } } }\n" // 14
                           "average: { decay: 0.99 }\n";                            // 15

static gm_recipe *parse(const char *text, const char *setting) {
    gm_recipe *recipe = NULL;
    if (gm_train_recipe_parse(&recipe, "r.yaml", text, strlen(text), &setting, setting ? 1 : 0) != GM_OK)
        fail_msg("refused: %s", gm_error_message());
    return recipe;
}

static void assert_same(double a, double b) {
    assert_memory_equal(&a, &b, sizeof a);
}

static void every_key_reaches_its_field(void **state) {
    (void)state;
    gm_recipe *r = parse(good, NULL);
    assert_string_equal(gm_recipe_get_kind(r)->name, "autoencoder");
    assert_int_equal(gm_autoencoder_of(r)->encoder.count, 2);
    assert_int_equal(gm_autoencoder_of(r)->decoder.count, 2);
    assert_string_equal(gm_autoencoder_of(r)->decoder.layers[1].origin, "r.yaml:8");
    assert_null(gm_gan_of(r));
    assert_int_equal(gm_autoencoder_of(r)->autoencoder.kind, GM_AUTOENCODER_VARIATIONAL);
    assert_int_equal(gm_autoencoder_of(r)->autoencoder.likelihood, GM_LIKELIHOOD_BERNOULLI);
    assert_same(gm_autoencoder_of(r)->autoencoder.beta, 2.5);
    assert_true(gm_autoencoder_of(r)->autoencoder.binarize);
    assert_same(gm_autoencoder_of(r)->optimizer.autoencoder.rate, 5e-4);
    assert_same(gm_common_of(r)->data.range.low, 0); // the sigmoid's, which the likelihood contains
    gm_recipe_destroy(&r);
    r = parse("data: {source: ring8}\nencoder: [dense: 2]\ndecoder: [dense: 2]\n"
              "autoencoder: {kind: denoising, noise: 0.25, likelihood: gaussian, deviation: 0.5}\n",
              NULL);
    assert_int_equal(gm_autoencoder_of(r)->autoencoder.kind, GM_AUTOENCODER_DENOISING);
    assert_same(gm_autoencoder_of(r)->autoencoder.noise, 0.25);
    assert_same(gm_autoencoder_of(r)->autoencoder.deviation, 0.5);
    assert_same(gm_autoencoder_of(r)->optimizer.autoencoder.rate, 1e-3);
    assert_same(gm_common_of(r)->data.range.low, -1);
    gm_recipe_destroy(&r);
}

// It names no key of the other kind of model: reading it back would refuse that.
static void resolved_recipe_reads_back_as_itself(void **state) {
    (void)state;
    static const char gan[] = "data: { source: ring8 }\ngenerator: [dense: 2]\ndiscriminator: [dense: 1]\n";
    const char *const texts[] = {good, gan};
    for (size_t i = 0; i < GM_COUNT(texts); i++) {
        gm_recipe *first = parse(texts[i], NULL);
        gm_text a = {0}, b = {0};
        assert_int_equal(gm_recipe_write(first, &a), GM_OK);
        gm_recipe *second = parse(a.data, NULL);
        assert_int_equal(gm_recipe_write(second, &b), GM_OK);
        assert_string_equal(a.data, b.data);
        assert_true((strstr(a.data, "\nloss:") != NULL) == (i == 1));
        assert_true((strstr(a.data, "\nautoencoder:") != NULL) == (i == 0));
        gm_text_finish(&a);
        gm_text_finish(&b);
        gm_recipe_destroy(&first);
        gm_recipe_destroy(&second);
    }
}

// The good recipe with one line replaced and a setting: the message must begin with `start`.
static void expect_refusal(int replaced, const char *by, const char *setting, const char *start, const char *part) {
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
    gm_recipe *recipe = NULL;
    gm_status status = gm_train_recipe_parse(&recipe, "r.yaml", text.data, text.length, &setting, setting ? 1 : 0);
    const char *message = gm_error_message();
    if (status == GM_OK)
        fail_msg("\"%s\" was accepted, though it should say \"%s ... %s\"", by, start, part);
    if (strncmp(message, start, strlen(start)) != 0 || !strstr(message, part) || strchr(message, '\n'))
        fail_msg("\n  said:     %s\n  expected: %s ... %s", message, start, part);
    gm_text_finish(&text);
}

static void slips_are_named_with_their_line(void **state) {
    (void)state;
    static const struct {
        int line;
        const char *text, *start, *part;
    } slips[] = {
        {15, "loss: hinge", "r.yaml:15: ",
         "loss belongs to a GAN (generator and discriminator), but this recipe is that of an autoencoder"},
        {15, "generator: [relu]", "r.yaml:15: ", "generator belongs to a GAN"},
        {15, "discriminator: [relu]", "r.yaml:15: ", "discriminator belongs to a GAN"},
        {15, "regularizers: [r1]", "r.yaml:15: ", "regularizers belongs to a GAN"},
        {15, "kl_term: { weight: 1 }", "r.yaml:15: ", "kl_term belongs to a GAN"},
        {15, "discriminator_steps: 2", "r.yaml:15: ", "discriminator_steps belongs to a GAN"},
        {14, "optimizer: { generator: { adam: 1e-4 } }", "r.yaml:14: ", "optimizer.generator belongs to a GAN"},
        {14, "optimizer: { adam: { rate: 5e-4 } }", "r.yaml:14: ", "allowed is autoencoder"},
        {10, "  kind: variational", "r.yaml:10: ", "autoencoder.kind must be one of vae, plain, denoising"},
        {11, "  likelihood: poisson", "r.yaml:11: ", "autoencoder.likelihood must be one of bernoulli, gaussian"},
        {12, "  beta: -1", "r.yaml:12: ", "autoencoder.beta must be a number"},
        {12, "  deviation: 0", "r.yaml:12: ", "autoencoder.deviation must be a number"},
        {10, "  kind: plain", "r.yaml:12: ", "autoencoder.beta weighs the divergence, which only a vae has"},
        {12, "  deviation: 2", "r.yaml:12: ", "autoencoder.deviation is that of a gaussian likelihood"},
        {11, "  likelihood: gaussian", "r.yaml:13: ", "autoencoder.binarize is for a bernoulli likelihood"},
        {12, "  noise: 0.1", "r.yaml:12: ", "autoencoder.noise is for denoising autoencoders"},
        {8, "  - sigmoid", "r.yaml:8: ", "the decoder must end in logits, not in a sigmoid"},
        {2, "latent: { distribution: uniform }", "r.yaml:2: ", "latent.distribution must be normal"},
        {1, "data: { source: mnist, range: [-1, 1] }", "r.yaml:1: ", "a bernoulli likelihood takes values from 0 to 1"},
    };
    for (size_t i = 0; i < GM_COUNT(slips); i++)
        expect_refusal(slips[i].line, slips[i].text, NULL, slips[i].start, slips[i].part);
    expect_refusal(12, "  kind: denoising", "autoencoder.kind=denoising", "r.yaml", "twice");
    expect_refusal(12, "", "autoencoder.kind=denoising",
                   "--set autoencoder.kind=denoising: ", "needs autoencoder.noise, such as 0.3");
    expect_refusal(0, "", "loss=hinge", "--set loss=hinge: ", "loss belongs to a GAN");
}

static void recipes_of_no_whole_model_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *start, *part;
    } cases[] = {
        {"data: {source: ring8}\n", "r.yaml: ", "an autoencoder has an encoder and a decoder instead"},
        {"data: {source: ring8}\nencoder: [dense: 2]\n", "r.yaml: ", "decoder is missing"},
        {"data: {source: ring8}\ndecoder: [dense: 2]\n", "r.yaml: ", "encoder is missing"},
        {"data: {source: ring8}\ngenerator: [dense: 2]\ndecoder: [dense: 2]\n",
         "r.yaml:2: ", "generator belongs to a GAN"},
        {"data: {source: ring8}\nlatent: {size: 2}\ngenerator: [dense: 2]\nclassifier: [dense: 2]\n",
         "r.yaml:2: ", "but this recipe is that of a classifier, as it has classifier: remove one of the two"},
        {"data: {source: ring8}\nclassifer: [dense: 2]\n", "r.yaml:2: ", "did you mean 'classifier'?"},
        {"# nothing\n", "r.yaml: ", "is empty: a recipe says at least what is trained, and on which data"},
        {"data: {source: ring8}\ngenerator: [dense: 2]\ndiscriminator: [dense: 1]\nautoencoder: {beta: 2}\n",
         "r.yaml:4: ",
         "autoencoder belongs to an autoencoder (encoder and decoder), but this recipe is that of a "
         "GAN"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_recipe *recipe;
        assert_int_not_equal(gm_train_recipe_parse(&recipe, "r.yaml", cases[i].text, strlen(cases[i].text), NULL, 0),
                             GM_OK);
        const char *message = gm_error_message();
        if (strncmp(message, cases[i].start, strlen(cases[i].start)) != 0 || !strstr(message, cases[i].part))
            fail_msg("\n  said:     %s\n  expected: %s ... %s", message, cases[i].start, cases[i].part);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_reaches_its_field),
        cmocka_unit_test(resolved_recipe_reads_back_as_itself),
        cmocka_unit_test(slips_are_named_with_their_line),
        cmocka_unit_test(recipes_of_no_whole_model_are_refused),
    };
    return cmocka_run_group_tests_name("recipes of autoencoders", tests, NULL, NULL);
}

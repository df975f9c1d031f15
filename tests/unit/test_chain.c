// Markov chains and n-grams of symbols, against what is counted by hand.
#include "data/chain.h"
#include "data/ngrams.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_ok(gm_status status) {
    if (status != GM_OK)
        fail_msg("status %d: %s", (int)status, gm_error_message());
}

static gm_codes codes_of(const uint8_t *values, size_t count, size_t codes) {
    return (gm_codes){.values = values, .count = count, .codes = codes, .bytes = true};
}

// 0 1 0 2 of three symbols: n(0) = 2, n(1) = n(2) = 1; 0 was followed by 1 and 2, 1 by 0.
//   p_0(c) = (n(c) + 3 / 3) / (4 + 3): 3/7, 2/7, 2/7
//   p_1(1 | 0) = (1 + 2 p_0(1)) / (2 + 2) = 11/28, p_1(0 | 1) = (1 + p_0(0)) / 2 = 5/7, p_1(0 | 0) = 2 p_0(0) / 4 =
//   3/14
static void bits_are_witten_and_bells(void **state) {
    (void)state;
    static const uint8_t text[] = {0, 1, 0, 2}, other[] = {0, 0, 1, 0}, unseen[] = {2, 1};
    const gm_codes learnt = codes_of(text, 4, 3), read = codes_of(other, 4, 3), odd = codes_of(unseen, 2, 3);
    gm_chain *chain;
    assert_ok(gm_chain_create(&chain, &learnt, 1));
    const double zero = -(3 * log2(3.0 / 7) + log2(2.0 / 7)) / 4;
    const double one = -(log2(3.0 / 7) + log2(3.0 / 14) + log2(11.0 / 28) + log2(5.0 / 7)) / 4;
    assert_true(fabs(gm_chain_bits(chain, &read, 0) - zero) < 1e-12);
    assert_true(fabs(gm_chain_bits(chain, &read, 1) - one) < 1e-12);
    assert_true(fabs(gm_chain_bits(chain, &odd, 1) + log2(2.0 / 7)) < 1e-12); // nothing followed 2
    gm_chain_destroy(&chain);
}

static void draws_follow_the_text(void **state) {
    (void)state;
    enum { COUNT = 4000, LENGTH = 6 };
    static const uint8_t text[] = {0, 1, 2, 0, 1, 3, 0, 1, 2, 0, 1, 2};
    const gm_codes learnt = codes_of(text, sizeof text, 4);
    gm_chain *chain;
    int32_t *codes = malloc(COUNT * LENGTH * sizeof *codes), one[LENGTH];
    size_t threes = 0, twos = 0;
    assert_non_null(codes);
    assert_ok(gm_chain_create(&chain, &learnt, 2));
    gm_chain_draw(chain, 2, 7, 0, COUNT, LENGTH, codes);
    for (size_t i = 0; i < COUNT * LENGTH; i++) {
        if (i % LENGTH == 0)
            continue;
        if (codes[i - 1] == 0)
            assert_int_equal(codes[i], 1);
        twos += codes[i - 1] == 1 && codes[i] == 2;
        threes += codes[i - 1] == 1 && codes[i] == 3;
    }
    assert_true(fabs((double)threes / (double)(twos + threes) - .25) < .02);
    gm_chain_draw(chain, 2, 7, 5, 1, LENGTH, one);
    assert_memory_equal(one, codes + 5 * LENGTH, sizeof one); // whatever is asked together with it
    gm_chain_destroy(&chain);
    free(codes);
}

static void the_likeliest_follows_most_often(void **state) {
    (void)state;
    static const uint8_t text[] = {0, 1, 2, 0, 1, 3, 0, 1, 3, 0, 1, 3, 2, 3};
    static const int32_t before[] = {3, 0, 1, 2, 1};
    const gm_codes learnt = codes_of(text, sizeof text, 4);
    gm_chain *chain;
    assert_ok(gm_chain_create(&chain, &learnt, 2));
    assert_int_equal(gm_chain_likeliest(chain, 2, before + 3, 3), 3); // behind 0 1 three times, 2 once
    assert_int_equal(gm_chain_likeliest(chain, 2, before + 4, 4), 0); // 1 2 was followed by 0
    assert_int_equal(gm_chain_likeliest(chain, 1, before + 4, 4), 0); // 2 by 0 and by 3, 0 first
    assert_int_equal(gm_chain_likeliest(chain, 2, before + 5, 5), 3); // 2 1 is not there: as behind 1
    assert_int_equal(gm_chain_likeliest(chain, 2, before + 3, 0), 0); // nothing is known: 0, 1 and 3 are as frequent
    gm_chain_destroy(&chain);
}

static void divergences_are_counted(void **state) {
    (void)state;
    static const int32_t a[] = {0, 0, 1, 1}, b[] = {0, 0, 0, 1}, c[] = {2, 2, 3, 3};
    const gm_passages x = {a, 2, 2, false}, y = {b, 2, 2, false}, z = {c, 2, 2, false};
    double bits;
    assert_ok(gm_ngram_divergence(&x, &x, 1, &bits));
    assert_true(bits == 0);
    assert_ok(gm_ngram_divergence(&x, &z, 2, &bits));
    assert_true(fabs(bits - 1) < 1e-12);
    assert_ok(gm_ngram_divergence(&x, &y, 1, &bits)); // 1/2, 1/2 and 3/4, 1/4: means 5/8, 3/8
    const double expected = (.5 * log2(.8) + .5 * log2(4.0 / 3) + .75 * log2(1.2) + .25 * log2(2.0 / 3)) / 2;
    assert_true(fabs(bits - expected) < 1e-12);
    assert_ok(gm_ngram_divergence(&x, &y, 3, &bits)); // longer than the texts
    assert_true(isnan(bits));
    const gm_passages ended = {(const int32_t[]){1, 0, 2, 2, 1, 1}, 2, 3, true}; // "1" and "2 1 1"
    double share;
    assert_ok(gm_ngram_distinct(&ended, 1, &share));
    assert_true(fabs(share - 2.0 / 4) < 1e-12);
}

static void copies_are_found_word_for_word(void **state) {
    (void)state;
    static const uint8_t text[] = {0, 1, 2, 0, 1, 1, 2, 2};
    static const int32_t passages[] = {0, 1, 1, 5, 2, 0, 1, 5, 2, 2, 2, 5, 0, 1, 1, 4};
    const gm_codes learnt = codes_of(text, sizeof text, 6);
    const gm_passages p = {passages, 4, 4, false};
    double share;
    assert_ok(gm_passage_copies(&p, &learnt, 3, &share));
    assert_true(fabs(share - 3.0 / 4) < 1e-12); // of "0 1 1", twice, and "2 0 1"; not "2 2 2"
    assert_ok(gm_passage_copies(&p, &learnt, 32, &share));
    assert_true(share == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_are_witten_and_bells),        cmocka_unit_test(draws_follow_the_text),
        cmocka_unit_test(the_likeliest_follows_most_often), cmocka_unit_test(divergences_are_counted),
        cmocka_unit_test(copies_are_found_word_for_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// src/base: random numbers against the authors' vectors, arenas, text, hashes, messages, notices, sums.
#include "base/base.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// Random123's kat_vectors for philox4x32-10: counter, key, result.
static void philox_gives_the_published_vectors(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], result[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < GM_COUNT(vectors); i++) {
        uint32_t word[4];
        gm_philox(word, vectors[i].counter, vectors[i].key[0] | (uint64_t)vectors[i].key[1] << 32);
        for (int j = 0; j < 4; j++)
            assert_int_equal(word[j], vectors[i].result[j]);
    }
}

static void elements_are_words_of_their_block(void **state) {
    (void)state;
    uint64_t key = UINT64_C(0x0123456789abcdef);
    for (uint64_t index = 0; index < 12; index++) {
        uint32_t word[4];
        gm_philox(word, (uint32_t[4]){(uint32_t)(index / 4), 77, 5, 3}, key);
        double expected = (double)(word[index % 4] >> 8) / 16777216.0;
        double uniform = gm_philox_uniform(key, 77, 5, 3, index);
        assert_true(uniform == expected);
        assert_true(uniform >= 0 && uniform < 1);
    }
}

static void normal_numbers_have_mean_0_and_variance_1(void **state) {
    (void)state;
    enum { COUNT = 100000 };
    double sum = 0, squares = 0, fourth = 0;
    for (uint64_t i = 0; i < COUNT; i++) {
        double x = gm_philox_normal(42, gm_stream("z"), 1, 0, i);
        double block[4];
        gm_philox_normals(block, 42, gm_stream("z"), 1, 0, i / 4);
        assert_true(isfinite(x) && block[i % 4] == x);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    // Five standard errors: 1, sqrt 2 and sqrt 96 over sqrt N.
    double error = 5 / sqrt(COUNT);
    assert_true(fabs(sum / COUNT) < error);
    assert_true(fabs(squares / COUNT - 1) < 1.42 * error);
    assert_true(fabs(fourth / COUNT - 3) < 9.8 * error);
}

static void hashes_never_change(void **state) {
    (void)state;
    // FNV-1a's published values. A change would give every random stream and cache entry another name.
    assert_true(gm_hash(GM_HASH_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(gm_hash(GM_HASH_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(gm_hash(GM_HASH_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_int_equal(gm_stream("foobar"), 0x85944171u ^ 0xf73967e8u);
    uint64_t first = gm_hash_string(gm_hash_string(GM_HASH_START, "ab"), "c");
    uint64_t second = gm_hash_string(gm_hash_string(GM_HASH_START, "a"), "bc");
    assert_true(first != second);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state) {
    (void)state;
    gm_arena arena = {0};
    unsigned char *blocks[200];
    size_t sizes[200];
    for (size_t i = 0; i < GM_COUNT(blocks); i++) {
        sizes[i] = i * 37 % 1500 + (i == 100 ? 200000 : 0); // one larger than an arena's own block
        blocks[i] = gm_arena_alloc(&arena, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < GM_COUNT(blocks); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            assert_int_equal(blocks[i][j], (unsigned char)i);
    assert_string_equal(gm_arena_string(&arena, "moon"), "moon");
    assert_string_equal(gm_arena_printf(&arena, "%s-%d", "x", 7), "x-7");
    gm_arena_finish(&arena);
    assert_null(arena.blocks);
    gm_arena_finish(&arena);
}

static void text_grows(void **state) {
    (void)state;
    gm_text text = {0};
    for (int i = 0; i < 1000; i++) {
        gm_text_append(&text, "ab");
        gm_text_printf(&text, "%03d", i);
    }
    assert_false(text.failed);
    assert_int_equal(text.length, 5000);
    assert_int_equal(strlen(text.data), 5000);
    assert_memory_equal(text.data + 4995, "ab999", 6);
    gm_text_finish(&text);
    assert_null(text.data);
    gm_text_finish(&text);
}

static void array_grows_and_keeps_its_elements(void **state) {
    (void)state;
    int *values = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(gm_grow(&values, i, &capacity, sizeof *values, "values"), GM_OK);
        values[i] = (int)i;
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(values[i], i);
    free(values);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    const size_t many = SIZE_MAX / 2 + 2; // times 2 wraps to 2
    void *memory = state;
    assert_int_equal(gm_alloc(&memory, many, 2, "much"), GM_ERROR_MEMORY);
    assert_null(memory);
    assert_int_equal(gm_alloc(&memory, 2, many, "much"), GM_ERROR_MEMORY);
    assert_non_null(strstr(gm_error_message(), "much"));
    assert_int_equal(gm_alloc(&memory, 0, 8, "nothing"), GM_OK);
    assert_non_null(memory);
    size_t capacity = many / 2;
    void *array = memory;
    assert_int_equal(gm_grow(&array, capacity, &capacity, 2, "much"), GM_ERROR_MEMORY);
    assert_ptr_equal(array, memory);
    assert_int_equal(capacity, many / 2);
    capacity = many;
    assert_int_equal(gm_grow(&array, capacity, &capacity, 1, "much"), GM_ERROR_MEMORY);
    free(memory);
    gm_arena arena = {0};
    assert_null(gm_arena_alloc(&arena, SIZE_MAX));
    assert_null(gm_arena_alloc(&arena, SIZE_MAX - 40));
    gm_arena_finish(&arena);
}

static void error_message_may_quote_the_last_one(void **state) {
    (void)state;
    assert_int_equal(gm_fail(GM_ERROR_FORMAT, "row %d", 3), GM_ERROR_FORMAT);
    assert_int_equal(gm_fail(GM_ERROR_IO, "again: %s", gm_error_message()), GM_ERROR_IO);
    assert_string_equal(gm_error_message(), "again: row 3");
    assert_int_equal(gm_fail_prefix(GM_ERROR_IO, "%s", "a.csv"), GM_ERROR_IO);
    assert_string_equal(gm_error_message(), "a.csv: again: row 3");
}

static void text_that_a_terminal_would_obey_is_escaped(void **state) {
    (void)state;
    static const struct {
        const char *text, *line, *lines, *json;
    } cases[] = {
        {"plain \"text\" \\n", "plain \"text\" \\n", "plain \"text\" \\n", "plain \\\"text\\\" \\\\n"},
        {"Größe \u00a0 \u4e2d \U0001f600", "Größe \u00a0 \u4e2d \U0001f600", "Größe \u00a0 \u4e2d \U0001f600",
         "Größe \u00a0 \u4e2d \U0001f600"},
        {"\x1b[31m\x07", "\\x1b[31m\\x07", "\\x1b[31m\\x07", "\\u001b[31m\\u0007"},
        {"a\nb\r\tc", "a\\nb\\r\\tc", "a\nb\\r\\tc", "a\\u000ab\\u000d\\u0009c"},
        {"\x7f|\xc2\x9b", "\\x7f|\\u009b", "\\x7f|\\u009b", "\\u007f|\\u009b"},                  // DEL, C1
        {"\xff|\x9b|\xc3", "\\xff|\\x9b|\\xc3", "\\xff|\\x9b|\\xc3", "\\ufffd|\\ufffd|\\ufffd"}, // no UTF-8
        {"\xc0\xaf", "\\xc0\\xaf", "\\xc0\\xaf", "\\ufffd\\ufffd"},                              // overlong
        {"\u202a\u202e\u2066\u2069\u2028", "\\u202a\\u202e\\u2066\\u2069\\u2028", "\\u202a\\u202e\\u2066\\u2069\\u2028",
         "\\u202a\\u202e\\u2066\\u2069\\u2028"},
        {"\u2030\u2065\u206a", "\u2030\u2065\u206a", "\u2030\u2065\u206a", "\u2030\u2065\u206a"}, // beside them
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        const char *expected[] = {cases[i].line, cases[i].lines, cases[i].json};
        for (size_t kind = 0; kind < 3; kind++) {
            char out[200], again[200];
            size_t bytes = gm_escape((gm_escape_kind)kind, out, sizeof out, cases[i].text);
            assert_string_equal(out, expected[kind]);
            assert_int_equal(bytes, strlen(out));
            gm_escape((gm_escape_kind)kind, again, sizeof again, out);
            if (kind != GM_ESCAPE_JSON)
                assert_string_equal(again, out);
        }
    }
}

static void escaped_text_is_cut_between_characters(void **state) {
    (void)state;
    static const char *const shown[] = {"", "", "a", "a", "aü", "aü", "aü", "aü", "aü\\x1b", "aü\\x1bz"};
    for (size_t size = 0; size < GM_COUNT(shown); size++) {
        char out[20];
        memset(out, '#', sizeof out);
        assert_int_equal(gm_escape(GM_ESCAPE_LINE, size > 0 ? out : NULL, size, "aü\x1bz"), 8);
        if (size > 0)
            assert_string_equal(out, shown[size]);
        assert_int_equal(out[size], '#');
    }
}

static void message_is_one_line_whatever_it_quotes(void **state) {
    (void)state;
    gm_fail(GM_ERROR_IO, "%s: cannot be read", "new\nline\x1b[2J.npy");
    assert_string_equal(gm_error_message(), "new\\nline\\x1b[2J.npy: cannot be read");
    gm_fail_lines(GM_ERROR_DEVICE, "x.cl:3: the compiler says:\n%s", "  a\tb\n  c");
    assert_int_equal(gm_fail_prefix(GM_ERROR_DEVICE, "a\nb"), GM_ERROR_DEVICE);
    assert_string_equal(gm_error_message(), "a\\nb: x.cl:3: the compiler says:\n  a\\tb\n  c");
    char long_name[3 * GM_MESSAGE_BYTES];
    memset(long_name, '\x1b', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    gm_fail(GM_ERROR_IO, "%s", long_name);
    size_t length = strlen(gm_error_message());
    assert_true(length < GM_MESSAGE_BYTES && length > GM_MESSAGE_BYTES - 5);
    assert_string_equal(gm_error_message() + length - 4, "\\x1b");
}

typedef struct heard {
    size_t warnings, details;
    char last[GM_MESSAGE_BYTES];
} heard;

static void hear(gm_log_level level, const char *message, void *user) {
    heard *h = user;
    h->warnings += level == GM_LOG_WARNING;
    h->details += level == GM_LOG_DEBUG;
    snprintf(h->last, sizeof h->last, "%s", message);
}

// What `notify` writes to standard error while it runs.
static void capture_errors(void (*notify)(void), char *text, size_t size) {
    int pipes[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipes), 0);
    dup2(pipes[1], STDERR_FILENO);
    close(pipes[1]);
    notify();
    dup2(before, STDERR_FILENO);
    close(before);
    ssize_t length = read(pipes[0], text, size - 1); // a few lines: a pipe holds them
    close(pipes[0]);
    assert_true(length >= 0);
    text[length] = '\0';
}

static void say_both(void) {
    gm_warn("one\ntwo %d", 2);
    gm_debug("detail %s", "\x1b");
}

static void notices_go_to_the_callback_or_to_standard_error(void **state) {
    (void)state;
    char text[400];
    heard h = {0};
    gm_log_set(hear, &h);
    capture_errors(say_both, text, sizeof text);
    assert_string_equal(text, "");
    assert_int_equal(h.warnings, 1);
    assert_int_equal(h.details, 1);
    assert_string_equal(h.last, "detail \\x1b");
    gm_warn("one\ntwo %d", 2);
    assert_string_equal(h.last, "one\\ntwo 2");
    gm_log_set(NULL, NULL);
    unsetenv("GANYMEDE_LOG");
    capture_errors(say_both, text, sizeof text);
    assert_string_equal(text, "ganymede: warning: one\\ntwo 2\n");
    setenv("GANYMEDE_LOG", "debug", 1);
    capture_errors(say_both, text, sizeof text);
    assert_string_equal(text, "ganymede: warning: one\\ntwo 2\nganymede: detail \\x1b\n");
    unsetenv("GANYMEDE_LOG");
    assert_int_equal(h.warnings, 2); // it is heard no more
}

static void *warn_often(void *unused) {
    for (int i = 0; i < 1000; i++)
        gm_warn("%d", i);
    return unused;
}

static void callback_is_called_by_one_thread_at_a_time(void **state) {
    (void)state;
    heard h = {0}; // counted without locks
    pthread_t threads[4];
    gm_log_set(hear, &h);
    for (size_t i = 0; i < GM_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, warn_often, NULL), 0);
    for (size_t i = 0; i < GM_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    gm_log_set(NULL, NULL);
    assert_int_equal(h.warnings, 4000);
}

static void log_of_a_mean_of_exponentials_keeps_its_ends(void **state) {
    (void)state;
    const double inf = INFINITY;
    static const double ln2 = 0.69314718055994531, ln3 = 1.0986122886681098;
    const struct {
        double exponents[3];
        size_t count;
        double mean;
    } cases[] = {
        {{0}, 1, 0},
        {{-1000, -1000}, 2, -1000}, // e^-1000 is 0
        {{1000, 1000 + ln2}, 2, 1000 + ln3 - ln2},
        {{1000, -1000, -1000}, 3, 1000 - ln3},
        {{-1000, 0, -inf}, 3, -ln3},
        {{-inf}, 1, -inf},
        {{-inf, -inf}, 2, -inf},
        {{-inf, 5}, 2, 5 - ln2},
        {{-inf, -inf, 5}, 3, 5 - ln3},
        {{inf, inf, -inf}, 3, inf},
        {{5, inf}, 2, inf},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_log_sum sum = {0};
        for (size_t j = 0; j < cases[i].count; j++)
            gm_log_sum_add(&sum, cases[i].exponents[j]);
        double mean = gm_log_sum_mean(&sum);
        bool equal = isinf(cases[i].mean) ? isinf(mean) && (mean < 0) == (cases[i].mean < 0)
                                          : fabs(mean - cases[i].mean) < 1e-12;
        if (!equal)
            fail_msg("case %zu: %.17g, not %.17g", i, mean, cases[i].mean);
    }
    gm_log_sum sum = {0};
    gm_log_sum_add(&sum, NAN);
    gm_log_sum_add(&sum, 1);
    assert_true(isnan(gm_log_sum_mean(&sum)));
}

static void mean_and_its_error_follow_their_formulas(void **state) {
    (void)state;
    static const double values[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}; // variance 30
    gm_running_mean mean = {0};
    for (size_t i = 0; i < GM_COUNT(values); i++)
        gm_running_mean_add(&mean, values[i]);
    assert_true(fabs(mean.value - (1e9 + 10)) < 1e-6);
    assert_true(fabs(gm_running_mean_error(&mean) - sqrt(30. / 4)) < 1e-6);
    gm_running_mean_add(&mean, -INFINITY);
    gm_running_mean_add(&mean, 3); // once infinite, no finite value makes it NaN
    assert_true(isinf(mean.value) && mean.value < 0);
    assert_true(isnan(gm_running_mean_error(&mean)));
    gm_running_mean one = {0};
    gm_running_mean_add(&one, 2);
    assert_true(isnan(gm_running_mean_error(&one)));
}

static void cholesky_solves_what_it_has_factored(void **state) {
    enum { N = 5, STRIDE = 7, COUNT = 2 };
    double A[N * STRIDE], L[N * STRIDE], b[N * COUNT], y[N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) // a Hilbert matrix, made better by its diagonal
            A[i * STRIDE + j] = 1 / (double)(i + j + 1) + (i == j ? .1 : 0);
    memcpy(L, A, sizeof L);
    gm_cholesky(L, N, STRIDE);
    for (size_t i = 0; i < N; i++) {
        y[i] = b[i * COUNT] = (double)i - 1.5;
        b[i * COUNT + 1] = 1;
    }
    gm_cholesky_solve(L, N, STRIDE, b, COUNT, COUNT);
    gm_cholesky_solve_upper(L, N, STRIDE, y, 1, 1);
    for (size_t i = 0; i < N; i++) {
        double first = 0, second = 0, upper = 0;
        for (size_t j = 0; j < N; j++) {
            first += A[i * STRIDE + j] * b[j * COUNT];
            second += A[i * STRIDE + j] * b[j * COUNT + 1];
            upper += j >= i ? L[j * STRIDE + i] * y[j] : 0;
        }
        assert_true(fabs(first - ((double)i - 1.5)) < 1e-12 && fabs(second - 1) < 1e-12);
        assert_true(fabs(upper - ((double)i - 1.5)) < 1e-12);
    }
}

static void clock_does_not_go_back(void **state) {
    (void)state;
    double last = gm_seconds();
    for (int i = 0; i < 1000; i++) {
        double now = gm_seconds();
        assert_true(now >= last);
        last = now;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_published_vectors),
        cmocka_unit_test(elements_are_words_of_their_block),
        cmocka_unit_test(normal_numbers_have_mean_0_and_variance_1),
        cmocka_unit_test(hashes_never_change),
        cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(text_grows),
        cmocka_unit_test(array_grows_and_keeps_its_elements),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(error_message_may_quote_the_last_one),
        cmocka_unit_test(text_that_a_terminal_would_obey_is_escaped),
        cmocka_unit_test(escaped_text_is_cut_between_characters),
        cmocka_unit_test(message_is_one_line_whatever_it_quotes),
        cmocka_unit_test(notices_go_to_the_callback_or_to_standard_error),
        cmocka_unit_test(callback_is_called_by_one_thread_at_a_time),
        cmocka_unit_test(log_of_a_mean_of_exponentials_keeps_its_ends),
        cmocka_unit_test(mean_and_its_error_follow_their_formulas),
        cmocka_unit_test(cholesky_solves_what_it_has_factored),
        cmocka_unit_test(clock_does_not_go_back),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

// Safetensors files and checkpoints: what is written reads back to the bit, and nothing damaged is taken for whole.
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "folder_test.h"
#include "train_support.h"

// ---- Common to the tests ----

static char path[96];

static int prepare(void **unused) {
    if (make_folder(unused) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/a.safetensors", folder);
    return 0;
}

static float weight[6] = {1.5f, -0.0f, 1e-40f, 3e38f, 5, 6};
static int32_t step_value[1] = {12800};
static uint8_t bytes_value[3] = {0, 128, 255};

static const variable model[] = {
    {"generator.0.weight", GM_FLOAT32, {.rank = 2, .dim = {2, 3}}, weight},
    {"step", GM_INT32, {.rank = 0}, step_value},
    {"mask", GM_UINT8, {.rank = 1, .dim = {3}}, bytes_value},
    {"empty", GM_FLOAT32, {.rank = 2, .dim = {0, 4}}, weight},
};

static const gm_checkpoint_info info = {.step = 12800,
                                        .data_cursor = UINT64_C(9999999999999999999),
                                        .seed = 7,
                                        .recipe = "name: \"é\"\n# two\tlines\n",
                                        .variants = "gemm=cpu"};

static void write_model(void) {
    gm_state state = {model, GM_COUNT(model), NULL};
    assert_int_equal(gm_checkpoint_write(path, &state, &info), GM_OK);
}

static void expect_message(const char *part) {
    if (!strstr(gm_error_message(), part))
        fail_msg("\n  said:     %s\n  expected: %s", gm_error_message(), part);
}

// ---- Checkpoints ----

static void checkpoint_restores_every_variable_to_the_bit(void **unused) {
    (void)unused;
    write_model();
    gm_checkpoint *checkpoint;
    assert_int_equal(gm_checkpoint_open(&checkpoint, path), GM_OK);
    const gm_checkpoint_info *read = gm_checkpoint_get_info(checkpoint);
    assert_int_equal(read->step, 12800);
    assert_true(read->data_cursor == info.data_cursor);
    assert_int_equal(read->seed, 7);
    assert_string_equal(read->recipe, info.recipe);
    assert_string_equal(read->variants, "gemm=cpu");

    float w[6] = {0};
    int32_t s[1] = {0};
    uint8_t b[3] = {0};
    variable other[GM_COUNT(model)];
    memcpy(other, model, sizeof other);
    other[0].values = w;
    other[1].values = s;
    other[2].values = b;
    gm_state state = {other, GM_COUNT(other), NULL};
    assert_int_equal(gm_checkpoint_load(checkpoint, &state, NULL), GM_OK);
    assert_memory_equal(w, weight, sizeof w);
    assert_memory_equal(s, step_value, sizeof s);
    assert_memory_equal(b, bytes_value, sizeof b);
    gm_checkpoint_close(&checkpoint);
    assert_null(checkpoint);
    gm_checkpoint_close(&checkpoint);
}

static void names_of_classes_come_back_as_lines(void **unused) {
    (void)unused;
    static const char *const names[] = {"boot", "a \"b\", \\c", "two\nlines", "\xff\x80", "sch\xc3\xb6n", ""};
    static const char *const lines[] = {"boot", "a \"b\", \\c", "two\\nlines", "\\xff\\x80", "sch\xc3\xb6n", ""};
    gm_state state = {model, GM_COUNT(model), NULL};
    gm_checkpoint *checkpoint;
    for (size_t count = 0; count <= GM_COUNT(names); count += GM_COUNT(names)) {
        gm_checkpoint_info with = info;
        with.class_names = names;
        with.class_count = count;
        with.note = "noted";
        assert_int_equal(gm_checkpoint_write(path, &state, &with), GM_OK);
        assert_int_equal(gm_checkpoint_open(&checkpoint, path), GM_OK);
        const gm_checkpoint_info *read = gm_checkpoint_get_info(checkpoint);
        assert_string_equal(read->note, "noted");
        assert_int_equal(read->class_count, count);
        for (size_t i = 0; i < count; i++)
            assert_string_equal(read->class_names[i], lines[i]);
        gm_checkpoint_close(&checkpoint);
    }
}

// What opening the checkpoint gives a child process that may take so much more memory.
static gm_status open_within(size_t megabytes) {
    pid_t child = fork();
    if (child == 0) {
        size_t pages = 0;
        FILE *file = fopen("/proc/self/statm", "r");
        if (!file || fscanf(file, "%zu", &pages) != 1)
            _exit(99);
        rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)megabytes << 20);
        gm_checkpoint *checkpoint;
        setrlimit(RLIMIT_AS, &(struct rlimit){most, most});
        _exit((int)gm_checkpoint_open(&checkpoint, path));
    }
    int code;
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    return (gm_status)WEXITSTATUS(code);
}

// A file that is taken for damaged would be passed over, and an older one resumed.
static void memory_that_runs_out_is_no_damage(void **unused) {
    (void)unused;
    if (getenv("ASAN_OPTIONS")) // whose own memory is without end
        skip();
    enum { LENGTH = 8 << 20 };
    char *recipe = malloc(LENGTH + 1);
    memset(recipe, 'r', LENGTH);
    recipe[LENGTH] = '\0';
    gm_checkpoint_info large = info;
    large.recipe = recipe;
    gm_state state = {model, GM_COUNT(model), NULL};
    assert_int_equal(gm_checkpoint_write(path, &state, &large), GM_OK);
    free(recipe);
    assert_int_equal(open_within(1), GM_ERROR_MEMORY);
    assert_int_equal(open_within(1000), GM_OK);
    for (size_t megabytes = 4; megabytes < 100; megabytes += 4) {
        gm_status status = open_within(megabytes);
        if (status != GM_OK && status != GM_ERROR_MEMORY)
            fail_msg("with %zu MB more: status %d", megabytes, status);
    }
}

static void equal_states_write_equal_files(void **unused) {
    (void)unused;
    char *first, *second;
    size_t m, n;
    write_model();
    assert_int_equal(gm_file_read(path, 1 << 24, &first, &m), GM_OK);
    write_model();
    assert_int_equal(gm_file_read(path, 1 << 24, &second, &n), GM_OK);
    assert_int_equal(m, n);
    assert_memory_equal(first, second, m);
    free(first);
    free(second);
}

static void checkpoint_of_another_model_is_refused_whole(void **unused) {
    (void)unused;
    write_model();
    gm_checkpoint *checkpoint;
    assert_int_equal(gm_checkpoint_open(&checkpoint, path), GM_OK);
    float w[8] = {0};
    int32_t s[1] = {0};
    const struct {
        variable variables[5];
        size_t count;
        const char *part;
    } cases[] = {
        {{{"generator.0.weight", GM_FLOAT32, {.rank = 2, .dim = {2, 3}}, w}, {"more", GM_INT32, {.rank = 0}, s}},
         2,
         "does not hold more"},
        {{{"generator.0.weight", GM_FLOAT32, {.rank = 2, .dim = {2, 4}}, w}},
         1,
         "holds generator.0.weight as float32 (2, 3) where the model has float32 (2, 4)"},
        {{{"generator.0.weight", GM_FLOAT32, {.rank = 2, .dim = {2, 3}}, w}, {"step", GM_FLOAT32, {.rank = 0}, s}},
         2,
         "holds step as int32 () where the model has float32 ()"},
        {{{"generator.0.weight", GM_FLOAT32, {.rank = 2, .dim = {2, 3}}, w}, {"step", GM_INT32, {.rank = 0}, s}},
         2,
         "which the model does not have"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_state state = {cases[i].variables, cases[i].count, NULL};
        assert_int_equal(gm_checkpoint_load(checkpoint, &state, NULL), GM_ERROR_FORMAT);
        expect_message(path);
        expect_message(cases[i].part);
        static const float zeros[8] = {0};
        assert_memory_equal(w, zeros, sizeof w);
    }
    const void *values; // a part of it, by name
    assert_int_equal(gm_checkpoint_value(checkpoint, "step", GM_INT32, &GM_SCALAR, &values), GM_OK);
    assert_int_equal(*(const int32_t *)values, 12800);
    assert_int_equal(gm_checkpoint_value(checkpoint, "more", GM_INT32, &GM_SCALAR, &values), GM_ERROR_FORMAT);
    assert_null(values);
    gm_checkpoint_close(&checkpoint);
}

static void every_flipped_bit_and_every_missing_byte_is_noticed(void **unused) {
    (void)unused;
    write_model();
    char *content;
    size_t count;
    assert_int_equal(gm_file_read(path, 1 << 24, &content, &count), GM_OK);
    for (size_t i = 0; i < 8 * count; i++) {
        gm_checkpoint *checkpoint;
        content[i / 8] = (char)(content[i / 8] ^ 1 << i % 8);
        FILE *file = fopen(path, "wb");
        assert_int_equal(fwrite(content, 1, count, file), count);
        fclose(file);
        if (gm_checkpoint_open(&checkpoint, path) != GM_ERROR_FORMAT)
            fail_msg("bit %zu of byte %zu of %zu may flip", i % 8, i / 8, count);
        assert_null(checkpoint);
        expect_message(path);
        content[i / 8] = (char)(content[i / 8] ^ 1 << i % 8);
    }
    for (size_t length = 0; length < count; length++) {
        gm_safetensors *file;
        assert_int_equal(gm_safetensors_parse(&file, "x", content, length), GM_ERROR_FORMAT);
        assert_null(file);
    }
    free(content);
}

static void file_that_is_no_checkpoint_is_refused(void **unused) {
    (void)unused;
    static const gm_safetensors_text version_9[] = {
        {"format", "ganymede-checkpoint"}, {"version", "9"}, {"program", "9.1"}};
    static const gm_safetensors_text bad_step[] = {{"format", "ganymede-checkpoint"}, {"version", "1"}, {"step", "-3"}};
    const gm_safetensor tensor = {"w", GM_FLOAT32, {.rank = 1, .dim = {6}}, weight};
    const struct {
        const gm_safetensors_text *metadata;
        size_t count;
        gm_status status;
        const char *part;
    } cases[] = {
        {NULL, 0, GM_ERROR_FORMAT, "is not a checkpoint of Ganymede"},
        {version_9, 3, GM_ERROR_STATE,
         "is a checkpoint of version 9; this program reads version 1: use the program that wrote it, version 9.1"},
        {version_9, 2, GM_ERROR_STATE, "reads version 1: use the program that wrote it"},
        {bad_step, 3, GM_ERROR_FORMAT, "give \"-3\" as step, which is not a number"}};
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        gm_checkpoint *checkpoint;
        assert_int_equal(gm_safetensors_write(path, &tensor, 1, cases[i].metadata, cases[i].count), GM_OK);
        assert_int_equal(gm_checkpoint_open(&checkpoint, path), cases[i].status);
        assert_null(checkpoint);
        expect_message(cases[i].part);
        expect_message(path);
        assert_null(strstr(gm_error_message(), "null"));
    }
    gm_checkpoint *checkpoint;
    char absent[128];
    snprintf(absent, sizeof absent, "%s/absent/x", folder);
    assert_int_equal(gm_checkpoint_open(&checkpoint, absent), GM_ERROR_IO);
    expect_message(absent);
}

// Looks values up while standard error goes into a file; free(*said).
static void look_up(gm_checkpoint *checkpoint, const char *const *names, size_t count, char **said) {
    char log[128];
    size_t bytes;
    static const gm_shape shape = {.rank = 1, .dim = {2}};
    snprintf(log, sizeof log, "%s/warnings", folder);
    fflush(stderr);
    int kept = dup(STDERR_FILENO), file = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(file, STDERR_FILENO);
    bool found = true;
    for (size_t i = 0; i < count; i++) {
        const void *values;
        found = found && gm_checkpoint_value(checkpoint, names[i], GM_FLOAT32, &shape, &values) == GM_OK && values;
    }
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(file);
    close(kept);
    assert_true(found);
    assert_int_equal(gm_file_read(log, 1 << 16, said, &bytes), GM_OK);
    unlink(log);
}

static void values_that_are_not_finite_are_named_and_end_a_resumption(void **unused) {
    (void)unused;
    static const float values[][2] = {{1, 2}, {1, NAN}, {-INFINITY, 2}};
    static const char *const names[] = {"scale", "bias", "weight"};
    for (size_t i = 0; i < GM_COUNT(values); i++) {
        float scale[2] = {1, 2}, bias[2], w[2];
        memcpy(bias, values[i], sizeof bias);
        memcpy(w, values[i], sizeof w);
        const variable variables[] = {{"scale", GM_FLOAT32, {.rank = 1, .dim = {2}}, scale},
                                      {"bias", GM_FLOAT32, {.rank = 1, .dim = {2}}, bias},
                                      {"weight", GM_FLOAT32, {.rank = 1, .dim = {2}}, w}};
        gm_state state = {variables, GM_COUNT(variables), NULL};
        gm_checkpoint *checkpoint;
        char *said;
        assert_int_equal(gm_checkpoint_write(path, &state, &info), GM_OK);
        assert_int_equal(gm_checkpoint_open(&checkpoint, path), GM_OK);
        look_up(checkpoint, names, 1, &said); // a part without them
        assert_string_equal(said, "");
        free(said);
        look_up(checkpoint, names, 3, &said);
        const char *warning = strstr(said, "a.safetensors: bias holds values that are not finite");
        assert_true((warning != NULL) == (i > 0));
        assert_null(strstr(said, "weight")); // one is enough
        free(said);
        scale[0] = 7;
        assert_int_equal(gm_checkpoint_load(checkpoint, &state, NULL), i > 0 ? GM_ERROR_STATE : GM_OK);
        assert_true(scale[0] == (i > 0 ? 7.f : 1.f)); // all or nothing
        if (i > 0)
            expect_message("bias holds values that are not finite, from which no training can go on");
        gm_checkpoint_close(&checkpoint);
    }
}

static void failed_writes_leave_the_old_checkpoint(void **unused) {
    (void)unused;
    write_model();
    char *before, *after;
    size_t m, n;
    assert_int_equal(gm_file_read(path, 1 << 24, &before, &m), GM_OK);
    // A file-size limit stands in for a full disk: write() fails in the midst of the file.
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 100;
    gm_state state = {model, GM_COUNT(model), NULL};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    gm_status status = gm_checkpoint_write(path, &state, &info);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(status, GM_ERROR_IO);
    expect_message(path);
    gm_state broken = {model, GM_COUNT(model), "mask"};
    assert_int_equal(gm_checkpoint_write(path, &broken, &info), GM_ERROR_DEVICE);
    assert_int_equal(gm_file_read(path, 1 << 24, &after, &n), GM_OK);
    assert_int_equal(m, n);
    assert_memory_equal(before, after, m);
    free(before);
    free(after);
    char command[96];
    snprintf(command, sizeof command, "test \"$(ls '%s')\" = a.safetensors", folder);
    assert_int_equal(system(command), 0); // no temporary file stays
    char absent[128];
    snprintf(absent, sizeof absent, "%s/absent/x.safetensors", folder);
    assert_int_equal(gm_checkpoint_write(absent, &state, &info), GM_ERROR_IO);
    expect_message(absent);
}

// ---- Safetensors ----

// A file from its header and `data` bytes of zeros.
static gm_status parse(const char *header, size_t data) {
    size_t length = strlen(header);
    char *content = calloc(1, 8 + length + data);
    content[0] = (char)(length & 255);
    content[1] = (char)(length >> 8);
    memcpy(content + 8, header, length);
    gm_safetensors *file;
    gm_status status = gm_safetensors_parse(&file, "f", content, 8 + length + data);
    gm_safetensors_destroy(&file);
    free(content);
    return status;
}

static void files_of_other_programs_are_read(void **unused) {
    (void)unused;
    assert_int_equal(parse("{}", 0), GM_OK);
    assert_int_equal(parse("{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]},"
                           "\"a\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}   ",
                           12),
                     GM_OK);
}

static void headers_that_lie_are_refused(void **unused) {
    (void)unused;
#define A(dtype, shape, begin, end)                                                                                    \
    "\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
#define B(begin, end) ",\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[" begin "," end "]}"
    static const struct {
        const char *header;
        size_t data;
        const char *part;
    } cases[] = {
        {"[]", 0, "not a JSON object"},
        {"{\"a\":", 0, "its header is not JSON"},
        {"{} x", 0, "its header is not JSON"},
        {"{" A("F32", "[1]", "0", "4") "," A("F32", "[1]", "0", "4") "}", 4, "duplicate"},
        {"{\"a\":3}", 0, "must have exactly the entries"},
        {"{\"a\":{\"dtype\":\"F32\"}}", 0, "must have exactly the entries"},
        {"{" A("F16", "[2]", "0", "4") "}", 4, "has the type F16; known to this program are F32, I32 and U8"},
        {"{" A("F32", "[1,1,1,1,1,1,1]", "0", "4") "}", 4, "no shape of at most 6 dimensions"},
        {"{" A("F32", "4", "0", "4") "}", 4, "no shape"},
        {"{" A("F32", "[-1]", "0", "4") "}", 4, "dimension 0 of the tensor \"a\" is not a possible size"},
        {"{" A("F32", "[1.5]", "0", "4") "}", 4, "is not a possible size"},
        {"{" A("F32", "[4294967296,4294967296]", "0", "4") "}", 4, "is not a possible size"},
        {"{" A("F32", "[1]", "0", "8") "}", 8, "has 8 bytes, its shape needs 4"},
        {"{" A("F32", "[1]", "8", "4") "}", 8, "are not [begin, end]"},
        {"{" A("F32", "[1]", "-4", "0") "}", 4, "are not [begin, end]"},
        {"{" A("F32", "[2]", "0", "8") "}", 4,
         "is cut short: the tensor \"a\" ends at byte 8 of the data, which has 4"},
        {"{" A("F32", "[1]", "0", "4") "}", 7, "3 bytes follow the last tensor"},
        {"{" A("U8", "[4]", "0", "4") B("2", "6") "}", 6, "inside the one that ends at byte 4"},
        {"{" A("U8", "[4]", "0", "4") B("0", "4") "}", 4, "inside the one that ends at byte 4"},
        {"{" A("U8", "[4]", "0", "4") B("6", "10") "}", 10, "with a gap behind byte 4"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ is not a map of strings"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "the metadata \"a\" is not a string"},
        {"{\"__metadata__\":{\"checksum\":\"0123\"}}", 0, "is damaged: the checksum"},
    };
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        if (parse(cases[i].header, cases[i].data) != GM_ERROR_FORMAT)
            fail_msg("accepted: %s", cases[i].header);
        expect_message(cases[i].part);
        assert_int_equal(strncmp(gm_error_message(), "f: ", 3), 0);
    }
    gm_safetensors *file;
    assert_int_equal(gm_safetensors_parse(&file, "f", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), GM_ERROR_FORMAT);
    expect_message("is not a safetensors file: its header would have 18446744073709551615 bytes");
}

// A later program's file is not to be taken for a damaged one.
static void unknown_type_in_a_header_that_is_whole_is_no_damage(void **unused) {
    (void)unused;
#define HALF "\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}"
    uint64_t hash = gm_hash_string(gm_hash_string(gm_hash_string(GM_HASH_START, "a"), "F16"), ",2");
    for (uint64_t flip = 0; flip < 2; flip++) {
        char header[256];
        snprintf(header, sizeof header, "{\"__metadata__\":{\"header_checksum\":\"%016" PRIx64 "\"}," HALF "}",
                 hash ^ flip);
        assert_int_equal(parse(header, 4), flip ? GM_ERROR_FORMAT : GM_ERROR_STATE);
        expect_message(flip ? "is damaged: the checksum of its header" : "has the type F16");
    }
}

static void names_that_clash_are_not_written(void **unused) {
    (void)unused;
    unlink(path);
    const gm_safetensor twice[] = {{"w", GM_FLOAT32, {.rank = 1, .dim = {6}}, weight},
                                   {"w", GM_FLOAT32, {.rank = 1, .dim = {6}}, weight}};
    assert_int_equal(gm_safetensors_write(path, twice, 2, NULL, 0), GM_ERROR_ARGUMENT);
    expect_message("two entries are named \"w\"");
    const gm_safetensor bad = {"\xff", GM_FLOAT32, {.rank = 1, .dim = {6}}, weight};
    assert_int_equal(gm_safetensors_write(path, &bad, 1, NULL, 0), GM_ERROR_ARGUMENT);
    const gm_safetensors_text checksum = {"checksum", "0"};
    assert_int_equal(gm_safetensors_write(path, twice, 1, &checksum, 1), GM_ERROR_ARGUMENT);
    const gm_safetensor untyped = {"w", GM_TYPE_INVALID, {.rank = 0}, weight};
    assert_int_equal(gm_safetensors_write(path, &untyped, 1, NULL, 0), GM_ERROR_ARGUMENT);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checkpoint_restores_every_variable_to_the_bit),
        cmocka_unit_test(names_of_classes_come_back_as_lines),
        cmocka_unit_test(memory_that_runs_out_is_no_damage),

        cmocka_unit_test(equal_states_write_equal_files),
        cmocka_unit_test(checkpoint_of_another_model_is_refused_whole),
        cmocka_unit_test(every_flipped_bit_and_every_missing_byte_is_noticed),
        cmocka_unit_test(file_that_is_no_checkpoint_is_refused),
        cmocka_unit_test(values_that_are_not_finite_are_named_and_end_a_resumption),
        cmocka_unit_test(failed_writes_leave_the_old_checkpoint),
        cmocka_unit_test(files_of_other_programs_are_read),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(unknown_type_in_a_header_that_is_whole_is_no_damage),
        cmocka_unit_test(names_that_clash_are_not_written),
    };
    return cmocka_run_group_tests(tests, prepare, remove_folder);
}

// Data sets: IDX and IDX.gz, CIFAR-10, stacks, mixtures, names and paths, fitting, and what bad input does.
#include "data_support.h"

#include <math.h>
#include <zlib.h>

// ---- IDX ----

static size_t make_idx(uint8_t *out, size_t rank, const uint32_t *dim, uint32_t seed) {
    size_t count = 1, length = 4 + 4 * rank;
    memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)rank}, 4);
    for (size_t i = 0; i < rank; i++) {
        memcpy(out + 4 + 4 * i,
               (uint8_t[]){(uint8_t)(dim[i] >> 24), (uint8_t)(dim[i] >> 16), (uint8_t)(dim[i] >> 8), (uint8_t)dim[i]},
               4);
        count *= dim[i];
    }
    for (size_t i = 0; i < count; i++)
        out[length + i] = (uint8_t)(rank == 1 ? i % 7 : i * 31 + seed);
    return length + count;
}

static size_t make_gzip(uint8_t *out, size_t room, const uint8_t *data, size_t bytes) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint8_t *input = exact_copy(data, bytes);
    stream.next_in = input;
    stream.avail_in = (uInt)bytes;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t length = stream.total_out;
    deflateEnd(&stream);
    free(input);
    return length;
}

static void write_idx(const char *name, size_t rank, const uint32_t *dim, bool packed) {
    uint8_t plain[8192], gzip[8192];
    size_t bytes = make_idx(plain, rank, dim, 0);
    if (packed)
        bytes = make_gzip(gzip, sizeof gzip, plain, bytes);
    write_file(path_of(name), packed ? gzip : plain, bytes);
}

static void idx_images_and_labels_are_read_under_either_name_plain_or_gzip(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
        {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"},
        {"train-images.idx3-ubyte", "train-labels.idx1-ubyte.gz"},
        {"t10k-images.idx3-ubyte.gz", "t10k-labels-idx1-ubyte"},
    };
    for (size_t i = 0; i < GM_COUNT(pairs); i++) {
        gm_dataset *dataset;
        write_idx(pairs[i][0], 3, (uint32_t[]){9, 5, 3}, strstr(pairs[i][0], ".gz"));
        write_idx(pairs[i][1], 1, (uint32_t[]){9}, strstr(pairs[i][1], ".gz"));
        gm_split split = pairs[i][0][1] == '1' ? GM_SPLIT_TEST : GM_SPLIT_TRAIN;
        assert_ok(gm_dataset_open(&dataset, temporary, &(gm_dataset_options){.split = split}));
        const gm_dataset_info *info = gm_dataset_get_info(dataset);
        assert_int_equal(info->kind, GM_DATASET_IMAGES);
        assert_int_equal(info->count, 9);
        assert_int_equal(info->channels, 1);
        assert_int_equal(info->height, 5);
        assert_int_equal(info->width, 3);
        assert_int_equal(info->item_bytes, 15);
        assert_int_equal(info->class_count, 7);
        assert_string_equal(info->class_names[6], "6");
        assert_null(gm_dataset_floats(dataset));
        for (size_t j = 0; j < 9 * 15; j++)
            assert_int_equal(gm_dataset_images(dataset)[j], (uint8_t)(j * 31));
        for (size_t j = 0; j < 9; j++)
            assert_int_equal(gm_dataset_labels(dataset)[j], j % 7);
        gm_dataset_close(&dataset);
        assert_null(dataset);
        unlink(path_of(pairs[i][0]));
        unlink(path_of(pairs[i][1]));
    }
}

static void idx_without_labels_and_with_too_few_labels(void **state) {
    (void)state;
    gm_dataset *dataset;
    write_idx("train-images-idx3-ubyte", 3, (uint32_t[]){9, 5, 3}, false);
    assert_ok(gm_dataset_open(&dataset, temporary, NULL));
    assert_null(gm_dataset_labels(dataset));
    assert_int_equal(gm_dataset_get_info(dataset)->class_count, 0);
    gm_dataset_close(&dataset);
    write_idx("train-labels-idx1-ubyte.gz", 1, (uint32_t[]){8}, true);
    assert_fails(gm_dataset_open(&dataset, temporary, NULL), GM_ERROR_FORMAT,
                 "train-labels-idx1-ubyte.gz: has 8 labels");
    assert_null(dataset);
    assert_fails(gm_dataset_open(&dataset, temporary, &(gm_dataset_options){.split = GM_SPLIT_TEST}), GM_ERROR_IO,
                 "t10k-images");
    unlink(path_of("train-images-idx3-ubyte"));
    unlink(path_of("train-labels-idx1-ubyte.gz"));
}

static void idx_cut_at_any_byte_or_continued_is_refused(void **state) {
    (void)state;
    uint8_t plain[512], gzip[512];
    size_t plain_bytes = make_idx(plain, 3, (uint32_t[]){4, 3, 5}, 7);
    size_t gzip_bytes = make_gzip(gzip, sizeof gzip, plain, plain_bytes);
    gm_idx idx;
    for (int packed = 0; packed < 2; packed++) {
        const uint8_t *file = packed ? gzip : plain;
        size_t bytes = packed ? gzip_bytes : plain_bytes;
        assert_ok(gm_idx_parse("file.idx", file, bytes, 3, &idx));
        assert_int_equal(idx.count, 60);
        assert_memory_equal(idx.values, plain + 16, 60);
        free(idx.values);
        for (size_t cut = 0; cut < bytes; cut++) {
            uint8_t *copy = exact_copy(file, cut);
            assert_fails(gm_idx_parse("file.idx", copy, cut, 3, &idx), GM_ERROR_FORMAT, "file.idx: is truncated");
            assert_null(idx.values);
            free(copy);
        }
        uint8_t longer[513] = {0};
        memcpy(longer, file, bytes);
        assert_fails(gm_idx_parse("file.idx", longer, bytes + 1, 3, &idx), GM_ERROR_FORMAT, "file.idx: is ");
        for (size_t bit = 0; bit < 8 * bytes; bit++) { // any damage: refused or read, never a crash
            uint8_t *copy = exact_copy(file, bytes);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (gm_idx_parse("file.idx", copy, bytes, 3, &idx) == GM_OK)
                free(idx.values);
            free(copy);
        }
    }
}

static void idx_of_another_kind_or_absurd_size_is_refused(void **state) {
    (void)state;
    uint8_t file[64] = {0};
    gm_idx idx;
    size_t bytes = make_idx(file, 1, (uint32_t[]){20}, 0);
    assert_fails(gm_idx_parse("labels", file, bytes, 3, &idx), GM_ERROR_FORMAT, "00 00 08 01, expected 00 00 08 03");
    assert_fails(gm_idx_parse("text", "Hello, world, hello", 19, 3, &idx), GM_ERROR_FORMAT, "text: is not an IDX file");
    make_idx(file, 3, (uint32_t[]){1, 1, 1}, 0);
    memset(file + 4, 0xff, 12);
    assert_fails(gm_idx_parse("huge", file, 17, 3, &idx), GM_ERROR_FORMAT, "huge: is damaged");
    memcpy(file + 4, "\0\1\0\0\0\1\0\0\0\0\0\2", 12); // 2^33 values that are not there
    assert_fails(gm_idx_parse("huge", file, 17, 3, &idx), GM_ERROR_FORMAT,
                 "huge: is truncated: its header says 8589934592");
    uint8_t gzip[128];
    size_t packed = make_gzip(gzip, sizeof gzip, file, 17);
    assert_fails(gm_idx_parse("huge", gzip, packed, 3, &idx), GM_ERROR_FORMAT,
                 "huge: is truncated: its header says 8589934592");
    memset(file + 4, 0, 4);
    assert_fails(gm_idx_parse("none", file, 16, 3, &idx), GM_ERROR_FORMAT, "none: is empty");
}

static void fashion_mnist_is_found_or_says_how_to_get_it(void **state) {
    (void)state;
    gm_dataset *dataset;
    gm_status status = gm_dataset_open(&dataset, "fashion-mnist", &(gm_dataset_options){.size = {32}, .count = 100});
    if (access("/usr/share/datasets/fashion-mnist", R_OK) == 0) {
        assert_ok(status);
        const gm_dataset_info *info = gm_dataset_get_info(dataset);
        assert_int_equal(info->count, 100);
        assert_int_equal(info->height, 32);
        assert_string_equal(info->name, "fashion-mnist");
        assert_string_equal(info->class_names[gm_dataset_labels(dataset)[0]], "ankle boot");
        gm_dataset_close(&dataset);
    } else {
        assert_fails(status, GM_ERROR_IO, "apt-get install dataset-fashion-mnist");
    }
    const gm_dataset_options nowhere = {.folder = "/dev/null/folder"};
    assert_fails(gm_dataset_open(&dataset, "fashion-mnist", &nowhere), GM_ERROR_IO,
                 "/dev/null/folder: there is no such folder");
    assert_non_null(strstr(gm_error_message(), "--data DIR"));
    assert_fails(gm_dataset_open(&dataset, "fashion-mist", NULL), GM_ERROR_IO, "fashion-mist: is neither");
}

static void a_named_data_set_is_read_from_the_folder_given(void **state) {
    (void)state;
    gm_dataset *dataset;
    mkdir(path_of("mnist"), 0777);
    write_idx("mnist/train-images-idx3-ubyte", 3, (uint32_t[]){9, 4, 4}, false);
    write_idx("mnist/train-labels-idx1-ubyte", 1, (uint32_t[]){9}, false);
    for (int inside = 0; inside < 2; inside++) {
        const gm_dataset_options options = {.folder = inside ? path_of("mnist") : temporary};
        assert_ok(gm_dataset_open(&dataset, "mnist", &options));
        assert_string_equal(gm_dataset_get_info(dataset)->name, "mnist");
        assert_int_equal(gm_dataset_get_info(dataset)->class_count, 10);
        gm_dataset_close(&dataset);
    }
    assert_ok(gm_dataset_open(&dataset, path_of("mnist/train-images-idx3-ubyte"), NULL)); // a single file
    assert_int_equal(gm_dataset_get_info(dataset)->count, 9);
    gm_dataset_close(&dataset);
    remove_tree(path_of("mnist"));
}

// ---- Stacked images ----

// Item i of `stacked` against the nine grey images that it may be made of: which three, and that its label says so.
// Returns whether the three are one and the same.
static bool check_stack(const gm_dataset *stacked, const gm_dataset *grey, size_t i, bool *used) {
    size_t plane = gm_dataset_get_info(grey)->item_bytes, first = 0;
    int32_t label = 0;
    bool same = true;
    for (size_t channel = 0; channel < 3; channel++) {
        const uint8_t *pixels = gm_dataset_images(stacked) + (3 * i + channel) * plane;
        size_t k = 0;
        while (k < 9 && memcmp(pixels, gm_dataset_images(grey) + k * plane, plane) != 0)
            k++;
        assert_in_range(k, 0, 8);
        used[9 * channel + k] = true;
        label = 10 * label + gm_dataset_labels(grey)[k];
        first = channel == 0 ? k : first;
        same = same && k == first;
    }
    assert_int_equal(gm_dataset_labels(stacked)[i], label);
    return same;
}

static void stacked_images_are_three_random_grey_ones_of_the_folder(void **state) {
    (void)state;
    enum { COUNT = 200 };
    gm_dataset *grey, *stacked, *fewer, *other;
    bool used[27] = {false};
    size_t same = 0;
    write_idx("train-images-idx3-ubyte", 3, (uint32_t[]){9, 4, 4}, false);
    write_idx("train-labels-idx1-ubyte", 1, (uint32_t[]){9}, false);
    gm_dataset_options options = {.folder = temporary, .seed = 3};
    assert_ok(gm_dataset_open(&grey, "mnist", &options));
    assert_ok(gm_dataset_open(&stacked, "stacked-mnist", &options));
    assert_int_equal(gm_dataset_get_info(stacked)->count, 9); // as many as there are grey ones
    gm_dataset_close(&stacked);
    options.count = COUNT;
    assert_ok(gm_dataset_open(&stacked, "stacked-mnist", &options));
    const gm_dataset_info *info = gm_dataset_get_info(stacked);
    assert_string_equal(info->name, "stacked-mnist");
    assert_int_equal(info->count, COUNT);
    assert_int_equal(info->channels, 3);
    assert_int_equal(info->height, 4);
    assert_int_equal(info->item_bytes, 48);
    assert_int_equal(info->class_count, 1000);
    assert_string_equal(info->class_names[702], "7, 0, 2");
    for (size_t i = 0; i < COUNT; i++)
        same += check_stack(stacked, grey, i, used);
    assert_in_range(same, 0, COUNT / 10);       // an 81st of them on average
    for (size_t k = 0; k < GM_COUNT(used); k++) // missed by 200 draws once in 10^10
        assert_true(used[k]);
    options.count = 5;
    assert_ok(gm_dataset_open(&fewer, "stacked-mnist", &options));
    assert_memory_equal(gm_dataset_images(fewer), gm_dataset_images(stacked), 5 * 48);
    options.seed = 4;
    assert_ok(gm_dataset_open(&other, "stacked-mnist", &options));
    assert_memory_not_equal(gm_dataset_images(fewer), gm_dataset_images(other), 5 * 48);
    gm_dataset_close(&other);
    gm_dataset_close(&fewer);
    gm_dataset_close(&stacked);
    gm_dataset_close(&grey);
    options.size[0] = 8; // the grey images are fitted
    assert_ok(gm_dataset_open(&stacked, "stacked-mnist", &options));
    assert_int_equal(gm_dataset_get_info(stacked)->item_bytes, 3 * 64);
    gm_dataset_close(&stacked);
    options.channels = 1;
    assert_fails(gm_dataset_open(&stacked, "stacked-mnist", &options), GM_ERROR_ARGUMENT,
                 "stacked-mnist: its images have 3 channels, not 1");
    unlink(path_of("train-labels-idx1-ubyte"));
    options.channels = 0;
    assert_ok(gm_dataset_open(&stacked, "stacked-mnist", &options));
    assert_null(gm_dataset_labels(stacked));
    assert_int_equal(gm_dataset_get_info(stacked)->class_count, 0);
    gm_dataset_close(&stacked);
    unlink(path_of("train-images-idx3-ubyte"));
    const gm_dataset_options nowhere = {.folder = "/dev/null/folder"};
    assert_fails(gm_dataset_open(&stacked, "stacked-fashion", &nowhere), GM_ERROR_IO,
                 "for the data set fashion-mnist, install it");
    assert_null(stacked);
}

// ---- CIFAR-10 ----

static void cifar_batches_are_joined_and_damaged_ones_refused(void **state) {
    (void)state;
    gm_dataset *dataset;
    enum { RECORD = 3073 };
    uint8_t *file = calloc(3, RECORD);
    for (size_t i = 0; i < 3 * RECORD; i++)
        file[i] = i % RECORD == 0 ? (uint8_t)(i / RECORD + 7) : (uint8_t)(i % 251);
    mkdir(path_of("cifar"), 0777);
    char name[64];
    for (int batch = 1; batch <= 5; batch++) {
        snprintf(name, sizeof name, "cifar/data_batch_%d.bin", batch);
        write_file(path_of(name), file, (batch == 5 ? 3 : 1) * RECORD);
    }
    assert_ok(gm_dataset_open(&dataset, path_of("cifar"), NULL));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->count, 7);
    assert_int_equal(info->channels, 3);
    assert_int_equal(info->height, 32);
    assert_int_equal(info->width, 32);
    assert_string_equal(info->class_names[9], "truck");
    assert_int_equal(gm_dataset_labels(dataset)[3], 7);
    assert_int_equal(gm_dataset_labels(dataset)[6], 9);
    assert_memory_equal(gm_dataset_images(dataset) + 6 * 3072, file + 2 * RECORD + 1, 3072);
    gm_dataset_close(&dataset);

    assert_ok(gm_dataset_open(&dataset, "cifar-10", &(gm_dataset_options){.folder = path_of("cifar"), .channels = 1}));
    const uint8_t *first = file + 1;
    unsigned luma = (299u * first[5] + 587u * first[1024 + 5] + 114u * first[2048 + 5] + 500u) / 1000u;
    assert_int_equal(gm_dataset_images(dataset)[5], luma);
    gm_dataset_close(&dataset);

    const gm_dataset_options test = {.split = GM_SPLIT_TEST};
    assert_fails(gm_dataset_open(&dataset, path_of("cifar"), &test), GM_ERROR_IO, "test_batch.bin is missing");
    write_file(path_of("cifar/data_batch_4.bin"), file, RECORD - 1);
    assert_fails(gm_dataset_open(&dataset, path_of("cifar"), NULL), GM_ERROR_FORMAT, "data_batch_4.bin: is truncated");
    file[0] = 10;
    write_file(path_of("cifar/data_batch_4.bin"), file, RECORD);
    assert_fails(gm_dataset_open(&dataset, path_of("cifar"), NULL), GM_ERROR_FORMAT, "image 0 has label 10 of 10");
    write_file(path_of("cifar/data_batch_4.bin"), file, 0);
    assert_fails(gm_dataset_open(&dataset, path_of("cifar"), NULL), GM_ERROR_FORMAT, "data_batch_4.bin: is truncated");
    free(file);
    remove_tree(path_of("cifar"));
}

// ---- Fitting ----

static void fit(const uint8_t *pixels, size_t height, size_t width, gm_fit how, size_t size, uint8_t *out) {
    gm_fit_source source = {
        .pixels = pixels, .width = width, .height = height, .channels = 1, .step = 1, .plane = height * width};
    assert_ok(gm_fit_picture(&source, how, &(gm_fit_target){.channels = 1, .height = size, .width = size}, out));
}

static void padding_centres_and_scales_down_only_what_is_too_large(void **state) {
    (void)state;
    uint8_t in[12] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120}, out[36];
    fit(in, 4, 3, GM_FIT_PAD, 6, out);
    for (size_t y = 0; y < 6; y++)
        for (size_t x = 0; x < 6; x++) {
            bool inside = y >= 1 && y < 5 && x >= 1 && x < 4;
            assert_int_equal(out[6 * y + x], inside ? in[3 * (y - 1) + x - 1] : 0);
        }
    uint8_t wide[16] = {10, 20, 30, 40, 10, 20, 30, 40}, small[4]; // 2 x 8 -> 1 x 4 in the middle of 4 x 4
    memcpy(wide, (uint8_t[]){0, 2, 4, 6, 8, 10, 12, 14, 100, 102, 104, 106, 108, 110, 112, 114}, 16);
    uint8_t square[16];
    fit(wide, 2, 8, GM_FIT_AUTO, 4, square);
    memcpy(small, square + 4, 4);
    assert_memory_equal(small, ((uint8_t[]){51, 55, 59, 63}), 4);
    for (size_t i = 0; i < 16; i++)
        assert_true(i / 4 == 1 || square[i] == 0);
}

static void resizing_averages_down_and_interpolates_up(void **state) {
    (void)state;
    uint8_t in[16], out[64];
    for (size_t i = 0; i < 16; i++)
        in[i] = (uint8_t)(16 * i);
    fit(in, 4, 4, GM_FIT_RESIZE, 2, out);
    assert_memory_equal(out, ((uint8_t[]){40, 72, 168, 200}), 4); // means of 2 x 2 blocks
    fit((uint8_t[]){0, 90, 180, 0, 90, 180, 0, 90, 180}, 3, 3, GM_FIT_RESIZE, 2, out);
    assert_memory_equal(out, ((uint8_t[]){30, 150, 30, 150}), 4); // (0 + 90/2) / 1.5
    fit((uint8_t[]){0, 100, 0, 100}, 2, 2, GM_FIT_RESIZE, 4, out);
    assert_memory_equal(out, ((uint8_t[]){0, 25, 75, 100}), 4); // half-pixel centres
    uint8_t flat[7 * 11];
    memset(flat, 255, sizeof flat);
    for (size_t size = 1; size <= 8; size++) {
        fit(flat, 7, 11, GM_FIT_RESIZE, size, out);
        for (size_t i = 0; i < size * size; i++)
            assert_int_equal(out[i], 255);
    }
}

static void cropping_keeps_the_middle(void **state) {
    (void)state;
    uint8_t in[2 * 6] = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15}, out[16];
    fit(in, 2, 6, GM_FIT_CROP, 2, out);
    assert_memory_equal(out, ((uint8_t[]){2, 3, 12, 13}), 4);
    uint8_t stripe[3000];
    for (size_t i = 0; i < sizeof stripe; i++)
        stripe[i] = (uint8_t)(i / 12);
    for (gm_fit how = GM_FIT_AUTO; how <= GM_FIT_CROP; how++) { // the most extreme proportions
        fit(stripe, 1, 3000, how, 4, out);
        fit(stripe, 3000, 1, how, 4, out);
    }
    assert_in_range(out[5], 124, 126);
}

static void check_rectangle(gm_fit how, size_t height, size_t width, const uint8_t *want) {
    const uint8_t in[8] = {10, 20, 30, 40, 50, 60, 70, 80}; // 2 x 4
    uint8_t out[64];
    gm_fit_source source = {.pixels = in, .width = 4, .height = 2, .channels = 1, .step = 1, .plane = 8};
    memset(out, 1, sizeof out);
    assert_ok(gm_fit_picture(&source, how, &(gm_fit_target){.channels = 1, .height = height, .width = width}, out));
    for (size_t i = 0; i < height * width; i++)
        if (out[i] != want[i])
            fail_msg("fit %d into %zu x %zu: (%zu, %zu) is %d, not %d", (int)how, height, width, i / width, i % width,
                     out[i], want[i]);
}

static void images_are_fitted_to_rectangles(void **state) {
    (void)state;
    check_rectangle(GM_FIT_PAD, 2, 4, (uint8_t[]){10, 20, 30, 40, 50, 60, 70, 80});
    check_rectangle(GM_FIT_PAD, 2, 6, (uint8_t[]){0, 10, 20, 30, 40, 0, 0, 50, 60, 70, 80, 0});
    check_rectangle(GM_FIT_PAD, 3, 2, (uint8_t[]){0, 0, 35, 55, 0, 0}); // 1 x 2, by its width
    check_rectangle(GM_FIT_PAD, 1, 4, (uint8_t[]){0, 35, 55, 0});       // 1 x 2, by its height
    check_rectangle(GM_FIT_RESIZE, 1, 4, (uint8_t[]){30, 40, 50, 60});  // rows averaged
    check_rectangle(GM_FIT_RESIZE, 2, 2, (uint8_t[]){15, 35, 55, 75});  // columns averaged
    check_rectangle(GM_FIT_CROP, 2, 2, (uint8_t[]){20, 30, 60, 70});    // the middle
    check_rectangle(GM_FIT_CROP, 1, 4, (uint8_t[]){10, 20, 30, 40});    // of two middle rows the first
    check_rectangle(GM_FIT_CROP, 1, 1, (uint8_t[]){35});                // of 1 x 2
    gm_dataset *dataset;
    uint8_t file[12 + 16];
    size_t bytes = make_idx(file, 3, (uint32_t[]){1, 3, 4}, 0);
    write_file(path_of("one.idx"), file, bytes);
    assert_ok(gm_dataset_open(&dataset, path_of("one.idx"), &(gm_dataset_options){.size = {3, 6}}));
    assert_int_equal(gm_dataset_get_info(dataset)->height, 3);
    assert_int_equal(gm_dataset_get_info(dataset)->width, 6);
    assert_memory_equal(gm_dataset_images(dataset) + 1, file + 16, 4);
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of("one.idx"), &(gm_dataset_options){.size = {5}}));
    assert_int_equal(gm_dataset_get_info(dataset)->width, 5);
    gm_dataset_close(&dataset);
    assert_fails(gm_dataset_open(&dataset, path_of("one.idx"), &(gm_dataset_options){.size = {0, 5}}),
                 GM_ERROR_ARGUMENT, "height 0 and width 5");
    unlink(path_of("one.idx"));
}

// ---- Mixtures ----

static void mixtures_have_the_published_centres_and_spread(void **state) {
    (void)state;
    static const char *const names[] = {"ring8", "grid25"};
    for (size_t n = 0; n < 2; n++) {
        gm_dataset *dataset;
        const gm_mixture *mixture = gm_mixture_find(names[n]);
        assert_ok(gm_dataset_open(&dataset, names[n], &(gm_dataset_options){.seed = 5}));
        const gm_dataset_info *info = gm_dataset_get_info(dataset);
        const float *points = gm_dataset_floats(dataset);
        assert_int_equal(info->kind, GM_DATASET_FLOATS);
        assert_int_equal(info->count, 100000);
        assert_int_equal(info->item_values, 2);
        assert_int_equal(info->item_bytes, 8);
        assert_int_equal(info->class_count, n == 0 ? 8 : 25);
        for (size_t mode = 0; mode < mixture->modes; mode++) {
            double sum[2] = {0}, square[2] = {0}, product = 0, count = 0;
            double angle = 2 * acos(-1.) * (double)mode / 8;
            double centre[2] = {n == 0 ? cos(angle) : 2 * (double)(mode % 5) - 4,
                                n == 0 ? sin(angle) : 2 * (double)(mode / 5) - 4};
            for (size_t i = 0; i < info->count; i++) {
                if (gm_dataset_labels(dataset)[i] != (int32_t)mode)
                    continue;
                double d[2];
                count++;
                for (size_t axis = 0; axis < 2; axis++) {
                    d[axis] = points[2 * i + axis] - centre[axis];
                    sum[axis] += d[axis];
                    square[axis] += d[axis] * d[axis];
                }
                product += d[0] * d[1];
            }
            double share = 1. / (double)mixture->modes, sigma = n == 0 ? .01 : .05;
            assert_true(fabs(count / 1e5 - share) < 5 * sqrt(share * (1 - share) / 1e5));
            for (size_t axis = 0; axis < 2; axis++) {
                assert_true(fabs(sum[axis] / count) < 5 * sigma / sqrt(count));
                assert_true(fabs(sqrt(square[axis] / count) / sigma - 1) < 5 / sqrt(2 * count));
            }
            assert_true(fabs(product / count) < 5 * sigma * sigma / sqrt(count));
        }
        gm_dataset_close(&dataset);
    }
    assert_null(gm_mixture_find("ring9"));
}

static void mixture_draws_depend_on_seed_and_index_alone(void **state) {
    (void)state;
    const gm_mixture *ring = gm_mixture_find("ring8");
    float all[200], part[40], other[200];
    int32_t modes[100], part_modes[20];
    gm_mixture_sample(ring, 3, 0, 100, all, modes);
    gm_mixture_sample(ring, 3, 50, 20, part, part_modes);
    assert_memory_equal(all + 100, part, sizeof part);
    assert_memory_equal(modes + 50, part_modes, sizeof part_modes);
    gm_mixture_sample(ring, 4, 0, 100, other, NULL);
    assert_memory_not_equal(all, other, sizeof all);
    gm_dataset *test;
    assert_ok(gm_dataset_open(&test, "ring8", &(gm_dataset_options){.split = GM_SPLIT_TEST, .seed = 3}));
    assert_int_equal(gm_dataset_get_info(test)->count, 2500);
    assert_memory_not_equal(gm_dataset_floats(test), all, sizeof all);
    gm_dataset_close(&test);
    assert_fails(gm_dataset_open(&test, "grid25", &(gm_dataset_options){.size = {32}}), GM_ERROR_ARGUMENT, "grid25");
}

// ---- Reading items, arguments ----

static void gather_copies_items_and_refuses_other_indices(void **state) {
    (void)state;
    gm_dataset *dataset;
    float points[4];
    int32_t labels[2];
    assert_ok(gm_dataset_open(&dataset, "grid25", &(gm_dataset_options){.count = 10}));
    assert_ok(gm_dataset_gather(dataset, (int32_t[]){9, 0}, 2, points, labels));
    assert_memory_equal(points, gm_dataset_floats(dataset) + 18, 8);
    assert_memory_equal(points + 2, gm_dataset_floats(dataset), 8);
    assert_int_equal(labels[0], gm_dataset_labels(dataset)[9]);
    assert_fails(gm_dataset_gather(dataset, (int32_t[]){10}, 1, points, NULL), GM_ERROR_ARGUMENT, "no item 10");
    assert_fails(gm_dataset_gather(dataset, (int32_t[]){-1}, 1, points, NULL), GM_ERROR_ARGUMENT, "no item -1");
    gm_dataset_close(&dataset);
    gm_dataset_close(&dataset);
}

static void impossible_options_and_files_are_refused(void **state) {
    (void)state;
    gm_dataset *dataset;
    write_file(path_of("notes.dat"), "hello", 5);
    assert_fails(gm_dataset_open(&dataset, path_of("notes.dat"), NULL), GM_ERROR_FORMAT, "notes.dat: is no data set");
    write_file(path_of("empty"), "", 0);
    assert_fails(gm_dataset_open(&dataset, path_of("empty"), NULL), GM_ERROR_FORMAT, "empty: is no data set");
    assert_fails(gm_dataset_open(&dataset, temporary, &(gm_dataset_options){.size = {5000}}), GM_ERROR_ARGUMENT,
                 "4096");
    assert_fails(gm_dataset_open(&dataset, temporary, &(gm_dataset_options){.folder = "x"}), GM_ERROR_ARGUMENT,
                 "with a name");
    unlink(path_of("notes.dat"));
    unlink(path_of("empty"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_images_and_labels_are_read_under_either_name_plain_or_gzip),
        cmocka_unit_test(idx_without_labels_and_with_too_few_labels),
        cmocka_unit_test(idx_cut_at_any_byte_or_continued_is_refused),
        cmocka_unit_test(idx_of_another_kind_or_absurd_size_is_refused),
        cmocka_unit_test(fashion_mnist_is_found_or_says_how_to_get_it),
        cmocka_unit_test(a_named_data_set_is_read_from_the_folder_given),
        cmocka_unit_test(stacked_images_are_three_random_grey_ones_of_the_folder),
        cmocka_unit_test(cifar_batches_are_joined_and_damaged_ones_refused),
        cmocka_unit_test(padding_centres_and_scales_down_only_what_is_too_large),
        cmocka_unit_test(resizing_averages_down_and_interpolates_up),
        cmocka_unit_test(cropping_keeps_the_middle),
        cmocka_unit_test(images_are_fitted_to_rectangles),
        cmocka_unit_test(mixtures_have_the_published_centres_and_spread),
        cmocka_unit_test(mixture_draws_depend_on_seed_and_index_alone),
        cmocka_unit_test(gather_copies_items_and_refuses_other_indices),
        cmocka_unit_test(impossible_options_and_files_are_refused),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

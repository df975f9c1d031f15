// PNG: every colour type, depth and interlacing, folders of pictures, damaged files, and what the library writes.
#include "data_support.h"

#include <png.h>

// ---- Making PNG files with libpng, in any form ----

typedef struct form {
    size_t width, height;
    int depth, colours;     // PNG_COLOR_TYPE_*
    bool interlaced, clear; // clear: a tRNS chunk
} form;

typedef struct buffer {
    uint8_t data[1 << 16];
    size_t length;
} buffer;

static void append(png_structp png, png_bytep data, size_t bytes) {
    buffer *out = png_get_io_ptr(png);
    assert_true(out->length + bytes <= sizeof out->data);
    memcpy(out->data + out->length, data, bytes);
    out->length += bytes;
}

static size_t samples_of(const form *f) {
    static const size_t samples[] = {[PNG_COLOR_TYPE_GRAY] = 1,
                                     [PNG_COLOR_TYPE_RGB] = 3,
                                     [PNG_COLOR_TYPE_PALETTE] = 1,
                                     [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
                                     [PNG_COLOR_TYPE_RGB_ALPHA] = 4};
    return samples[f->colours];
}

// The file's value at (y, x) of sample s, in its own depth.
static unsigned value_at(const form *f, size_t y, size_t x, size_t s) {
    return (unsigned)(x * 2657 + y * 4799 + s * 20011 + x * y * 613 + 1) & ((1u << f->depth) - 1);
}

static png_color palette_entry(unsigned i) {
    return (png_color){(png_byte)(i * 37 + 5), (png_byte)(255 - i * 11), (png_byte)(i * 3)};
}

static png_byte palette_alpha(unsigned i) {
    return (png_byte)(i * 50);
}

static void make_png(const form *f, buffer *out) {
    out->length = 0;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    assert_false(setjmp(png_jmpbuf(png)));
    png_set_write_fn(png, out, append, NULL);
    png_set_IHDR(png, info, (png_uint_32)f->width, (png_uint_32)f->height, f->depth, f->colours,
                 f->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (f->colours == PNG_COLOR_TYPE_PALETTE) {
        png_color palette[256];
        png_byte alpha[4];
        for (unsigned i = 0; i < 1u << f->depth; i++)
            palette[i] = palette_entry(i);
        for (unsigned i = 0; i < GM_MIN(4u, 1u << f->depth); i++)
            alpha[i] = palette_alpha(i);
        png_set_PLTE(png, info, palette, 1 << f->depth);
        if (f->clear)
            png_set_tRNS(png, info, alpha, (int)GM_MIN(4u, 1u << f->depth), NULL);
    } else if (f->clear) { // the colour of the first pixel is transparent
        png_color_16 key = {0, (png_uint_16)value_at(f, 0, 0, 0), (png_uint_16)value_at(f, 0, 0, 1),
                            (png_uint_16)value_at(f, 0, 0, 2), (png_uint_16)value_at(f, 0, 0, 0)};
        png_set_tRNS(png, info, NULL, 0, &key);
    }
    png_write_info(png, info);
    png_set_packing(png);
    size_t samples = samples_of(f), row_bytes = f->width * samples * (f->depth == 16 ? 2 : 1);
    png_bytep pixels = malloc(f->height * row_bytes), *rows = malloc(f->height * sizeof *rows);
    for (size_t y = 0; y < f->height; y++) {
        rows[y] = pixels + y * row_bytes;
        for (size_t i = 0; i < f->width * samples; i++) {
            unsigned value = value_at(f, y, i / samples, i % samples);
            if (f->depth == 16) {
                rows[y][2 * i] = (png_byte)(value >> 8);
                rows[y][2 * i + 1] = (png_byte)value;
            } else {
                rows[y][i] = (png_byte)value;
            }
        }
    }
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(pixels);
    free(rows);
}

// ---- What the reader should make of them ----

// Of 16 bits as they are, of fewer as 8 bits; opacity is the last channel.
static unsigned expected(const form *f, size_t y, size_t x, size_t c) {
    size_t colours = f->colours & PNG_COLOR_MASK_COLOR ? 3 : 1;
    unsigned full = f->depth == 16 ? 65535 : 255, first = value_at(f, y, x, 0);
    if (f->colours == PNG_COLOR_TYPE_PALETTE) {
        png_color entry = palette_entry(first);
        return c == 0      ? entry.red
               : c == 1    ? entry.green
               : c == 2    ? entry.blue
               : first < 4 ? palette_alpha(first)
                           : 255u;
    }
    if (c < colours || !f->clear)
        return value_at(f, y, x, c) * full / ((1u << f->depth) - 1);
    bool key = true;
    for (size_t s = 0; s < colours; s++)
        key = key && value_at(f, y, x, s) == value_at(f, 0, 0, s);
    return key ? 0 : full;
}

static void check_form(const form *f) {
    static buffer file;
    make_png(f, &file);
    gm_picture picture, header;
    uint8_t *copy = exact_copy(file.data, file.length);
    assert_ok(gm_picture_parse("picture.png", copy, file.length, NULL, &picture));
    assert_ok(gm_picture_parse_header("picture.png", copy, file.length, true, NULL, &header));
    free(copy);
    assert_int_equal(picture.width, f->width);
    assert_int_equal(picture.height, f->height);
    bool alpha = f->clear || f->colours & PNG_COLOR_MASK_ALPHA;
    assert_int_equal(picture.channels, (f->colours & PNG_COLOR_MASK_COLOR ? 3 : 1) + alpha);
    assert_int_equal(picture.alpha, alpha);
    assert_int_equal(picture.type, f->depth == 16 ? GM_PICTURE_U16 : GM_PICTURE_U8);
    assert_int_equal(header.channels, picture.channels);
    assert_int_equal(header.type, picture.type);
    assert_int_equal(header.alpha, picture.alpha);
    assert_int_equal(header.width, f->width);
    assert_int_equal(header.height, f->height);
    for (size_t y = 0; y < f->height; y++)
        for (size_t x = 0; x < f->width; x++)
            for (size_t c = 0; c < picture.channels; c++) {
                size_t at = (y * f->width + x) * picture.channels + c;
                unsigned got = f->depth == 16 ? ((uint16_t *)picture.pixels)[at] : ((uint8_t *)picture.pixels)[at];
                unsigned want = expected(f, y, x, c);
                if (got != want)
                    fail_msg("colour type %d, depth %d, interlaced %d, clear %d, %zu x %zu: (%zu, %zu, %zu) is %u, "
                             "expected %u",
                             f->colours, f->depth, f->interlaced, f->clear, f->width, f->height, y, x, c, got, want);
            }
    free(picture.pixels);
}

static const int kinds[][2] = {
    {PNG_COLOR_TYPE_GRAY, 1},        {PNG_COLOR_TYPE_GRAY, 2},      {PNG_COLOR_TYPE_GRAY, 4},
    {PNG_COLOR_TYPE_GRAY, 8},        {PNG_COLOR_TYPE_GRAY, 16},     {PNG_COLOR_TYPE_RGB, 8},
    {PNG_COLOR_TYPE_RGB, 16},        {PNG_COLOR_TYPE_PALETTE, 1},   {PNG_COLOR_TYPE_PALETTE, 2},
    {PNG_COLOR_TYPE_PALETTE, 4},     {PNG_COLOR_TYPE_PALETTE, 8},   {PNG_COLOR_TYPE_GRAY_ALPHA, 8},
    {PNG_COLOR_TYPE_GRAY_ALPHA, 16}, {PNG_COLOR_TYPE_RGB_ALPHA, 8}, {PNG_COLOR_TYPE_RGB_ALPHA, 16}};

static void every_kind_of_png_is_read_in_its_own_depth(void **state) {
    (void)state;
    static const size_t sizes[][2] = {{1, 1}, {5, 7}, {9, 2}, {33, 16}};
    for (size_t k = 0; k < GM_COUNT(kinds); k++)
        for (size_t s = 0; s < GM_COUNT(sizes); s++)
            for (int option = 0; option < 4; option++) {
                form f = {sizes[s][0], sizes[s][1], kinds[k][1], kinds[k][0], option & 1, option & 2};
                if (f.clear && (f.colours & PNG_COLOR_MASK_ALPHA))
                    continue;
                check_form(&f);
            }
}

// ---- Damage ----

static void png_cut_at_any_byte_is_refused_and_no_damage_crashes(void **state) {
    (void)state;
    static buffer file;
    gm_picture picture;
    for (size_t k = 0; k < GM_COUNT(kinds); k++) {
        make_png(&(form){6, 5, kinds[k][1], kinds[k][0], k % 2 == 0, false}, &file);
        for (size_t cut = 0; cut < file.length; cut++) {
            uint8_t *copy = exact_copy(file.data, cut);
            assert_fails(gm_picture_parse("cut.png", copy, cut, NULL, &picture), GM_ERROR_FORMAT, "cut.png: is ");
            assert_null(picture.pixels);
            free(copy);
        }
        for (size_t at = 0; at < file.length; at++) {
            uint8_t *copy = exact_copy(file.data, file.length);
            copy[at] ^= (uint8_t)(at * 29 | 1);
            if (gm_picture_parse("bad.png", copy, file.length, NULL, &picture) == GM_OK)
                free(picture.pixels);
            else
                assert_non_null(strstr(gm_error_message(), "bad.png: "));
            free(copy);
        }
    }
}

static uint32_t crc_of(const uint8_t *data, size_t bytes) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static void absurd_sizes_and_other_formats_are_refused(void **state) {
    (void)state;
    static buffer file;
    gm_picture picture;
    static const uint32_t sizes[][2] = {{0x7fffffff, 0x7fffffff}, {16385, 1}, {0, 5}, {16384, 16384}, {8000, 8000}};
    static const char *const texts[] = {"size is refused", "size is refused", "size is refused", "is too large",
                                        "cannot hold"};
    for (size_t i = 0; i < GM_COUNT(sizes); i++) {
        make_png(&(form){6, 5, 8, PNG_COLOR_TYPE_RGB, false, false}, &file);
        for (size_t b = 0; b < 8; b++)
            file.data[16 + b] = (uint8_t)(sizes[i][b / 4] >> (24 - 8 * (b % 4)));
        uint32_t crc = crc_of(file.data + 12, 17);
        for (size_t b = 0; b < 4; b++)
            file.data[29 + b] = (uint8_t)(crc >> (24 - 8 * b));
        assert_fails(gm_picture_parse("big.png", file.data, file.length, NULL, &picture), GM_ERROR_FORMAT, texts[i]);
    }
    const char wav[] = "RIFF....WAVE and so on, and on, and on";
    assert_fails(gm_picture_parse("a.png", wav, sizeof wav, NULL, &picture), GM_ERROR_FORMAT, "a.png: is a WAV file");
}

// ---- Folders ----

static void put(const char *name, size_t width, size_t height, int colours) {
    static buffer file;
    make_png(&(form){width, height, 8, colours, false, false}, &file);
    write_file(path_of(name), file.data, file.length);
}

static void a_flat_folder_is_read_by_name_without_labels(void **state) {
    (void)state;
    gm_dataset *dataset;
    mkdir(path_of("flat"), 0777);
    mkdir(path_of("flat/empty"), 0777);
    put("flat/b.png", 4, 3, PNG_COLOR_TYPE_RGB);
    put("flat/a.PNG", 4, 3, PNG_COLOR_TYPE_GRAY);
    write_file(path_of("flat/readme.txt"), "x", 1);
    assert_ok(gm_dataset_open(&dataset, path_of("flat"), NULL));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->count, 2);
    assert_int_equal(info->channels, 3); // one has colours
    assert_int_equal(info->height, 3);
    assert_int_equal(info->width, 4);
    assert_null(gm_dataset_labels(dataset));
    form grey = {4, 3, 8, PNG_COLOR_TYPE_GRAY, false, false}, rgb = {4, 3, 8, PNG_COLOR_TYPE_RGB, false, false};
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < 12; i++) { // a.PNG first, channels first
            assert_int_equal(gm_dataset_images(dataset)[12 * c + i], value_at(&grey, i / 4, i % 4, 0));
            assert_int_equal(gm_dataset_images(dataset)[36 + 12 * c + i], value_at(&rgb, i / 4, i % 4, c));
        }
    gm_dataset_close(&dataset);
    put("flat/c.png", 5, 3, PNG_COLOR_TYPE_GRAY);
    assert_fails(gm_dataset_open(&dataset, path_of("flat"), NULL), GM_ERROR_ARGUMENT, "c.png: is 5 x 3 pixels");
    assert_non_null(strstr(gm_error_message(), "give data.size"));
    assert_ok(gm_dataset_open(&dataset, path_of("flat"), &(gm_dataset_options){.size = {8}, .channels = 1}));
    info = gm_dataset_get_info(dataset);
    assert_int_equal(info->count, 3);
    assert_int_equal(info->item_bytes, 64);
    assert_int_equal(gm_dataset_images(dataset)[8 * 2 + 2],
                     value_at(&grey, 0, 0, 0)); // padded: (8 - 3) / 2, (8 - 4) / 2
    gm_dataset_close(&dataset);
    write_file(path_of("flat/d.png"), "\x89PNG\r\n\x1a\n", 8);
    assert_fails(gm_dataset_open(&dataset, path_of("flat"), &(gm_dataset_options){.size = {8}}), GM_ERROR_FORMAT,
                 "d.png: is truncated");
    remove_tree(path_of("flat"));
}

static void sub_folders_are_classes(void **state) {
    (void)state;
    gm_dataset *dataset;
    mkdir(path_of("classes"), 0777);
    assert_fails(gm_dataset_open(&dataset, path_of("classes"), NULL), GM_ERROR_IO, "holds no pictures");
    mkdir(path_of("classes/dogs"), 0777);
    mkdir(path_of("classes/cats"), 0777);
    mkdir(path_of("classes/none"), 0777);
    put("classes/dogs/1.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    put("classes/cats/2.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    put("classes/cats/1.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    assert_ok(gm_dataset_open(&dataset, path_of("classes"), NULL));
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    assert_int_equal(info->count, 3);
    assert_int_equal(info->channels, 1);
    assert_int_equal(info->class_count, 2);
    assert_string_equal(info->class_names[0], "cats");
    assert_string_equal(info->class_names[1], "dogs");
    assert_memory_equal(gm_dataset_labels(dataset), ((int32_t[]){0, 0, 1}), 12);
    gm_dataset_close(&dataset);
    put("classes/stray.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    assert_fails(gm_dataset_open(&dataset, path_of("classes"), NULL), GM_ERROR_ARGUMENT, "beside folders of pictures");
    remove_tree(path_of("classes"));
}

static void train_and_test_folders_are_the_splits(void **state) {
    (void)state;
    gm_dataset *dataset;
    const gm_dataset_options test = {.split = GM_SPLIT_TEST};
    const gm_dataset_options whole = {.split = GM_SPLIT_TEST, .whole = true};
    mkdir(path_of("split"), 0777);
    put("split/1.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    assert_fails(gm_dataset_open(&dataset, path_of("split"), &test), GM_ERROR_IO, "has no test pictures");
    assert_ok(gm_dataset_open(&dataset, path_of("split"), &whole));
    gm_dataset_close(&dataset);
    remove_tree(path_of("split"));
    mkdir(path_of("split"), 0777);
    mkdir(path_of("split/train"), 0777);
    put("split/train/1.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    put("split/train/2.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    assert_fails(gm_dataset_open(&dataset, path_of("split"), &test), GM_ERROR_IO, "has no test pictures");
    assert_fails(gm_dataset_open(&dataset, path_of("split"), &whole), GM_ERROR_IO, "has no test pictures");
    mkdir(path_of("split/test"), 0777);
    put("split/test/1.png", 2, 2, PNG_COLOR_TYPE_GRAY);
    assert_ok(gm_dataset_open(&dataset, path_of("split"), NULL));
    assert_int_equal(gm_dataset_get_info(dataset)->count, 2);
    assert_null(gm_dataset_labels(dataset));
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of("split"), &test));
    assert_int_equal(gm_dataset_get_info(dataset)->count, 1);
    gm_dataset_close(&dataset);
    remove_tree(path_of("split"));
}

// ---- Writing ----

static void read_back(const char *path, gm_picture *picture) {
    char *data;
    size_t bytes;
    assert_ok(gm_file_read(path, 1 << 24, &data, &bytes));
    assert_ok(gm_picture_parse(path, data, bytes, NULL, picture));
    free(data);
}

static void written_pngs_read_back(void **state) {
    (void)state;
    uint8_t pixels[7 * 5 * 3];
    gm_picture picture;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 41);
    for (size_t channels = 1; channels <= 3; channels += 2) {
        assert_ok(gm_png_write(path_of("out.png"), pixels, 7, 5, channels));
        read_back(path_of("out.png"), &picture);
        assert_int_equal(picture.channels, channels);
        assert_memory_equal(picture.pixels, pixels, 35 * channels);
        free(picture.pixels);
    }
    assert_ok(gm_png_write(path_of("out.png"), ((uint8_t[]){0, 100, 200, 0, 1, 2, 3, 255}), 2, 1, 4));
    read_back(path_of("out.png"), &picture);
    assert_memory_equal(picture.pixels, ((uint8_t[]){0, 100, 200, 0, 1, 2, 3, 255}), 8);
    free(picture.pixels);
    assert_fails(gm_png_write(path_of("out.png"), pixels, 7, 5, 2), GM_ERROR_ARGUMENT, "1, 3 or 4 channels");
    assert_fails(gm_png_write(path_of("out.png"), pixels, 0, 5, 1), GM_ERROR_ARGUMENT, "0 x 5");
    assert_fails(gm_png_write(path_of("no/such/out.png"), pixels, 7, 5, 1), GM_ERROR_IO, "no/such/out.png");
    unlink(path_of("out.png"));
}

static void a_grid_places_images_in_rows_with_white_gaps(void **state) {
    (void)state;
    float images[3 * 3 * 2 * 4]; // 3 images, RGB, 2 x 4
    for (size_t i = 0; i < GM_COUNT(images); i++)
        images[i] = (float)i / (float)(GM_COUNT(images) - 1) * 2 - 1;
    images[1] = -5;
    images[2] = 5;
    images[3] = strtof("nan", NULL);
    gm_image_grid_params params = {.count = 3, .channels = 3, .height = 2, .width = 4, .rows = 2, .columns = 2};
    gm_picture picture;
    assert_ok(gm_image_grid(path_of("grid.png"), images, &params));
    read_back(path_of("grid.png"), &picture);
    assert_int_equal(picture.width, 10);
    assert_int_equal(picture.height, 6);
    for (size_t y = 0; y < 6; y++)
        for (size_t x = 0; x < 10; x++)
            for (size_t c = 0; c < 3; c++) {
                size_t image = y / 4 * 2 + x / 6, row = y % 4, column = x % 6;
                int want = 255, got = ((uint8_t *)picture.pixels)[(10 * y + x) * 3 + c];
                if (row < 2 && column < 4 && image < 3) {
                    size_t at = ((image * 3 + c) * 2 + row) * 4 + column;
                    want = at == 1 || at == 3 ? 0 : at == 2 ? 255 : (int)((double)at / 71 * 255 + .5);
                }
                assert_in_range(got + 1, want, want + 2);
                if (want == 255 || want == 0)
                    assert_int_equal(got, want);
            }
    free(picture.pixels);
    params.rows = params.columns = 0;
    params.count = 2;
    params.high = 1; // [0, 1]
    assert_ok(gm_image_grid(path_of("grid.png"), images, &params));
    read_back(path_of("grid.png"), &picture);
    assert_int_equal(picture.width, 10);
    assert_int_equal(picture.height, 2);
    assert_int_equal(((uint8_t *)picture.pixels)[0], 0);
    free(picture.pixels);
    params.low = 2;
    assert_fails(gm_image_grid(path_of("grid.png"), images, &params), GM_ERROR_ARGUMENT, "range [2, 1]");
    params.channels = 0;
    assert_fails(gm_image_grid(path_of("grid.png"), images, &params), GM_ERROR_ARGUMENT, "0 x 2 x 4");
    unlink(path_of("grid.png"));
}

static void a_scatter_plot_has_its_points_in_place(void **state) {
    (void)state;
    const float points[] = {-.9f, .9f, .9f, -.9f, 3, 0, strtof("nan", NULL), 0};
    gm_picture picture;
    assert_ok(gm_image_scatter(path_of("plot.png"), points, 4, -1, 1, 10));
    read_back(path_of("plot.png"), &picture);
    for (size_t i = 0; i < 100; i++) // top left and bottom right
        assert_int_equal(((uint8_t *)picture.pixels)[i] < 255, i == 0 || i == 99);
    free(picture.pixels);
    unlink(path_of("plot.png"));
}

static void put_picture(const char *name, uint8_t grey) {
    assert_ok(gm_png_write(path_of(name), &grey, 1, 1, 1));
}

static void check_splits(gm_status expected, const char *text) {
    gm_dataset *train, *test;
    assert_ok(gm_dataset_open(&train, path_of("held"), NULL));
    assert_ok(gm_dataset_open(&test, path_of("held"), &(gm_dataset_options){.split = GM_SPLIT_TEST}));
    if (expected == GM_OK)
        assert_ok(gm_dataset_check_held_out(test, train));
    else
        assert_fails(gm_dataset_check_held_out(test, train), expected, text);
    gm_dataset_close(&train);
    gm_dataset_close(&test);
}

static void held_out_data_have_the_same_classes_and_other_items(void **state) {
    (void)state;
    static const char *const folders[] = {"held",         "held/train", "held/train/a", "held/train/b",
                                          "held/train/c", "held/test",  "held/test/a",  "held/test/c"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        mkdir(path_of(folders[i]), 0777);
    put_picture("held/train/a/1.png", 1);
    put_picture("held/train/b/1.png", 2);
    put_picture("held/train/c/1.png", 3);
    put_picture("held/test/a/1.png", 9);
    put_picture("held/test/c/1.png", 3);
    check_splits(GM_ERROR_ARGUMENT, "different classes"); // label 1 is b in the one, c in the other
    mkdir(path_of("held/test/b"), 0777);
    put_picture("held/test/b/1.png", 2);
    check_splits(GM_OK, NULL);
    put_picture("held/test/a/1.png", 1);
    check_splits(GM_ERROR_ARGUMENT, "the same");
    remove_tree(path_of("held/test/c"));
    put_picture("held/test/a/1.png", 9);
    check_splits(GM_OK, NULL); // the first classes of them
}

// A channel of two or more than three has a colour of its own; where several are bright, their colours add up.
static void channels_beyond_three_are_drawn_in_false_colours(void **state) {
    (void)state;
    enum { C = 5 };
    float images[C + 2][C] = {{0}}; // each channel alone, all of them, none: one pixel each
    for (size_t c = 0; c < C; c++)
        images[c][c] = images[C][c] = 1;
    const gm_image_grid_params params = {
        .count = C + 2, .channels = C, .height = 1, .width = 1, .rows = 1, .columns = C + 2, .low = 0, .high = 1};
    gm_picture picture;
    assert_ok(gm_image_grid(path_of("five.png"), images[0], &params));
    read_back(path_of("five.png"), &picture);
    assert_int_equal(picture.channels, 3);
    uint8_t *pixel[C + 2];
    for (size_t i = 0; i < C + 2; i++)
        pixel[i] = (uint8_t *)picture.pixels + 9 * i; // images of one pixel lie three apart
    for (size_t i = 0; i < C; i++)
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(pixel[i], pixel[j], 3);
    for (size_t i = 0; i < C; i++)
        assert_int_equal(GM_MAX(pixel[i][0], GM_MAX(pixel[i][1], pixel[i][2])), 255);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(pixel[C][k], 255);
        assert_int_equal(pixel[C + 1][k], 0);
    }
    free(picture.pixels);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_png_is_read_in_its_own_depth),
        cmocka_unit_test(png_cut_at_any_byte_is_refused_and_no_damage_crashes),
        cmocka_unit_test(absurd_sizes_and_other_formats_are_refused),
        cmocka_unit_test(a_flat_folder_is_read_by_name_without_labels),
        cmocka_unit_test(sub_folders_are_classes),
        cmocka_unit_test(train_and_test_folders_are_the_splits),
        cmocka_unit_test(written_pngs_read_back),
        cmocka_unit_test(a_grid_places_images_in_rows_with_white_gaps),
        cmocka_unit_test(channels_beyond_three_are_drawn_in_false_colours),
        cmocka_unit_test(a_scatter_plot_has_its_points_in_place),
        cmocka_unit_test(held_out_data_have_the_same_classes_and_other_items),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

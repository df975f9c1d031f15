// Pictures of all formats that are cut, changed or lie: nothing breaks, and one sentence names the file. The pictures
// are the seeds of the fuzz targets.
#include "data_support.h"

static char *file;
static size_t file_bytes;
static char file_name[512];

// Whether this build has the library that such a file needs.
static bool is_built(const void *data, size_t bytes) {
    gm_picture header;
    return gm_picture_parse_header("any", data, bytes, false, NULL, &header) == GM_OK ||
           !strstr(gm_error_message(), "this build");
}

static bool same(const gm_picture *a, const gm_picture *b) {
    return a->width == b->width && a->height == b->height && a->channels == b->channels && a->type == b->type &&
           a->alpha == b->alpha && a->pages == b->pages;
}

// Header and pixels of some bytes, with nothing readable behind them. True: it is a picture.
static bool try_bytes(const void *data, size_t bytes, gm_pages pages) {
    gm_picture picture, header;
    const gm_picture_wish wish = {.pages = pages};
    uint8_t *copy = exact_copy(data, bytes);
    bool headed = gm_picture_parse_header("bad", copy, bytes, true, &wish, &header) == GM_OK;
    if (headed && (header.width == 0 || header.height == 0 || header.channels == 0 || header.pages == 0))
        fail_msg("%s: a header without a size", file_name);
    bool read = gm_picture_parse("bad", copy, bytes, &wish, &picture) == GM_OK;
    if (!read && (strncmp(gm_error_message(), "bad: ", 5) != 0 || strchr(gm_error_message(), '\n')))
        fail_msg("%s: the message is \"%s\"", file_name, gm_error_message());
    if (!read)
        assert_null(picture.pixels);
    if (read && !headed)
        fail_msg("%s: is read, though its header is not", file_name);
    free(picture.pixels);
    free(copy);
    return read;
}

// The first bytes of a whole file either do not reach or say what the whole does.
static void check_beginning(size_t bytes, const gm_picture *whole) {
    gm_picture header;
    uint8_t *copy = exact_copy(file, bytes);
    if (gm_picture_tell(copy, bytes)) {
        assert_ok(gm_picture_parse_header(file_name, copy, bytes, false, NULL, &header));
        if (header.width > 0 && !same(&header, whole))
            fail_msg("%s: its first %zu bytes say %zu x %zu, %zu channels", file_name, bytes, header.width,
                     header.height, header.channels);
    }
    free(copy);
}

static void check_file(void) {
    gm_picture header, picture;
    assert_ok(gm_picture_parse_header(file_name, file, file_bytes, true, NULL, &header));
    assert_ok(gm_picture_parse(file_name, file, file_bytes, NULL, &picture));
    assert_true(same(&header, &picture));
    free(picture.pixels);
    for (size_t cut = 1; cut < file_bytes; cut++) {
        check_beginning(cut, &header);
        try_bytes(file, cut, (gm_pages)(cut % 3));
    }
    for (size_t at = 0; at < file_bytes; at++) {
        char kept = file[at];
        static const uint8_t changes[] = {0xff, 0x80, 1};
        for (size_t i = 0; i < GM_COUNT(changes); i++) {
            file[at] = (char)((uint8_t)kept ^ changes[i]);
            try_bytes(file, file_bytes, (gm_pages)(at % 3));
        }
        file[at] = kept;
    }
}

static void check_folder(const char *format) {
    char path[512];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", CORPUS, format);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        assert_true(snprintf(file_name, sizeof file_name, "%s/%s", path, entry->d_name) < (int)sizeof file_name);
        assert_ok(gm_file_read(file_name, 1 << 20, &file, &file_bytes));
        if (is_built(file, file_bytes))
            check_file();
        free(file);
        count++;
    }
    closedir(directory);
    assert_true(count > 0);
}

static void pictures_cut_or_changed_anywhere_are_refused_or_read(void **state) {
    (void)state;
    static const char *const formats[] = {"png", "jpeg", "webp", "tiff", "pnm", "bmp", "gif"};
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        check_folder(formats[i]);
}

// A JPEG file without one of its last bytes is never taken for whole.
static void a_jpeg_file_cut_anywhere_is_refused(void **state) {
    (void)state;
    assert_ok(gm_file_read(CORPUS "/jpeg/rgb", 1 << 20, &file, &file_bytes));
    for (size_t cut = 1; cut < file_bytes; cut++)
        assert_false(try_bytes(file, cut, GM_PAGES_FIRST));
    free(file);
}

// ---- Headers that lie ----

static void refuse(const void *data, size_t bytes, const char *says) {
    gm_picture picture;
    if (!is_built(data, bytes))
        return;
    uint8_t *copy = exact_copy(data, bytes);
    assert_fails(gm_picture_parse("lie", copy, bytes, NULL, &picture), GM_ERROR_FORMAT, says);
    free(copy);
}

#define BYTES(text) text, sizeof(text) - 1

static void a_few_bytes_do_not_hold_a_huge_picture(void **state) {
    (void)state;
    refuse(BYTES("P6 16000 4000 255\n\1\2\3"), "is truncated");
    refuse(BYTES("P7\nWIDTH 9000\nHEIGHT 7000\nDEPTH 4000\nMAXVAL 65535\nENDHDR\n"), "is truncated");
    refuse(
        BYTES("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\x20\0\0\0\x20\0\0\1\0\x18\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
              "\0\0\0\0\0\0"),
        "is truncated");
    refuse(
        BYTES("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\x20\0\0\0\x20\0\0\1\0\x08\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
              "\0\0\0\0\0\0"),
        "is truncated"); // runs
    // A frame of 16000 x 4000 and the beginning of its scan.
    refuse(BYTES("\xff\xd8\xff\xc0\0\x0b\x08\x0f\xa0\x3e\x80\1\1\x11\0\xff\xda\0\x08\1\1\0\0\x3f\0\0\xff\xd9"),
           "cannot hold");
    // A directory of 16000 x 4000 values of 16 bits, 3 a pixel, in one strip of 4 bytes.
    refuse(
        BYTES("II*\0\x08\0\0\0\x08\0\0\1\3\0\1\0\0\0\x80\x3e\0\0\1\1\3\0\1\0\0\0\xa0\x0f\0\0\2\1\3\0\1\0\0\0\x10\0\0\0"
              "\6\1\3\0\1\0\0\0\2\0\0\0\x11\1\4\0\1\0\0\0\x08\0\0\0\x15\1\3\0\1\0\0\0\3\0\0\0\x16\1\3\0\1\0\0\0\xa0\x0f"
              "\0\0"
              "\x17\1\4\0\1\0\0\0\4\0\0\0\0\0\0\0"),
        "cannot hold");
}

static void pages_in_a_circle_are_refused(void **state) {
    (void)state;
    gm_picture picture;
    // An empty directory whose next one is itself.
    static const uint8_t circle[] = "II*\0\x08\0\0\0\0\0\x08\0\0\0";
    const gm_picture_wish wish = {.pages = GM_PAGES_ITEMS};
    if (!is_built(circle, sizeof circle - 1))
        return;
    assert_fails(gm_picture_parse("round", circle, sizeof circle - 1, &wish, &picture), GM_ERROR_FORMAT, "round: is ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_cut_or_changed_anywhere_are_refused_or_read),
        cmocka_unit_test(a_jpeg_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_few_bytes_do_not_hold_a_huge_picture),
        cmocka_unit_test(pages_in_a_circle_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Sounds as data sets: depths, channels, rates and formats, windows, and what is refused.
#include "data/decode.h"
#include "data/sound.h"

#include "data_support.h"

#include <math.h>
#include <sndfile.h>

#include "sound/spectrogram.h"

enum { PCM = 1, FLOATS = 3 };

static double sine(double frequency, size_t at, size_t rate) {
    return .5 * sin(6.283185307179586 * frequency * (double)at / (double)rate);
}

// ---- Files, byte by byte ----

typedef struct file {
    uint8_t bytes[1 << 20];
    size_t length;
} file;

static void put(file *f, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        f->bytes[f->length++] = (uint8_t)(value >> 8 * i);
}

static void put_name(file *f, const char *name) {
    memcpy(f->bytes + f->length, name, 4);
    f->length += 4;
}

static void put_value(file *f, int tag, size_t bits, double value) {
    const float single = (float)value;
    uint64_t word = 0;
    if (tag == FLOATS && bits == 64)
        memcpy(&word, &value, sizeof value);
    else if (tag == FLOATS)
        memcpy(&word, &single, sizeof single);
    else if (bits == 8)
        word = (uint64_t)lround(value * 128 + 128);
    else
        word = (uint64_t)llround(value * ldexp(1, (int)bits - 1));
    put(f, word, bits / 8);
}

static void begin_wave(file *f, int tag, size_t bits, size_t channels, size_t rate, size_t frames) {
    const size_t frame = channels * bits / 8, data = frames * frame;
    f->length = 0;
    put_name(f, "RIFF");
    put(f, 36 + data, 4);
    put_name(f, "WAVE");
    put_name(f, "fmt ");
    put(f, 16, 4);
    put(f, (uint64_t)tag, 2);
    put(f, channels, 2);
    put(f, rate, 4);
    put(f, rate * frame, 4);
    put(f, frame, 2);
    put(f, bits, 2);
    put_name(f, "data");
    put(f, data, 4);
}

// Channel c is a sine of 100 (c + 1) hertz.
static void make_wave(file *f, int tag, size_t bits, size_t channels, size_t rate, size_t frames) {
    begin_wave(f, tag, bits, channels, rate, frames);
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < channels; c++)
            put_value(f, tag, bits, sine(100 * (double)(c + 1), i, rate));
}

// By libsndfile, into the temporary folder.
static void save(const char *name, int format, const float *values, size_t channels, size_t rate, size_t frames) {
    SF_INFO info = {.channels = (int)channels, .samplerate = (int)rate, .format = format};
    SNDFILE *out = sf_open(path_of(name), SFM_WRITE, &info);
    assert_non_null(out);
    assert_int_equal(sf_writef_float(out, values, (sf_count_t)frames), frames);
    sf_close(out);
}

static gm_status parse(const file *f, gm_sound_wish wish, gm_sound *sound) {
    uint8_t *copy = exact_copy(f->bytes, f->length);
    gm_status status = gm_sound_parse("x.wav", copy, f->length, &wish, sound);
    free(copy);
    return status;
}

static void expect_sines(const gm_sound *sound, double tolerance, const char *what) {
    for (size_t i = 0; i < sound->frames; i++)
        for (size_t c = 0; c < sound->channels; c++) {
            const double value = (double)sound->values[i * sound->channels + c],
                         expected = sine(100 * (double)(c + 1), i, sound->rate);
            if (fabs(value - expected) > tolerance)
                fail_msg("%s: channel %zu at %zu is %.9g, not %.9g", what, c, i, value, expected);
        }
}

// ---- Files ----

static void waves_of_any_depth_and_channels_are_read(void **state) {
    (void)state;
    static file f;
    static const struct {
        int tag;
        size_t bits;
    } depths[] = {{PCM, 8}, {PCM, 16}, {PCM, 24}, {PCM, 32}, {FLOATS, 32}, {FLOATS, 64}};
    static const size_t channels[] = {1, 2, 6}, rates[] = {8000, 22050, 96000};
    for (size_t i = 0; i < GM_COUNT(depths); i++)
        for (size_t k = 0; k < 3; k++)
            for (size_t r = 0; r < 3; r++) {
                char what[80];
                gm_sound sound;
                snprintf(what, sizeof what, "%zu bits of %d, %zu channels, %zu Hz", depths[i].bits, depths[i].tag,
                         channels[k], rates[r]);
                make_wave(&f, depths[i].tag, depths[i].bits, channels[k], rates[r], 300);
                assert_ok(parse(&f, (gm_sound_wish){0}, &sound));
                assert_int_equal(sound.frames, 300);
                assert_int_equal(sound.channels, channels[k]);
                assert_int_equal(sound.rate, rates[r]);
                assert_int_equal(sound.bits, depths[i].bits);
                assert_int_equal(sound.floats, depths[i].tag == FLOATS);
                expect_sines(&sound,
                             depths[i].tag == FLOATS ? 1e-7 : GM_MAX(1.01 / (double)(1ull << depths[i].bits), 1e-7),
                             what);
                gm_sound_finish(&sound);
            }
}

static void other_formats_are_read(void **state) {
    (void)state;
    enum { FRAMES = 4000, RATE = 16000 };
    static float values[2 * FRAMES];
    static const struct {
        const char *name, *format;
        int kind;
        double tolerance;
    } cases[] = {{"x.flac", "FLAC", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 5e-5},
                 {"y.flac", "FLAC", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 1e-6},
                 {"x.aiff", "AIFF", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 1e-6},
                 {"x.au", "AU", SF_FORMAT_AU | SF_FORMAT_FLOAT, 1e-7},
                 {"x.caf", "CAF", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 5e-5},
                 {"x.w64", "W64", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 5e-5},
                 {"x.ogg", "Ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, .03}};
    for (size_t i = 0; i < 2 * FRAMES; i++)
        values[i] = (float)sine(100 * (double)(i % 2 + 1), i / 2, RATE);
    for (size_t i = 0; i < GM_COUNT(cases); i++) {
        char *data;
        size_t bytes;
        gm_sound sound;
        save(cases[i].name, cases[i].kind, values, 2, RATE, FRAMES);
        assert_ok(gm_file_read(path_of(cases[i].name), 1 << 22, &data, &bytes));
        assert_ok(gm_sound_parse(cases[i].name, data, bytes, &(gm_sound_wish){0}, &sound));
        assert_string_equal(sound.format, cases[i].format);
        assert_int_equal(sound.frames, FRAMES);
        assert_int_equal(sound.channels, 2);
        expect_sines(&sound, cases[i].tolerance, cases[i].name);
        gm_sound_finish(&sound);
        free(data);
    }
}

static void channels_are_mixed_to_their_mean(void **state) {
    (void)state;
    static file f;
    gm_sound sound;
    begin_wave(&f, FLOATS, 32, 2, 8000, 3);
    static const double values[] = {.5, .25, -1, 1, .125, .125};
    for (size_t i = 0; i < 6; i++)
        put_value(&f, FLOATS, 32, values[i]);
    assert_ok(parse(&f, (gm_sound_wish){.channels = 1}, &sound));
    assert_int_equal(sound.channels, 1);
    assert_int_equal(sound.own_channels, 2);
    assert_true(sound.values[0] == .375f && sound.values[1] == 0 && sound.values[2] == .125f);
    gm_sound_finish(&sound);
}

// A tone keeps its frequency and height; one above half of the new rate goes.
static void rates_are_changed_without_aliases(void **state) {
    (void)state;
    static file f;
    static const size_t rates[] = {11025, 44100, 48000, 96000};
    for (size_t r = 0; r < GM_COUNT(rates); r++) {
        gm_sound sound;
        const size_t frames = rates[r] / 10;
        begin_wave(&f, FLOATS, 32, 1, rates[r], frames);
        for (size_t i = 0; i < frames; i++)
            put_value(&f, FLOATS, 32, sine(440, i, rates[r]) + (rates[r] > 11025 ? sine(5000, i, rates[r]) : 0));
        assert_ok(parse(&f, (gm_sound_wish){.rate = 8000}, &sound));
        assert_int_equal(sound.rate, 8000);
        assert_int_equal(sound.frames, (size_t)llround((double)frames * 8000 / (double)rates[r]));
        for (size_t i = 100; i < sound.frames - 100; i++) // its ends ring
            if (fabs((double)sound.values[i] - sine(440, i, 8000)) > 2e-3)
                fail_msg("%zu Hz: at %zu it is %g, not %g", rates[r], i, (double)sound.values[i], sine(440, i, 8000));
        gm_sound_finish(&sound);
    }
}

// ---- What is refused ----

static void expect_refused(const file *f, gm_sound_wish wish, const char *says) {
    gm_sound sound;
    assert_fails(parse(f, wish, &sound), GM_ERROR_FORMAT, says);
    assert_null(sound.values);
    assert_fails(parse(f, wish, &sound), GM_ERROR_FORMAT, "x.wav: ");
}

static void hostile_files_are_refused(void **state) {
    (void)state;
    static file f;
    f.length = 0;
    expect_refused(&f, (gm_sound_wish){0}, "is no sound: it is empty");
    make_wave(&f, PCM, 16, 1, 8000, 0);
    expect_refused(&f, (gm_sound_wish){0}, "holds no sound: it has no values");
    make_wave(&f, PCM, 16, 1, 0, 10);
    expect_refused(&f, (gm_sound_wish){0}, "cannot be read as WAV");
    make_wave(&f, PCM, 16, 1, 16, 10);
    expect_refused(&f, (gm_sound_wish){.rate = 8000}, "has 16 values a second, which cannot become 8000");
    begin_wave(&f, PCM, 16, 60000, 8000, 1);
    expect_refused(&f, (gm_sound_wish){0}, "");
    make_wave(&f, PCM, 16, 1, 8000, 100);
    f.length -= 20;
    expect_refused(&f, (gm_sound_wish){0}, "is cut short");
    for (size_t length = 1; length < 44; length++) { // in its header
        gm_sound sound;
        make_wave(&f, PCM, 16, 1, 8000, 100);
        f.length = length;
        assert_int_equal(parse(&f, (gm_sound_wish){0}, &sound), GM_ERROR_FORMAT);
    }
    static const double bad[] = {NAN, INFINITY, -INFINITY, 3e38};
    for (size_t i = 0; i < GM_COUNT(bad); i++) {
        begin_wave(&f, FLOATS, 32, 2, 8000, 5);
        for (size_t k = 0; k < 10; k++)
            put_value(&f, FLOATS, 32, k == 7 ? bad[i] : .5);
        expect_refused(&f, (gm_sound_wish){0}, "at 0.000375 seconds: expected numbers");
    }
    memcpy(f.bytes, "\x89PNG\r\n\x1a\n", 8);
    f.length = 8;
    expect_refused(&f, (gm_sound_wish){0}, "is no sound");
}

static void one_value_and_sizes_of_pipes_are_read(void **state) {
    (void)state;
    static file f;
    gm_sound sound;
    make_wave(&f, PCM, 16, 1, 8000, 1);
    assert_ok(parse(&f, (gm_sound_wish){.rate = 16000}, &sound));
    assert_int_equal(sound.frames, 2);
    gm_sound_finish(&sound);
    make_wave(&f, PCM, 16, 1, 8000, 10);
    memset(f.bytes + 4, 0xff, 4); // as written into a pipe
    memset(f.bytes + 40, 0xff, 4);
    assert_ok(parse(&f, (gm_sound_wish){0}, &sound));
    assert_int_equal(sound.frames, 10);
    gm_sound_finish(&sound);
}

static void cut_streams_of_flac_are_refused(void **state) {
    (void)state;
    static float values[30000];
    char *data;
    size_t bytes;
    gm_sound sound;
    for (size_t i = 0; i < GM_COUNT(values); i++)
        values[i] = (float)sine(440, i * i % 977, 8000);
    save("cut.flac", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, values, 1, 8000, GM_COUNT(values));
    assert_ok(gm_file_read(path_of("cut.flac"), 1 << 22, &data, &bytes));
    assert_int_equal(gm_sound_parse("cut.flac", data, bytes / 2, &(gm_sound_wish){0}, &sound), GM_ERROR_FORMAT);
    free(data);
}

// ---- Data sets ----

static void write_ramp(const char *name, size_t rate, size_t frames, double from, double step) {
    static file f;
    begin_wave(&f, FLOATS, 32, 1, rate, frames);
    for (size_t i = 0; i < frames; i++)
        put_value(&f, FLOATS, 32, from + step * (double)i);
    write_file(path_of(name), f.bytes, f.length);
}

#define OPEN(dataset, name, ...)                                                                                       \
    gm_dataset_open(dataset, path_of(name), &(gm_dataset_options){.sound = &(gm_sound_schema){__VA_ARGS__}})

static void expect_items(const gm_dataset *dataset, size_t count, size_t window, const float *expected) {
    const gm_dataset_info *info = gm_dataset_get_info(dataset);
    const float *items = gm_dataset_floats(dataset);
    assert_int_equal(info->count, count);
    assert_int_equal(info->channels, 1);
    assert_int_equal(info->height, window);
    assert_int_equal(info->width, 1);
    assert_int_equal(info->sound->window, window);
    for (size_t i = 0; i < count * window; i++)
        if (fabsf(items[i] - expected[i]) > 1e-6f)
            fail_msg("value %zu is %g, not %g", i, (double)items[i], (double)expected[i]);
}

static void windows_are_padded_cut_and_sliced(void **state) {
    (void)state;
    gm_dataset *dataset;
    write_ramp("short.wav", 8000, 3, .1, .1);
    assert_ok(OPEN(&dataset, "short.wav", .window = 6));
    expect_items(dataset, 1, 6, (float[]){0, .1f, .2f, .3f, 0, 0});
    gm_dataset_close(&dataset);
    write_ramp("long.wav", 8000, 8, .1, .1);
    assert_ok(OPEN(&dataset, "long.wav", .window = 4));
    expect_items(dataset, 1, 4, (float[]){.3f, .4f, .5f, .6f});
    gm_dataset_close(&dataset);
    assert_ok(OPEN(&dataset, "long.wav", .window = 3, .longer = GM_SOUND_SLICE));
    expect_items(dataset, 3, 3, (float[]){.1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f, 0});
    gm_dataset_close(&dataset);
    assert_ok(OPEN(&dataset, "long.wav", .window = 7, .longer = GM_SOUND_SLICE)); // one of seven is no half
    expect_items(dataset, 1, 7, (float[]){.1f, .2f, .3f, .4f, .5f, .6f, .7f});
    gm_dataset_close(&dataset);
}

static void loudness_is_kept_or_brought_to_the_peak(void **state) {
    (void)state;
    gm_dataset *dataset;
    write_ramp("loud.wav", 8000, 3, -.5, -1);
    assert_ok(OPEN(&dataset, "loud.wav", .window = 3));
    expect_items(dataset, 1, 3, (float[]){-.5f, -1, -1}); // cut off
    gm_dataset_close(&dataset);
    assert_ok(OPEN(&dataset, "loud.wav", .loudness = GM_SOUND_PEAK));
    expect_items(dataset, 1, 3, (float[]){-.2f, -.6f, -1});
    gm_dataset_close(&dataset);
    write_ramp("silent.wav", 8000, 4, 0, 0);
    assert_ok(OPEN(&dataset, "silent.wav", .loudness = GM_SOUND_PEAK, .trim = true, .window = 2));
    expect_items(dataset, 1, 2, (float[]){0, 0});
    gm_dataset_close(&dataset);
}

static void silence_at_the_ends_is_left_out(void **state) {
    (void)state;
    static file f;
    gm_dataset *dataset;
    static const double values[] = {0, .001, .5, 0, -.25, .002, 0, 0};
    begin_wave(&f, FLOATS, 32, 1, 8000, GM_COUNT(values));
    for (size_t i = 0; i < GM_COUNT(values); i++)
        put_value(&f, FLOATS, 32, values[i]);
    write_file(path_of("ends.wav"), f.bytes, f.length);
    assert_ok(OPEN(&dataset, "ends.wav", .trim = true));
    expect_items(dataset, 1, 3, (float[]){.5f, 0, -.25f});
    gm_dataset_close(&dataset);
}

static void folders_have_classes_and_splits(void **state) {
    (void)state;
    gm_dataset *dataset;
    static const char *const folders[] = {"set",           "set/train",   "set/test",    "set/train/no",
                                          "set/train/yes", "set/test/no", "set/test/yes"};
    for (size_t i = 0; i < GM_COUNT(folders); i++)
        assert_int_equal(mkdir(path_of(folders[i]), 0777), 0);
    write_ramp("set/train/yes/1.wav", 8000, 5, .2, 0);
    write_ramp("set/train/no/1.wav", 8000, 2, .1, 0);
    write_ramp("set/test/no/1.wav", 8000, 2, .3, 0);
    write_ramp("set/test/yes/1.wav", 8000, 2, .4, 0);
    assert_ok(OPEN(&dataset, "set", .window = 2, .longer = GM_SOUND_SLICE));
    expect_items(dataset, 4, 2, (float[]){.1f, .1f, .2f, .2f, .2f, .2f, .2f, 0});
    assert_int_equal(gm_dataset_get_info(dataset)->class_count, 2);
    assert_memory_equal(gm_dataset_labels(dataset), ((int32_t[]){0, 1, 1, 1}), 4 * sizeof(int32_t));
    gm_dataset_close(&dataset);
    assert_ok(gm_dataset_open(&dataset, path_of("set"), &(gm_dataset_options){.split = GM_SPLIT_TEST}));
    expect_items(dataset, 2, 2, (float[]){.3f, .3f, .4f, .4f}); // their own window and rate
    assert_true(gm_dataset_get_info(dataset)->splits);
    gm_dataset_close(&dataset);
    assert_fails(OPEN(&dataset, "set", 0), GM_ERROR_ARGUMENT, "give data.sound.window to make all sounds the same");
    write_ramp("set/train/yes/2.wav", 16000, 5, .2, 0);
    assert_fails(OPEN(&dataset, "set", .window = 2), GM_ERROR_ARGUMENT, "give data.sound.rate to make all the same");
    assert_ok(OPEN(&dataset, "set", .window = 2, .rate = 8000));
    gm_dataset_close(&dataset);
    write_file(path_of("set/train/yes/3.wav"), "RIFF", 4);
    assert_fails(OPEN(&dataset, "set", .window = 2, .rate = 8000), GM_ERROR_FORMAT, "set/train/yes/3.wav: is no sound");
}

static void few_damaged_sounds_may_be_left_out(void **state) {
    (void)state;
    gm_dataset *dataset;
    assert_int_equal(mkdir(path_of("many"), 0777), 0);
    for (size_t i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/%03zu.wav", i);
        if (i == 0)
            write_file(path_of(name), "no sound", 8);
        else
            write_ramp(name, 8000, 1, (double)i / 100, 0);
    }
    const gm_dataset_options skip = {.damaged = GM_DAMAGED_SKIP};
    assert_ok(gm_dataset_open(&dataset, path_of("many"), &skip));
    assert_int_equal(gm_dataset_get_info(dataset)->count, 99);
    assert_true(fabsf(gm_dataset_floats(dataset)[0] - .01f) < 1e-6f);
    gm_dataset_close(&dataset);
    write_file(path_of("many/050.wav"), "no sound", 8);
    assert_fails(gm_dataset_open(&dataset, path_of("many"), &skip), GM_ERROR_FORMAT, "2 of 100 sounds are damaged");
}

// Each channel's image is that of its own sound; what is not said is filled in; networks see data.range.
static void spectrograms_are_those_of_the_sounds(void **state) {
    (void)state;
    static file f;
    gm_dataset *plain, *seen;
    make_wave(&f, PCM, 16, 2, 8000, 1000);
    write_file(path_of("bands.wav"), f.bytes, f.length);
    const gm_sound_schema schema = {.bands = 24};
    assert_ok(gm_dataset_open(&plain, path_of("bands.wav"), NULL));
    assert_ok(gm_dataset_open(&seen, path_of("bands.wav"), &(gm_dataset_options){.sound = &schema}));
    const gm_dataset_info *info = gm_dataset_get_info(seen);
    assert_int_equal(info->channels, 2);
    assert_int_equal(info->height, 24);
    assert_int_equal(info->width, 16); // 1000 / 64, rounded up
    assert_int_equal(info->sound->spectrum, 256);
    assert_int_equal(info->sound->hop, 64);
    assert_int_equal(info->sound->window, 1000);
    const gm_spectrogram s = {8000, 1000, 24, 256, 64, 1e-3};
    float *images = malloc(2 * 24 * 16 * sizeof *images), *values = malloc(2 * 24 * 16 * sizeof *values);
    assert_ok(gm_spectrogram_of(&s, gm_dataset_floats(plain), 2, images));
    assert_memory_equal(images, gm_dataset_floats(seen), 2 * 24 * 16 * sizeof *images);
    const gm_sample format = gm_dataset_format(info, 0, 1);
    assert_int_equal(format.item.rank, 3);
    assert_ok(gm_dataset_decode(seen, &format, (const int32_t[]){0}, 1, values, NULL));
    for (size_t i = 0; i < (size_t)2 * 24 * 16; i++)
        if (fabs((double)values[i] - ((double)images[i] + 1) / 2) > 1e-6)
            fail_msg("value %zu is %g, of %g", i, (double)values[i], (double)images[i]);
    free(images);
    free(values);
    gm_dataset_close(&plain);
    gm_dataset_close(&seen);
    const gm_sound_schema wrong = {.bands = 24, .hop = 200};
    assert_fails(gm_dataset_open(&seen, path_of("bands.wav"), &(gm_dataset_options){.sound = &wrong}),
                 GM_ERROR_ARGUMENT, "bands.wav: spectra of 256 values, one every 200: give 1 to 128");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waves_of_any_depth_and_channels_are_read),
        cmocka_unit_test(other_formats_are_read),
        cmocka_unit_test(channels_are_mixed_to_their_mean),
        cmocka_unit_test(rates_are_changed_without_aliases),
        cmocka_unit_test(hostile_files_are_refused),
        cmocka_unit_test(one_value_and_sizes_of_pipes_are_read),
        cmocka_unit_test(cut_streams_of_flac_are_refused),
        cmocka_unit_test(windows_are_padded_cut_and_sliced),
        cmocka_unit_test(loudness_is_kept_or_brought_to_the_peak),
        cmocka_unit_test(silence_at_the_ends_is_left_out),
        cmocka_unit_test(folders_have_classes_and_splits),
        cmocka_unit_test(few_damaged_sounds_may_be_left_out),
        cmocka_unit_test(spectrograms_are_those_of_the_sounds),
    };
    return cmocka_run_group_tests(tests, temporary_create, temporary_remove);
}

// Files of sound in memory, piece by piece: decoded, mixed, resampled. Nothing is taken from a header that the values
// do not show, but for the rate and the channels.
#include "data/sound.h"

#include "data/magic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef GM_HAVE_SOUND
#include <samplerate.h>
#include <sndfile.h>
#endif

// ---- Telling ----

typedef struct known_format {
    const char *name, *pattern; // '?' is any byte
    size_t bytes;
} known_format;

#define PATTERN(bytes) bytes, sizeof(bytes) - 1

static const known_format formats[] = {
    {"WAV", PATTERN("RIFF????WAVE")},  {"WAV", PATTERN("RIFX????WAVE")},
    {"RF64", PATTERN("RF64????WAVE")}, {"W64", PATTERN("riff\x2e\x91\xcf\x11")},
    {"FLAC", PATTERN("fLaC")},         {"Ogg", PATTERN("OggS")},
    {"AIFF", PATTERN("FORM????AIFF")}, {"AIFF", PATTERN("FORM????AIFC")},
    {"AU", PATTERN(".snd\0")},         {"CAF", PATTERN("caff\0\1")},
    {"MP3", PATTERN("ID3")},
};

static bool fits(const known_format *row, const uint8_t *head, size_t bytes) {
    bool all = bytes >= row->bytes;
    for (size_t i = 0; all && i < row->bytes; i++)
        all = row->pattern[i] == '?' || (uint8_t)row->pattern[i] == head[i];
    return all;
}

const char *gm_sound_tell(const uint8_t *head, size_t bytes) {
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        if (fits(&formats[i], head, bytes))
            return formats[i].name;
    return NULL;
}

void gm_sound_finish(gm_sound *sound) {
    free(sound->values);
    *sound = (gm_sound){0};
}

static gm_status refuse(const char *name, const void *data, size_t bytes) {
    const char *known = gm_magic_describe(data, bytes);
    if (known)
        return gm_fail(GM_ERROR_FORMAT, "%s: is no sound: it is %s", name, known);
    return gm_fail(GM_ERROR_FORMAT, "%s: is no sound%s: expected WAV, FLAC, Ogg, AIFF, AU or CAF", name,
                   bytes == 0 ? ": it is empty" : "");
}

#ifdef GM_HAVE_SOUND

// ---- Headers that lie ----

static uint32_t read_size(const uint8_t *at, bool big) {
    uint32_t size = 0;
    for (int i = 0; i < 4; i++)
        size |= (uint32_t)at[i] << 8 * (big ? 3 - i : i);
    return size;
}

// Whether the chunk with the values goes on behind the file's end: libsndfile reads what there is. Programs that write
// into pipes do not know the size, and say one that is larger than any.
static bool is_cut_short(const uint8_t *data, size_t bytes) {
    const bool wave = bytes >= 12 && memcmp(data + 8, "WAVE", 4) == 0 && memcmp(data, "RF64", 4) != 0;
    const bool aiff = bytes >= 12 && memcmp(data, "FORM", 4) == 0, big = aiff || (wave && memcmp(data, "RIFX", 4) == 0);
    for (size_t at = 12; (wave || aiff) && at + 8 <= bytes;) {
        const size_t size = read_size(data + at + 4, big), left = bytes - at - 8;
        if (memcmp(data + at, aiff ? "SSND" : "data", 4) == 0)
            return size > left && size < 0x7ffff000;
        if (size > left)
            return false;
        at += 8 + size + size % 2;
    }
    return false;
}

// ---- Files in memory, as libsndfile asks for them ----

typedef struct memory {
    const uint8_t *data;
    sf_count_t bytes, at;
} memory;

static sf_count_t memory_length(void *user) {
    return ((memory *)user)->bytes;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user) {
    memory *m = user;
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->at : m->bytes;
    if (offset < -from || offset > m->bytes - from)
        return -1;
    return m->at = from + offset;
}

static sf_count_t memory_read(void *to, sf_count_t count, void *user) {
    memory *m = user;
    const sf_count_t here = count < m->bytes - m->at ? count : m->bytes - m->at;
    if (here <= 0)
        return 0;
    memcpy(to, m->data + m->at, (size_t)here);
    m->at += here;
    return here;
}

static sf_count_t memory_write(const void *from, sf_count_t count, void *user) {
    (void)from;
    (void)count;
    (void)user;
    return 0;
}

static sf_count_t memory_tell(void *user) {
    return ((memory *)user)->at;
}

// ---- Pieces ----

enum { PIECE = 1 << 16 }; // values that are read at once

static const double LARGEST = 1e10; // whole numbers of 32 bits as floats are below it, and sums of so many finite

typedef struct reader {
    const char *name;
    memory memory;
    SNDFILE *file;
    SF_INFO info;
    SRC_STATE *resampler; // NULL: the rate stays
    double ratio;
    float *piece, *mixed;
    size_t piece_frames;
    size_t capacity; // values that sound->values has room for
    gm_sound *sound;
} reader;

static gm_status make_room(reader *r, size_t frames) {
    gm_sound *sound = r->sound;
    const size_t wanted = (sound->frames + frames) * sound->channels;
    if (wanted > GM_SOUND_MOST_VALUES)
        return gm_fail(GM_ERROR_FORMAT, "%s: is too long: more than %zu values: cut it into pieces", r->name,
                       GM_SOUND_MOST_VALUES);
    if (wanted <= r->capacity)
        return GM_OK;
    const size_t capacity = GM_MAX(wanted, 2 * r->capacity);
    gm_note_allocation();
    float *grown = realloc(sound->values, capacity * sizeof *grown);
    if (!grown)
        return gm_fail_memory(capacity * sizeof *grown, r->name);
    sound->values = grown;
    r->capacity = capacity;
    return GM_OK;
}

static gm_status append(reader *r, const float *values, size_t frames) {
    gm_sound *sound = r->sound;
    GM_TRY(make_room(r, frames));
    if (frames > 0)
        memcpy(sound->values + sound->frames * sound->channels, values, frames * sound->channels * sizeof *values);
    sound->frames += frames;
    return GM_OK;
}

// values: NULL: there are no more.
static gm_status resample(reader *r, const float *values, size_t frames) {
    enum { SPARE = 256 };
    gm_sound *sound = r->sound;
    SRC_DATA step = {.data_in = values, .input_frames = (long)frames, .end_of_input = !values, .src_ratio = r->ratio};
    const float none[1] = {0};
    step.data_in = values ? values : none;
    for (;;) {
        const size_t room = (size_t)((double)step.input_frames * r->ratio) + SPARE;
        GM_TRY(make_room(r, room));
        step.data_out = sound->values + sound->frames * sound->channels;
        step.output_frames = (long)room;
        const int fault = src_process(r->resampler, &step);
        if (fault != 0)
            return gm_fail(GM_ERROR_FORMAT, "%s: cannot be resampled: %s", r->name, src_strerror(fault));
        sound->frames += (size_t)step.output_frames_gen;
        step.data_in += (size_t)step.input_frames_used * sound->channels;
        step.input_frames -= step.input_frames_used;
        if ((step.input_frames == 0 && step.output_frames_gen < (long)room) ||
            (step.input_frames_used == 0 && step.output_frames_gen == 0))
            return GM_OK;
    }
}

static gm_status look_at(reader *r, size_t frames) {
    const size_t channels = (size_t)r->info.channels;
    gm_sound *sound = r->sound;
    for (size_t i = 0; i < frames * channels; i++) {
        const double value = (double)r->piece[i];
        if (!(fabs(value) <= LARGEST))
            return gm_fail(GM_ERROR_FORMAT, "%s: holds %g at %.4g seconds: expected numbers", r->name, value,
                           (double)(sound->own_frames + i / channels) / r->info.samplerate);
        sound->least = fmin(sound->least, value);
        sound->largest = fmax(sound->largest, value);
    }
    return GM_OK;
}

static gm_status take(reader *r, size_t frames) {
    const size_t channels = (size_t)r->info.channels;
    const float *values = r->piece;
    GM_TRY(look_at(r, frames));
    r->sound->own_frames += frames;
    if (r->sound->channels < channels) {
        for (size_t i = 0; i < frames; i++) {
            double sum = 0;
            for (size_t c = 0; c < channels; c++)
                sum += (double)r->piece[i * channels + c];
            r->mixed[i] = (float)(sum / (double)channels);
        }
        values = r->mixed;
    }
    return r->resampler ? resample(r, values, frames) : append(r, values, frames);
}

static gm_status take_all(reader *r) {
    for (;;) {
        const sf_count_t frames = sf_readf_float(r->file, r->piece, (sf_count_t)r->piece_frames);
        if (frames <= 0)
            break;
        GM_TRY(take(r, (size_t)frames));
    }
    gm_sound *sound = r->sound;
    if (sf_error(r->file) != SF_ERR_NO_ERROR)
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged behind %zu values: %s", r->name, sound->own_frames,
                       sf_strerror(r->file));
    if (sound->own_frames == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: holds no sound: it has no values", r->name);
    if ((sf_count_t)sound->own_frames < r->info.frames)
        return gm_fail(GM_ERROR_FORMAT, "%s: is cut short: it has %zu values of %lld", r->name, sound->own_frames,
                       (long long)r->info.frames);
    if (!r->resampler)
        return GM_OK;
    GM_TRY(resample(r, NULL, 0));
    // What the filter made, to the length that the sound has.
    const size_t frames = GM_MAX((size_t)llround((double)sound->own_frames * r->ratio), (size_t)1), had = sound->frames;
    if (frames > had) {
        GM_TRY(make_room(r, frames - had));
        memset(sound->values + had * sound->channels, 0, (frames - had) * sound->channels * sizeof *sound->values);
    }
    sound->frames = frames;
    return GM_OK;
}

// ---- A file ----

static void describe(const SF_INFO *info, gm_sound *sound) {
    static const struct {
        int subtype;
        size_t bits;
        bool floats;
    } depths[] = {{SF_FORMAT_PCM_S8, 8, false},  {SF_FORMAT_PCM_U8, 8, false},  {SF_FORMAT_PCM_16, 16, false},
                  {SF_FORMAT_PCM_24, 24, false}, {SF_FORMAT_PCM_32, 32, false}, {SF_FORMAT_FLOAT, 32, true},
                  {SF_FORMAT_DOUBLE, 64, true}};
    for (size_t i = 0; i < GM_COUNT(depths); i++)
        if ((info->format & SF_FORMAT_SUBMASK) == depths[i].subtype) {
            sound->bits = depths[i].bits;
            sound->floats = depths[i].floats;
        }
}

static gm_status begin(reader *r, const gm_sound_wish *wish) {
    const SF_INFO *info = &r->info;
    gm_sound *sound = r->sound;
    int fault = 0;
    if (info->channels < 1 || info->samplerate < 1)
        return gm_fail(GM_ERROR_FORMAT, "%s: says that it has %d channels of %d values a second", r->name,
                       info->channels, info->samplerate);
    sound->own_channels = (size_t)info->channels;
    sound->own_rate = (size_t)info->samplerate;
    sound->channels = wish->channels == 1 ? 1 : sound->own_channels;
    sound->rate = wish->rate > 0 ? wish->rate : sound->own_rate;
    describe(info, sound);
    r->ratio = (double)sound->rate / (double)sound->own_rate;
    if (!src_is_valid_ratio(r->ratio))
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu values a second, which cannot become %zu", r->name,
                       sound->own_rate, sound->rate);
    r->piece_frames = GM_MAX((size_t)PIECE / sound->own_channels, (size_t)1);
    GM_TRY(gm_alloc(&r->piece, r->piece_frames * sound->own_channels, sizeof *r->piece, r->name));
    GM_TRY(gm_alloc(&r->mixed, r->piece_frames, sizeof *r->mixed, r->name));
    if (sound->rate == sound->own_rate)
        return GM_OK;
    r->resampler = src_new(SRC_SINC_MEDIUM_QUALITY, (int)sound->channels, &fault);
    return r->resampler ? GM_OK : gm_fail(GM_ERROR_FORMAT, "%s: cannot be resampled: %s", r->name, src_strerror(fault));
}

static gm_status read_all(reader *r, const gm_sound_wish *wish) {
    SF_VIRTUAL_IO io = {memory_length, memory_seek, memory_read, memory_write, memory_tell};
    r->file = sf_open_virtual(&io, SFM_READ, &r->info, &r->memory);
    if (!r->file)
        return gm_fail(GM_ERROR_FORMAT, "%s: cannot be read as %s: %s", r->name, r->sound->format, sf_strerror(NULL));
    if (is_cut_short(r->memory.data, (size_t)r->memory.bytes))
        return gm_fail(GM_ERROR_FORMAT, "%s: is cut short: its header tells of more than there is", r->name);
    GM_TRY(begin(r, wish));
    return take_all(r);
}

gm_status gm_sound_parse(const char *name, const void *data, size_t bytes, const gm_sound_wish *wish, gm_sound *sound) {
    *sound = (gm_sound){.format = gm_sound_tell(data, bytes)};
    if (!sound->format)
        return refuse(name, data, bytes);
    reader r = {.name = name, .memory = {data, (sf_count_t)bytes, 0}, .sound = sound};
    gm_status status = read_all(&r, wish);
    if (r.file)
        sf_close(r.file);
    if (r.resampler)
        src_delete(r.resampler);
    free(r.piece);
    free(r.mixed);
    if (status != GM_OK)
        gm_sound_finish(sound);
    return status;
}

#else

gm_status gm_sound_parse(const char *name, const void *data, size_t bytes, const gm_sound_wish *wish, gm_sound *sound) {
    const char *format = gm_sound_tell(data, bytes);
    (void)wish;
    *sound = (gm_sound){0};
    if (!format)
        return refuse(name, data, bytes);
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: is a %s file, which this build of Ganymede does not read: install libsndfile1-dev and "
                   "libsamplerate0-dev, and build it again",
                   name, format);
}

#endif

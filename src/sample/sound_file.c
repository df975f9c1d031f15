// Sounds as files: WAV and FLAC, by libsndfile.
#include "sample/sound_file.h"

#include "base/base.h"
#include "sample/notes.h"

#include <stdlib.h>

#ifdef GM_HAVE_SOUND

#include <limits.h>
#include <math.h>
#include <sndfile.h>
#include <string.h>

// ---- A file in memory, as libsndfile asks for it ----

typedef struct memory {
    const char *path;
    gm_bytes bytes;
    size_t at;
    gm_status status;
} memory;

static sf_count_t memory_length(void *user) {
    return (sf_count_t)((memory *)user)->bytes.length;
}

static sf_count_t memory_seek(sf_count_t offset, int whence, void *user) {
    memory *m = user;
    const sf_count_t length = (sf_count_t)m->bytes.length, from = whence == SEEK_SET   ? 0
                                                                  : whence == SEEK_CUR ? (sf_count_t)m->at
                                                                                       : length;
    if (offset < -from || from + offset > length)
        return -1;
    m->at = (size_t)(from + offset);
    return from + offset;
}

static sf_count_t memory_read(void *to, sf_count_t count, void *user) {
    memory *m = user;
    const size_t here = GM_MIN((size_t)count, m->bytes.length - m->at);
    if (here > 0)
        memcpy(to, m->bytes.data + m->at, here);
    m->at += here;
    return (sf_count_t)here;
}

// Headers are written again when all is there.
static sf_count_t memory_write(const void *from, sf_count_t count, void *user) {
    memory *m = user;
    const size_t over = GM_MIN((size_t)count, m->bytes.length - m->at), rest = (size_t)count - over;
    if (m->status != GM_OK)
        return 0;
    if (over > 0)
        memcpy(m->bytes.data + m->at, from, over);
    if (rest > 0)
        m->status = gm_bytes_append(&m->bytes, (const char *)from + over, rest, m->path);
    m->at += over + rest;
    return m->status == GM_OK ? count : 0;
}

static sf_count_t memory_tell(void *user) {
    return (sf_count_t)((memory *)user)->at;
}

// ---- Sounds ----

static SF_INFO info_of(const gm_sample *sample, const gm_writing *writing, int container) {
    static const int containers[] = {[GM_SOUND_WAV] = SF_FORMAT_WAV, [GM_SOUND_FLAC] = SF_FORMAT_FLAC};
    const size_t depth = writing->options.depth;
    const int values = depth == 32 ? SF_FORMAT_FLOAT : depth == 24 ? SF_FORMAT_PCM_24 : SF_FORMAT_PCM_16;
    return (SF_INFO){.channels = (int)sample->item.dim[0],
                     .samplerate = (int)sample->sound->rate,
                     .format = containers[container] | values};
}

// A frame's channels one behind the other.
static void interleave(const gm_sample *sample, const float *values, float *frames) {
    const size_t C = sample->item.dim[0], T = sample->item.dim[1];
    for (size_t t = 0; t < T; t++)
        for (size_t c = 0; c < C; c++) {
            const double value = (double)values[c * T + t];
            frames[t * C + c] = isnan(value) ? 0 : (float)fmin(fmax(value, -1), 1);
        }
}

static gm_status write_frames(const gm_sample *sample, const gm_writing *writing, SNDFILE *file, const float *values,
                              size_t count) {
    const size_t T = sample->item.dim[1];
    float *frames;
    gm_text notes = {0};
    gm_status status = gm_notes_list(writing, &notes);
    if (status == GM_OK && notes.data)
        sf_set_string(file, SF_STR_COMMENT, notes.data);
    gm_text_finish(&notes);
    GM_TRY(status);
    GM_TRY(gm_alloc(&frames, gm_sample_values(sample), sizeof *frames, writing->path));
    sf_command(file, SFC_SET_CLIPPING, NULL, SF_TRUE);
    sf_command(file, SFC_SET_ADD_PEAK_CHUNK, NULL, SF_FALSE); // which has the time of day
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        interleave(sample, values + i * gm_sample_values(sample), frames);
        if (sf_writef_float(file, frames, (sf_count_t)T) != (sf_count_t)T)
            status = gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", writing->path, sf_strerror(file));
    }
    free(frames);
    return status;
}

gm_status gm_sound_file_check(const gm_sample *sample, const gm_writing *writing, int container) {
    const char *name = container == GM_SOUND_FLAC ? "FLAC" : "WAV";
    const size_t depth = writing->options.depth;
    if (!sample->sound)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds sounds, not %s", writing->path, name, sample->kind->noun);
    if (depth != 0 && depth != 16 && depth != 24 && (depth != 32 || container == GM_SOUND_FLAC))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds values of 16%s bits, not %zu", writing->path, name,
                       container == GM_SOUND_FLAC ? " or 24" : ", 24 or 32", depth);
    const SF_INFO info = info_of(sample, writing, container);
    if (sample->sound->rate > INT_MAX || !sf_format_check(&info))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds no %zu channels of %zu values a second: write .npy",
                       writing->path, name, sample->item.dim[0], sample->sound->rate);
    return GM_OK;
}

gm_status gm_sound_file_encode(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                               size_t count, gm_bytes *bytes) {
    memory m = {.path = writing->path};
    SF_VIRTUAL_IO io = {memory_length, memory_seek, memory_read, memory_write, memory_tell};
    SF_INFO info = info_of(sample, writing, container);
    *bytes = (gm_bytes){0};
    GM_TRY(gm_sound_file_check(sample, writing, container));
    SNDFILE *file = sf_open_virtual(&io, SFM_WRITE, &info, &m);
    gm_status status =
        file ? GM_OK : gm_fail(GM_ERROR_IO, "%s: cannot be written: %s", writing->path, sf_strerror(NULL));
    if (file) {
        status = write_frames(sample, writing, file, values, count);
        sf_close(file);
    }
    if (m.status != GM_OK)
        status = gm_fail_memory(m.bytes.length, writing->path);
    if (status == GM_OK)
        *bytes = m.bytes;
    else
        free(m.bytes.data);
    return status;
}

#else

// gm_writer_find has refused it before.
gm_status gm_sound_file_check(const gm_sample *sample, const gm_writing *writing, int container) {
    (void)sample;
    (void)container;
    return gm_fail(GM_ERROR_STATE, "%s: this build writes no sound", writing->path);
}

gm_status gm_sound_file_encode(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                               size_t count, gm_bytes *bytes) {
    (void)values;
    (void)count;
    *bytes = (gm_bytes){0};
    return gm_sound_file_check(sample, writing, container);
}

#endif

gm_status gm_sound_file_write(const gm_sample *sample, const gm_writing *writing, int container, const float *values,
                              size_t count) {
    gm_bytes bytes;
    GM_TRY(gm_sound_file_encode(sample, writing, container, values, count, &bytes));
    gm_status status = gm_file_write_atomic(writing->path, bytes.data, bytes.length);
    free(bytes.data);
    return status;
}

// Completing files of pictures. Known pixels go from the file into the new one as they are, in the file's own depth:
// only what is filled in is converted.
#include "sample/writers.h"
#include "use/completer.h"
#include "use/hidden.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// ---- Values ----

static void set_value(gm_picture *picture, size_t index, double value) {
    if (picture->type == GM_PICTURE_U8)
        ((uint8_t *)picture->pixels)[index] = (uint8_t)value;
    else if (picture->type == GM_PICTURE_U16)
        ((uint16_t *)picture->pixels)[index] = (uint16_t)value;
    else
        ((float *)picture->pixels)[index] = (float)value;
}

// What of a channel's values in the file becomes black and white.
typedef struct levels {
    double black, white;
} levels;

static levels levels_of(const gm_completer *completer, const gm_picture *picture, size_t channel) {
    const gm_checkpoint_info *checkpoint = gm_checkpoint_get_info(completer->trained.checkpoint);
    double most = gm_picture_white(picture->type);
    if (picture->type != GM_PICTURE_U8 && channel < checkpoint->scale_channels)
        return (levels){checkpoint->scale_figures[channel][0] * most, checkpoint->scale_figures[channel][1] * most};
    const gm_common *common = gm_common_of(completer->trained.recipe);
    if (picture->type == GM_PICTURE_F32) // as they are
        return (levels){common->data.range.low, common->data.range.high};
    return (levels){0, most};
}

// The model's channels: the picture's, or one for a grey picture in colours. A grey one is all of the model's.
static gm_status check_channels(const gm_completer *completer, const char *path, const gm_picture *picture,
                                const uint8_t *mask) {
    size_t wanted = completer->filler.channels, colours = gm_picture_colours(picture);
    if (colours == wanted || (colours == 1 && wanted == 3))
        return GM_OK;
    if (colours != 3 || wanted != 1)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu channels, but %s completes pictures of %zu", path, colours,
                       completer->run, wanted);
    for (size_t i = 0; i < picture->width * picture->height; i++)
        for (size_t c = 1; c < 3 && !mask[i]; c++)
            if (fabs(gm_picture_value(picture, i * picture->channels + c) -
                     gm_picture_value(picture, i * picture->channels)) > 0)
                return gm_fail(GM_ERROR_ARGUMENT, "%s: has colours, but %s completes grey pictures", path,
                               completer->run);
    return GM_OK;
}

static void to_values(const gm_completer *completer, const gm_picture *picture, float *values) {
    const gm_common *common = gm_common_of(completer->trained.recipe);
    double low = common->data.range.low, high = common->data.range.high;
    size_t area = picture->width * picture->height, colours = gm_picture_colours(picture);
    for (size_t c = 0; c < completer->filler.channels; c++) {
        levels l = levels_of(completer, picture, c);
        for (size_t i = 0; i < area; i++) {
            double value = gm_picture_value(picture, i * picture->channels + (c < colours ? c : 0));
            values[c * area + i] = (float)(low + (value - l.black) * (high - low) / (l.white - l.black));
        }
    }
}

// Of a model in colours a grey picture gets the mean.
static double made_at(const gm_completer *completer, const float *values, size_t area, size_t pixel, size_t channel,
                      size_t colours) {
    size_t channels = completer->filler.channels;
    double sum = 0;
    if (colours >= channels)
        return (double)values[(channel < channels ? channel : 0) * area + pixel];
    for (size_t c = 0; c < channels; c++)
        sum += (double)values[c * area + pixel];
    return sum / (double)channels;
}

static void from_values(const gm_completer *completer, const float *values, const uint8_t *mask, gm_picture *picture) {
    const gm_common *common = gm_common_of(completer->trained.recipe);
    double low = common->data.range.low, high = common->data.range.high, most = gm_picture_white(picture->type);
    size_t area = picture->width * picture->height, colours = gm_picture_colours(picture);
    for (size_t i = 0; i < area; i++) {
        if (!mask[i])
            continue;
        for (size_t c = 0; c < colours; c++) {
            levels l = levels_of(completer, picture, c);
            double made = made_at(completer, values, area, i, c, colours);
            double value = l.black + (made - low) * (l.white - l.black) / (high - low);
            if (picture->type != GM_PICTURE_F32)
                value = value > 0 ? floor(fmin(value, most) + .5) : 0; // NaN is not > 0
            set_value(picture, i * picture->channels + c, value);
        }
        if (picture->alpha)
            set_value(picture, (i + 1) * picture->channels - 1, most);
    }
}

// ---- Files ----

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// What is given back has a name of the format that it is written in: FOLDER/NAME.png. format: NULL: what suits it.
static gm_status name_file(gm_text *path, const char *file, const char *folder, const char *ending) {
    const char *name = base_name(file), *dot = strrchr(name, '.');
    size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    path->length = 0;
    gm_text_printf(path, "%s%s%.*s%s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", (int)length, name, ending);
    return path->failed ? gm_fail_memory(strlen(file), "a file name") : GM_OK;
}

static size_t depth_of(const gm_picture *picture) {
    return picture->type == GM_PICTURE_U8 ? 8 : picture->type == GM_PICTURE_U16 ? 16 : 32;
}

// PNG has opacity, too, which the table of writers of samples does not say.
static bool suits_png(const gm_picture *picture) {
    return picture->type != GM_PICTURE_F32 && gm_picture_colours(picture) != 2 && picture->channels <= 4;
}

static const char *ending_for(const gm_picture *picture) {
    return suits_png(picture) ? ".png" : ".tiff";
}

// Where every pixel is opaque, opacity is left out.
static void drop_opacity(gm_picture *picture) {
    size_t area = picture->width * picture->height, colours = gm_picture_colours(picture);
    double most = gm_picture_white(picture->type);
    for (size_t i = 0; i < area; i++)
        if (!picture->alpha || gm_picture_value(picture, (i + 1) * picture->channels - 1) < most)
            return;
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < colours; c++)
            set_value(picture, i * colours + c, gm_picture_value(picture, i * picture->channels + c));
    picture->alpha = false;
    picture->channels = colours;
}

static gm_status put(const gm_completer *completer, const char *path, const gm_picture *picture, const char *format) {
    const gm_raster raster = {picture->pixels, picture->width, picture->height, picture->channels, depth_of(picture)};
    const gm_writing writing = {.path = path,
                                .options = {.depth = raster.depth},
                                .recipe = gm_common_of(completer->trained.recipe)->name,
                                .step = completer->trained.step};
    const gm_writer *writer;
    size_t depth;
    gm_bytes file = {0};
    GM_TRY(gm_writer_find_named(path, format ? format : ending_for(picture) + 1, &writer));
    if (writer->encode_pictures == gm_png_encode && suits_png(picture)) {
        gm_status status = gm_png_encode(&writing, &raster, 1, &file);
        if (status == GM_OK)
            status = gm_file_write_atomic(path, file.data, file.length);
        free(file.data);
        return status;
    }
    GM_TRY(gm_writer_depth(writer, &writing, &depth));
    return gm_writer_put(writer, &writing, &raster, 1);
}

static gm_status fill_in(gm_completer *completer, const uint8_t *mask, gm_picture *picture) {
    float *values;
    size_t channels = completer->filler.channels;
    GM_TRY(gm_alloc(&values, channels * picture->width * picture->height, sizeof *values, "a picture"));
    to_values(completer, picture, values);
    gm_status status = gm_completer_run(completer, values, mask, 1, picture->height, picture->width, values);
    if (status == GM_OK)
        from_values(completer, values, mask, picture);
    free(values);
    return status;
}

static gm_status complete_file(gm_completer *completer, const char *file, const char *folder, const gm_hiding *r,
                               const char *format) {
    gm_picture picture = {0};
    gm_text path = {0};
    uint8_t *mask = NULL;
    gm_status status;
    GM_TRY_DONE(gm_picture_open(file, &picture));
    GM_TRY_DONE(gm_alloc(&mask, picture.width, picture.height, file));
    GM_TRY_DONE(gm_hiding_mask(r, file, &picture, mask));
    GM_TRY_DONE(check_channels(completer, file, &picture, mask));
    status = fill_in(completer, mask, &picture);
    if (status != GM_OK) {
        status = gm_fail_prefix(status, "%s", file);
        goto done;
    }
    drop_opacity(&picture);
    char ending[16];
    const gm_writer *writer = NULL;
    if (format)
        GM_TRY_DONE(gm_writer_find_named(file, format, &writer));
    gm_snprintf(ending, sizeof ending, "%s", writer ? writer->format.ending : ending_for(&picture));
    GM_TRY_DONE(name_file(&path, file, folder, ending));
    status = put(completer, path.data, &picture, format);
done:
    free(picture.pixels);
    free(mask);
    gm_text_finish(&path);
    return status;
}

// ---- A folder ----

static bool same_file(const char *a, const char *b) {
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Names without their endings, as those of the new files may all be one.
static gm_status check_names(const char *const *files, size_t count, const char *folder) {
    gm_text path = {0};
    char **names;
    gm_status status = GM_OK;
    GM_TRY(gm_alloc(&names, count, sizeof *names, "file names"));
    for (size_t i = 0; i < count && status == GM_OK; i++) {
        status = name_file(&path, files[i], folder, "");
        if (status == GM_OK)
            status = gm_alloc(&names[i], path.length + 1, 1, "a file name");
        if (status == GM_OK)
            memcpy(names[i], path.data, path.length + 1);
        gm_text own = {0};
        gm_text_printf(&own, "%s/%s", folder, base_name(files[i]));
        if (status == GM_OK && !own.failed && same_file(own.data, files[i]))
            status = gm_fail(GM_ERROR_ARGUMENT,
                             "%s: lies in the folder that the completed pictures go to: name another", files[i]);
        gm_text_finish(&own);
    }
    if (status == GM_OK)
        qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count && status == GM_OK; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            status = gm_fail(GM_ERROR_ARGUMENT,
                             "%s: two of the files would be written by this name: complete them into "
                             "folders of their own",
                             names[i]);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    gm_text_finish(&path);
    return status;
}

gm_status gm_completer_write_folder(gm_completer *completer, const char *const *files, size_t count, const char *folder,
                                    const gm_hidden *hidden, const gm_write_options *options) {
    const char *format = options ? options->format : NULL;
    const gm_writer *writer;
    gm_hiding r;
    gm_status status = gm_hiding_init(&r, hidden);
    if (status == GM_OK && (count == 0 || *folder == '\0'))
        status = gm_fail(GM_ERROR_ARGUMENT, "%s", count == 0 ? "no files to complete" : "the folder has no name");
    if (status == GM_OK && format)
        status = gm_writer_find_named(folder, format, &writer);
    if (status == GM_OK && format && !writer->encode_pictures)
        status = gm_fail(GM_ERROR_ARGUMENT, "%s: %s holds %s, no pictures", folder, writer->format.name,
                         writer->format.holds);
    if (status == GM_OK && format && (writer->takes & GM_WRITE_QUALITY))
        status =
            gm_fail(GM_ERROR_ARGUMENT, "%s: %s changes known pixels: name another format", folder, writer->format.name);
    if (status == GM_OK)
        status = check_names(files, count, folder);
    if (status == GM_OK)
        status = gm_folder_create_empty(folder, "name another folder");
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = complete_file(completer, files[i], folder, &r, format);
    free(r.mask.pixels);
    return status;
}

// Completing files of pictures. Known pixels go from the file into the new one as they are, in the file's own depth:
// only what is filled in is converted.
#include "data/picture.h"
#include "sample/writers.h"
#include "use/completer.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// ---- Pictures ----

static size_t colours_of(const gm_picture *picture) {
    return picture->channels - picture->alpha;
}

static gm_status read_picture(const char *path, gm_picture *picture) {
    char *data;
    size_t bytes;
    *picture = (gm_picture){0};
    GM_TRY(gm_file_read(path, GM_PICTURE_LIMIT, &data, &bytes));
    gm_status status = gm_picture_parse(path, data, bytes, NULL, picture);
    free(data);
    return status;
}

static double value_at(const gm_picture *picture, size_t index) {
    return picture->type == GM_PICTURE_U8    ? ((const uint8_t *)picture->pixels)[index]
           : picture->type == GM_PICTURE_U16 ? ((const uint16_t *)picture->pixels)[index]
                                             : (double)((const float *)picture->pixels)[index];
}

static void set_value(gm_picture *picture, size_t index, double value) {
    if (picture->type == GM_PICTURE_U8)
        ((uint8_t *)picture->pixels)[index] = (uint8_t)value;
    else if (picture->type == GM_PICTURE_U16)
        ((uint16_t *)picture->pixels)[index] = (uint16_t)value;
    else
        ((float *)picture->pixels)[index] = (float)value;
}

// ---- What is hidden ----

typedef struct rule {
    const gm_hidden *hidden;
    double colour[3]; // of 8 bits; of the picture's own depth where one number is given alone
    size_t numbers;   // 1 or 3; 0: no colour
    gm_picture mask;  // without pixels: none
} rule;

static int digit_of(char c) {
    return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

static bool read_hexadecimal(const char *text, double colour[3]) {
    if (text[0] != '#' || strlen(text) != 7)
        return false;
    for (size_t i = 0; i < 3; i++) {
        int high = digit_of(text[1 + 2 * i]), low = digit_of(text[2 + 2 * i]);
        if (high < 0 || low < 0)
            return false;
        colour[i] = 16 * high + low;
    }
    return true;
}

// "255,0,255" or "65535".
static size_t read_numbers(const char *text, double colour[3]) {
    size_t count = 0;
    while (count < 3) {
        char *end;
        colour[count] = gm_parse_double(text, &end);
        if (end == text || !isfinite(colour[count]))
            return 0;
        count++;
        if (*end == '\0')
            break;
        if (*end != ',')
            return 0;
        text = end + 1;
    }
    bool bytes = true;
    for (size_t i = 0; i < count; i++)
        bytes = bytes && colour[i] >= 0 && colour[i] <= 255;
    return count == 1 || (count == 3 && bytes) ? count : 0;
}

static gm_status read_colour(const char *text, rule *r) {
    static const struct {
        const char *name;
        double level;
    } names[] = {{"black", 0}, {"white", 255}, {"grey", 128}};
    r->numbers = 3;
    for (size_t i = 0; i < GM_COUNT(names); i++)
        if (strcmp(text, names[i].name) == 0) {
            r->colour[0] = r->colour[1] = r->colour[2] = names[i].level;
            return GM_OK;
        }
    if (read_hexadecimal(text, r->colour))
        return GM_OK;
    r->numbers = read_numbers(text, r->colour);
    if (r->numbers > 0)
        return GM_OK;
    return gm_fail(GM_ERROR_ARGUMENT,
                   "'%s' is no colour: black, white, grey, #rrggbb, RED,GREEN,BLUE of 0 to 255 each, or one value",
                   text);
}

static gm_status rule_init(rule *r, const gm_hidden *hidden) {
    static const gm_hidden clear = {0};
    *r = (rule){.hidden = hidden ? hidden : &clear};
    int given = (r->hidden->width > 0) + (r->hidden->mask != NULL) + (r->hidden->colour != NULL);
    if (given > 1)
        return gm_fail(GM_ERROR_ARGUMENT, "a box, a mask and a colour exclude each other: give one of them");
    if (r->hidden->width > 0 && r->hidden->height == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "a box of %zu x 0 hides nothing", r->hidden->width);
    if (r->hidden->colour)
        return read_colour(r->hidden->colour, r);
    return r->hidden->mask ? read_picture(r->hidden->mask, &r->mask) : GM_OK;
}

// A number for all channels is of the picture's own depth; colours are of 8 bits.
static bool has_colour(const rule *r, const gm_picture *picture, size_t first) {
    double scale = r->numbers == 3 ? gm_picture_white(picture->type) / 255 : 1;
    for (size_t c = 0; c < colours_of(picture); c++) {
        double wanted = r->colour[r->numbers == 3 && c < 3 ? c : 0] * scale;
        if (fabs(value_at(picture, first + c) - wanted) > 0)
            return false;
    }
    return true;
}

static bool is_white(const gm_picture *mask, size_t first) {
    for (size_t c = 0; c < colours_of(mask); c++)
        if (value_at(mask, first + c) > gm_picture_white(mask->type) / 2)
            return true;
    return false;
}

static bool is_hidden(const rule *r, const gm_picture *picture, size_t x, size_t y) {
    const gm_hidden *h = r->hidden;
    size_t pixel = y * picture->width + x;
    if (h->width > 0)
        return x >= h->left && x - h->left < h->width && y >= h->top && y - h->top < h->height;
    if (h->mask)
        return is_white(&r->mask, pixel * r->mask.channels);
    if (h->colour)
        return has_colour(r, picture, pixel * picture->channels);
    return picture->alpha && !(value_at(picture, (pixel + 1) * picture->channels - 1) > 0);
}

static gm_status make_mask(const rule *r, const char *path, const gm_picture *picture, uint8_t *mask) {
    size_t area = picture->width * picture->height, hidden = 0;
    if (r->hidden->mask && (r->mask.width != picture->width || r->mask.height != picture->height))
        return gm_fail(GM_ERROR_ARGUMENT, "%s: is %zu x %zu, but the mask %s is %zu x %zu", path, picture->width,
                       picture->height, r->hidden->mask, r->mask.width, r->mask.height);
    for (size_t i = 0; i < area; i++)
        hidden += (mask[i] = is_hidden(r, picture, i % picture->width, i / picture->width) ? 1u : 0u);
    if (hidden > 0)
        return GM_OK;
    if (r->hidden->width > 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the box lies outside of its %zu x %zu pixels", path, picture->width,
                       picture->height);
    if (r->hidden->mask)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: the mask %s hides nothing of it: white is what is filled in", path,
                       r->hidden->mask);
    if (r->hidden->colour)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no pixel has exactly the colour %s", path, r->hidden->colour);
    return gm_fail(GM_ERROR_ARGUMENT,
                   "%s: no pixel is clear (opacity 0): say what is hidden by a box, a mask or a colour", path);
}

// ---- Values ----

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
    size_t wanted = completer->filler.channels, colours = colours_of(picture);
    if (colours == wanted || (colours == 1 && wanted == 3))
        return GM_OK;
    if (colours != 3 || wanted != 1)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: has %zu channels, but %s completes pictures of %zu", path, colours,
                       completer->run, wanted);
    for (size_t i = 0; i < picture->width * picture->height; i++)
        for (size_t c = 1; c < 3 && !mask[i]; c++)
            if (fabs(value_at(picture, i * picture->channels + c) - value_at(picture, i * picture->channels)) > 0)
                return gm_fail(GM_ERROR_ARGUMENT, "%s: has colours, but %s completes grey pictures", path,
                               completer->run);
    return GM_OK;
}

static void to_values(const gm_completer *completer, const gm_picture *picture, float *values) {
    const gm_common *common = gm_common_of(completer->trained.recipe);
    double low = common->data.range.low, high = common->data.range.high;
    size_t area = picture->width * picture->height, colours = colours_of(picture);
    for (size_t c = 0; c < completer->filler.channels; c++) {
        levels l = levels_of(completer, picture, c);
        for (size_t i = 0; i < area; i++) {
            double value = value_at(picture, i * picture->channels + (c < colours ? c : 0));
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
    size_t area = picture->width * picture->height, colours = colours_of(picture);
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
    return picture->type != GM_PICTURE_F32 && colours_of(picture) != 2 && picture->channels <= 4;
}

static const char *ending_for(const gm_picture *picture) {
    return suits_png(picture) ? ".png" : ".tiff";
}

// Where every pixel is opaque, opacity is left out.
static void drop_opacity(gm_picture *picture) {
    size_t area = picture->width * picture->height, colours = colours_of(picture);
    double most = gm_picture_white(picture->type);
    for (size_t i = 0; i < area; i++)
        if (!picture->alpha || value_at(picture, (i + 1) * picture->channels - 1) < most)
            return;
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < colours; c++)
            set_value(picture, i * colours + c, value_at(picture, i * picture->channels + c));
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

static gm_status complete_file(gm_completer *completer, const char *file, const char *folder, const rule *r,
                               const char *format) {
    gm_picture picture = {0};
    gm_text path = {0};
    uint8_t *mask = NULL;
    gm_status status;
    GM_TRY_DONE(read_picture(file, &picture));
    GM_TRY_DONE(gm_alloc(&mask, picture.width, picture.height, file));
    GM_TRY_DONE(make_mask(r, file, &picture, mask));
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
    rule r;
    gm_status status = rule_init(&r, hidden);
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
        status = gm_folder_create(folder);
    for (size_t i = 0; i < count && status == GM_OK; i++)
        status = complete_file(completer, files[i], folder, &r, format);
    free(r.mask.pixels);
    return status;
}

// The formats of pictures: a row each.
#include "data/picture.h"

#include "data/magic.h"
#include "data/png.h"

typedef struct picture_format {
    bool (*tell)(const uint8_t *head, size_t bytes);
    gm_status (*parse_header)(const char *name, const uint8_t *head, size_t bytes, gm_picture *picture);
    gm_status (*parse)(const char *name, const void *data, size_t bytes, gm_picture *picture);
} picture_format;

static const picture_format formats[] = {
    {gm_png_tell, gm_png_parse_header, gm_png_parse},
};

static const picture_format *find(const uint8_t *head, size_t bytes) {
    for (size_t i = 0; i < GM_COUNT(formats); i++)
        if (formats[i].tell(head, bytes))
            return &formats[i];
    return NULL;
}

static gm_status refuse(const char *name, const uint8_t *head, size_t bytes, gm_picture *picture) {
    const char *known = gm_magic_describe(head, bytes);
    *picture = (gm_picture){0};
    if (bytes == 0)
        return gm_fail(GM_ERROR_FORMAT, "%s: is empty", name);
    if (known)
        return gm_fail(GM_ERROR_FORMAT, "%s: is %s", name, known);
    return gm_fail(GM_ERROR_FORMAT, "%s: is no picture: its first bytes are not those of a PNG file", name);
}

bool gm_picture_tell(const uint8_t *head, size_t bytes) {
    return find(head, bytes);
}

gm_status gm_picture_parse(const char *name, const void *data, size_t bytes, gm_picture *picture) {
    const picture_format *format = find(data, bytes);
    return format ? format->parse(name, data, bytes, picture) : refuse(name, data, bytes, picture);
}

gm_status gm_picture_parse_header(const char *name, const uint8_t *head, size_t bytes, gm_picture *picture) {
    const picture_format *format = find(head, bytes);
    return format ? format->parse_header(name, head, bytes, picture) : refuse(name, head, bytes, picture);
}

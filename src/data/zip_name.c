#include "data/zip_name.h"

#include "base/base.h"
#include "data/paths.h"

// The letters from 128 on.
static const uint16_t page_437[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee,
    0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9, 0x00ff, 0x00d6,
    0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa,
    0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb, 0x2591, 0x2592, 0x2593, 0x2502,
    0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510, 0x2514,
    0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f, 0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550,
    0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c,
    0x2588, 0x2584, 0x258c, 0x2590, 0x2580, 0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
    0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320,
    0x2321, 0x00f7, 0x2248, 0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

static bool is_utf8(const char *text) {
    size_t length = 1;
    for (; *text && length > 0; text += length)
        length = gm_utf8_length(text);
    return length > 0;
}

gm_status gm_zip_name_append(gm_bytes *names, const char *path, const uint8_t *name, size_t bytes) {
    size_t begin = names->length;
    if (memchr(name, '\0', bytes))
        return gm_fail(GM_ERROR_FORMAT, "%s: is damaged: the name of an entry has a byte of zero", path);
    GM_TRY(gm_bytes_append(names, name, bytes, path));
    GM_TRY(gm_bytes_append(names, "", 1, path));
    if (!is_utf8((const char *)names->data + begin)) {
        names->length = begin;
        for (size_t i = 0; i < bytes; i++) {
            char letter[4];
            size_t length = gm_utf8_encode(name[i] < 0x80 ? name[i] : page_437[name[i] - 0x80], letter);
            GM_TRY(gm_bytes_append(names, letter, length, path));
        }
        GM_TRY(gm_bytes_append(names, "", 1, path));
    }
    for (uint8_t *at = names->data + begin; *at; at++)
        if (*at == '\\') // as Windows' programs leave it
            *at = '/';
    gm_path_shorten((char *)names->data + begin);
    names->length = begin + strlen((char *)names->data + begin) + 1;
    return GM_OK;
}

bool gm_zip_name_leads_out(const char *name) {
    if (name[0] == '/' || (name[0] != '\0' && name[1] == ':'))
        return true;
    for (const char *at = name; *at;) {
        size_t length = strcspn(at, "/");
        if (length == 2 && at[0] == '.' && at[1] == '.')
            return true;
        at += length + (at[length] != '\0');
    }
    return false;
}

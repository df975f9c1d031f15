// GIF (87a and 89a): palettes, interlacing, several frames that lie on each other -> 8-bit RGB with opacity, since what
// no frame covers is clear. Each frame is the whole canvas at its time, as viewers show it.
#include "data/picture_format.h"

#include <stdlib.h>
#include <string.h>

enum { SCREEN = 13, FRAME = 9, COLOURS = 256, CODES = 4096, CODE_BITS = 12, NONE = -1, CHANNELS = 4 };
enum { KEEP = 1, CLEAR = 2, RESTORE = 3 }; // what becomes of a frame before the next: KEEP and 0 are the same

typedef struct gif {
    const char *name;
    const uint8_t *data; // the file
    size_t bytes, at;    // where the next block begins
    size_t width, height;
    const uint8_t *palette; // of all frames without one of their own: 3 bytes each; NULL: there is none
    size_t colours;
    int clear;       // of the next frame: its palette's index that shows what lies behind, or NONE
    size_t disposal; // of the next frame
} gif;

// One frame's place on the canvas, and its pixels.
typedef struct frame {
    size_t left, top, width, height, disposal;
    bool interlaced;
    const uint8_t *palette;
    size_t colours;
    int clear;
    size_t code_size; // bits of a colour's code
    size_t blocks;    // where its data begin
} frame;

static size_t little(const uint8_t *b) {
    return b[0] | (size_t)b[1] << 8;
}

static bool tell(const uint8_t *head, size_t bytes) {
    return bytes >= 6 && (memcmp(head, "GIF87a", 6) == 0 || memcmp(head, "GIF89a", 6) == 0);
}

static gm_status fail_cut(const gif *g) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is truncated: a GIF file of %zu bytes ends too early", g->name, g->bytes);
}

static gm_status fail_damaged(const gif *g, const char *why) {
    return gm_fail(GM_ERROR_FORMAT, "%s: is a damaged GIF file: %s", g->name, why);
}

// ---- Blocks ----

static size_t palette_colours(size_t packed) {
    return packed & 0x80 ? (size_t)2 << (packed & 7) : 0;
}

// Width 0: the bytes are too few.
static gm_status open_gif(gif *g, const char *name, const uint8_t *data, size_t bytes) {
    *g = (gif){.name = name, .data = data, .bytes = bytes, .clear = NONE};
    if (bytes < SCREEN)
        return GM_OK;
    g->width = little(data + 6);
    g->height = little(data + 8);
    if (g->width == 0 || g->height == 0)
        return fail_damaged(g, "its size is 0");
    if (g->width > GM_PICTURE_SIDE || g->height > GM_PICTURE_SIDE || g->width * g->height > GM_PICTURE_AREA)
        return gm_picture_refuse_area(name, g->width, g->height);
    g->colours = palette_colours(data[10]);
    g->palette = g->colours ? data + SCREEN : NULL;
    g->at = SCREEN + 3 * g->colours;
    return GM_OK;
}

// From the first of the sub-blocks, each of a byte that says how many follow it, to behind the empty one.
static gm_status skip_blocks(gif *g) {
    while (g->at < g->bytes && g->data[g->at] > 0)
        g->at += (size_t)g->data[g->at] + 1;
    if (g->at >= g->bytes)
        return fail_cut(g);
    g->at++;
    return GM_OK;
}

static gm_status read_extension(gif *g) {
    const uint8_t *b = g->data + g->at;
    if (g->bytes - g->at < 2)
        return fail_cut(g);
    if (b[1] == 0xf9) { // how the next frame is shown
        if (g->bytes - g->at < 8)
            return fail_cut(g);
        if (b[2] != 4)
            return fail_damaged(g, "a frame's settings have another length than 4");
        g->disposal = b[3] >> 2 & 7;
        g->clear = b[3] & 1 ? b[6] : NONE;
    }
    g->at += 2;
    return skip_blocks(g);
}

static gm_status read_frame(gif *g, frame *f) {
    const uint8_t *b = g->data + g->at + 1;
    if (g->bytes - g->at < 1 + FRAME)
        return fail_cut(g);
    *f = (frame){.left = little(b),
                 .top = little(b + 2),
                 .width = little(b + 4),
                 .height = little(b + 6),
                 .interlaced = b[8] & 0x40,
                 .disposal = g->disposal,
                 .clear = g->clear,
                 .palette = g->palette,
                 .colours = g->colours};
    g->at += 1 + FRAME;
    if (palette_colours(b[8]) > 0) {
        f->palette = g->data + g->at;
        f->colours = palette_colours(b[8]);
        g->at += 3 * f->colours;
    }
    if (g->at >= g->bytes || (f->palette && (size_t)(g->data + g->bytes - f->palette) < 3 * f->colours))
        return fail_cut(g);
    if (!f->palette)
        return fail_damaged(g, "a frame has no palette");
    if (f->left + f->width > g->width || f->top + f->height > g->height)
        return fail_damaged(g, "a frame reaches over the picture's edge");
    f->code_size = g->data[g->at++];
    if (f->code_size < 1 || f->code_size > 8)
        return fail_damaged(g, "its codes have a size that cannot be");
    f->blocks = g->at;
    g->disposal = 0;
    g->clear = NONE;
    return skip_blocks(g);
}

// The next frame; *end: there is none.
static gm_status next_frame(gif *g, frame *f, bool *end) {
    enum { EXTENSION = 0x21, IMAGE = 0x2c, TRAILER = 0x3b };
    *end = false;
    while (g->at < g->bytes) {
        if (g->data[g->at] == IMAGE)
            return read_frame(g, f);
        *end = g->data[g->at] == TRAILER;
        if (*end)
            return GM_OK;
        if (g->data[g->at] != EXTENSION)
            return fail_damaged(g, "it has a block of no known kind");
        GM_TRY(read_extension(g));
    }
    return fail_cut(g);
}

// ---- Codes: LZW, whose codes grow from code_size + 1 to 12 bits ----

typedef struct codes {
    const gif *g;
    size_t at, block_end; // the next byte, and the end of its sub-block
    uint32_t bits;        // read, not used yet
    size_t count;         // of them
    uint16_t before[CODES];
    uint8_t last[CODES], string[CODES];
} codes;

// -1: there are no more. Sub-blocks were found to lie within the file.
static int next_code(codes *c, size_t size) {
    while (c->count < size) {
        if (c->at == c->block_end) {
            size_t length = c->g->data[c->at++];
            if (length == 0)
                return -1;
            c->block_end = c->at + length;
        }
        c->bits |= (uint32_t)c->g->data[c->at++] << c->count;
        c->count += 8;
    }
    int code = (int)(c->bits & ((1u << size) - 1));
    c->bits >>= size;
    c->count -= size;
    return code;
}

// The frame's indices, (height, width), in the order of the file.
static gm_status decode(codes *c, const frame *f, uint8_t *indices) {
    const size_t clear = (size_t)1 << f->code_size, end = clear + 1, total = f->width * f->height;
    size_t size = f->code_size + 1, next = end + 1, done = 0, before = CODES;
    for (size_t i = 0; i < clear; i++)
        c->last[i] = (uint8_t)i;
    while (done < total) {
        const int read = next_code(c, size);
        const size_t code = (size_t)read;
        if (read < 0 || code == end)
            return fail_damaged(c->g, "a frame has fewer pixels than its size says");
        if (code == clear) {
            size = f->code_size + 1;
            next = end + 1;
            before = CODES;
            continue;
        }
        if (code > next || (code == next && (before == CODES || next == CODES)) || (before == CODES && code > end))
            return fail_damaged(c->g, "a code stands for nothing");
        size_t length = 0, at = code;
        if (code == next) { // the string before, and its own first value again
            length = 1;
            at = before;
        }
        while (at > end) {
            c->string[length++] = c->last[at];
            at = c->before[at];
        }
        const uint8_t first = c->last[at];
        c->string[length++] = first;
        if (code == next)
            c->string[0] = first;
        for (size_t i = length; i-- > 0 && done < total;)
            indices[done++] = c->string[i];
        if (before < CODES && next < CODES) {
            c->before[next] = (uint16_t)before;
            c->last[next++] = first;
            if (next == (size_t)1 << size && size < CODE_BITS)
                size++;
        }
        before = code;
    }
    return GM_OK;
}

// ---- The canvas ----

typedef struct canvas {
    codes codes;
    uint8_t *indices; // of the frame
    uint8_t *pixels;  // (height, width, 4): what is shown
    uint8_t *before;  // the same before the last frame
    frame last;       // whose disposal is still to be made
} canvas;

static void canvas_destroy(canvas **c) {
    if (*c) {
        free((*c)->indices);
        free((*c)->pixels);
        free((*c)->before);
    }
    free(*c);
    *c = NULL;
}

static gm_status canvas_create(canvas **c, const gif *g) {
    const size_t area = g->width * g->height;
    GM_TRY(gm_alloc(c, 1, sizeof **c, g->name));
    gm_status status = gm_alloc(&(*c)->indices, area, 1, g->name);
    if (status == GM_OK)
        status = gm_alloc(&(*c)->pixels, area, CHANNELS, g->name);
    if (status == GM_OK)
        status = gm_alloc(&(*c)->before, area, CHANNELS, g->name);
    if (status != GM_OK)
        canvas_destroy(c);
    return status;
}

// Row i of an interlaced frame lies there: every eighth, then those between, twice.
static size_t row_of(const frame *f, size_t i) {
    static const size_t starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    for (size_t pass = 0; f->interlaced && pass < GM_COUNT(starts); pass++) {
        size_t rows = f->height > starts[pass] ? gm_divide_up(f->height - starts[pass], steps[pass]) : 0;
        if (i < rows)
            return starts[pass] + i * steps[pass];
        i -= rows;
    }
    return i;
}

static void dispose(canvas *c, const gif *g) {
    const frame *f = &c->last;
    for (size_t y = 0; y < f->height && f->disposal > KEEP; y++) {
        const size_t at = ((f->top + y) * g->width + f->left) * CHANNELS;
        if (f->disposal == CLEAR)
            memset(c->pixels + at, 0, f->width * CHANNELS);
        else if (f->disposal == RESTORE)
            memcpy(c->pixels + at, c->before + at, f->width * CHANNELS);
    }
}

static gm_status draw(canvas *c, const gif *g, const frame *f) {
    dispose(c, g);
    c->last = *f;
    c->codes.g = g;
    c->codes.at = c->codes.block_end = f->blocks;
    c->codes.bits = 0;
    c->codes.count = 0;
    GM_TRY(decode(&c->codes, f, c->indices));
    for (size_t i = 0; i < f->height; i++) {
        const size_t at = ((f->top + row_of(f, i)) * g->width + f->left) * CHANNELS;
        if (f->disposal == RESTORE)
            memcpy(c->before + at, c->pixels + at, f->width * CHANNELS);
        for (size_t x = 0; x < f->width; x++) {
            const size_t index = c->indices[i * f->width + x];
            if ((int)index == f->clear)
                continue;
            if (index >= f->colours)
                return fail_damaged(g, "a pixel has a colour that the palette lacks");
            memcpy(c->pixels + at + x * CHANNELS, f->palette + 3 * index, 3);
            c->pixels[at + x * CHANNELS + 3] = UINT8_MAX;
        }
    }
    return GM_OK;
}

// ---- The interface ----

static gm_status count_frames(gif g, size_t *count) {
    frame f;
    bool end;
    *count = 0;
    GM_TRY(next_frame(&g, &f, &end));
    for (; !end; ++*count)
        GM_TRY(next_frame(&g, &f, &end));
    return *count > 0 ? GM_OK : fail_damaged(&g, "it holds no frame");
}

static gm_picture describe(const gif *g, size_t frames) {
    return (gm_picture){.width = g->width, .height = g->height, .channels = CHANNELS, .alpha = true, .pages = frames};
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool whole,
                              const gm_picture_wish *wish, gm_picture *picture) {
    gif g;
    size_t frames = 1;
    *picture = (gm_picture){0};
    GM_TRY(open_gif(&g, name, data, bytes));
    if (g.width == 0)
        return whole ? fail_cut(&g) : GM_OK;
    if (wish->pages == GM_PAGES_ITEMS && !whole)
        return GM_OK;
    if (whole) // also where the first alone is wanted, so that a file that was cut off is known
        GM_TRY(count_frames(g, &frames));
    *picture = describe(&g, wish->pages == GM_PAGES_ITEMS ? frames : 1);
    return GM_OK;
}

// Draws the frames from `first` on, up to `count` of them where there are so many, and hands over each.
static gm_status walk(const char *name, const uint8_t *data, size_t bytes, size_t first, size_t count,
                      gm_picture_take *take, void *user) {
    gif g;
    frame f;
    canvas *c;
    bool end = false;
    GM_TRY(open_gif(&g, name, data, bytes));
    if (g.width == 0)
        return fail_cut(&g);
    GM_TRY(canvas_create(&c, &g));
    gm_picture picture = describe(&g, 1);
    gm_status status = gm_alloc(&picture.pixels, g.width * g.height, CHANNELS, name);
    for (size_t i = 0; status == GM_OK && i < first + count; i++) {
        status = next_frame(&g, &f, &end);
        if (status == GM_OK && end)
            status = i > first ? GM_OK : fail_damaged(&g, i == 0 ? "it holds no frame" : "it lacks a frame");
        if (status != GM_OK || end)
            break;
        status = draw(c, &g, &f);
        if (status == GM_OK && i >= first) {
            memcpy(picture.pixels, c->pixels, g.width * g.height * CHANNELS);
            status = take(user, i - first, picture);
        }
    }
    free(picture.pixels);
    canvas_destroy(&c);
    return status;
}

static gm_status parse_frames(const char *name, const uint8_t *data, size_t bytes, gm_picture_take *take, void *user) {
    return walk(name, data, bytes, 0, SIZE_MAX, take, user);
}

static gm_status keep(void *user, size_t page, gm_picture picture) {
    gm_picture *kept = user;
    (void)page;
    void *pixels = kept->pixels;
    memcpy(pixels, picture.pixels, picture.width * picture.height * picture.channels);
    *kept = picture;
    kept->pixels = pixels;
    return GM_OK;
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    GM_TRY(parse_header(name, data, bytes, true, wish, picture));
    const size_t pages = picture->pages, page = wish->pages == GM_PAGES_ITEMS ? wish->page : 0;
    gm_status status = gm_alloc(&picture->pixels, picture->width * picture->height, picture->channels, name);
    if (status == GM_OK)
        status = walk(name, data, bytes, page, 1, keep, picture);
    picture->pages = pages;
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    return status;
}

const gm_picture_format gm_gif_format = {
    .name = "GIF", .tell = tell, .parse_header = parse_header, .parse = parse, .parse_frames = parse_frames};

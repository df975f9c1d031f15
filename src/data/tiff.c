// TIFF through libtiff, from memory: whole numbers and floats of any size, any number of channels, strips or tiles,
// channels together or apart, whatever compression libtiff was built with. Colour spaces but grey, RGB and palettes
// (CMYK, YCbCr, CIE Lab) become 8-bit RGB as libtiff converts them.
//
// A file may hold several pictures. Those that are smaller copies of others, or masks, are passed over.
#include "data/picture_format.h"

#include <string.h>

static bool tell(const uint8_t *head, size_t bytes) {
    return bytes >= 4 && (memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0 ||
                          memcmp(head, "II+\0", 4) == 0 || memcmp(head, "MM\0+", 4) == 0);
}

#ifdef GM_HAVE_TIFF

#include "data/alpha.h"
#include "data/orient.h"
#include "data/tiff_file.h"
#include "data/tiff_pages.h"

#include <math.h>
#include <stdlib.h>

// ---- The pages that are asked for ----

typedef struct pages {
    uint64_t *offsets; // of all pictures' directories; NULL: the first is all that is asked for
    size_t count;
} pages;

static gm_status list_pages(const gm_tiff_file *f, const gm_picture_wish *wish, pages *all) {
    *all = (pages){.count = 1};
    return wish->pages == GM_PAGES_FIRST ? GM_OK
                                         : gm_tiff_list_pages(f->name, f->data, f->bytes, &all->offsets, &all->count);
}

static gm_status describe_page(gm_tiff_file *f, const pages *all, size_t number, gm_tiff_page *p) {
    if (number >= all->count)
        return gm_fail(GM_ERROR_FORMAT, "%s: has %zu pages, but not page %zu", f->name, all->count, number + 1);
    if (all->offsets && !TIFFSetSubDirectory(f->tiff, all->offsets[number]))
        return gm_tiff_damaged(f);
    return gm_tiff_describe(f, p);
}

// One page of a stack, whose pages are channels all alike.
static gm_status describe_in_stack(gm_tiff_file *f, const pages *all, size_t number, const gm_tiff_page *first,
                                   gm_tiff_page *p) {
    GM_TRY(describe_page(f, all, number, p));
    if (p->width == first->width && p->height == first->height && p->channels == first->channels &&
        p->type == first->type && p->orientation == first->orientation)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT,
                   "%s: its page %zu is %zu x %zu pixels of %zu channels, %u bits, but its first %zu x %zu of %zu, %u: "
                   "only pages that are alike can be channels",
                   f->name, number + 1, p->width, p->height, p->channels, p->values.bits, first->width, first->height,
                   first->channels, first->values.bits);
}

// The page, or the first of a stack; `whole` is what the picture will be.
static gm_status describe_wish(gm_tiff_file *f, const gm_picture_wish *wish, const pages *all, gm_tiff_page *p,
                               gm_tiff_page *whole) {
    bool stack = wish->pages == GM_PAGES_CHANNELS;
    GM_TRY(describe_page(f, all, stack ? 0 : wish->page, p));
    *whole = *p;
    for (size_t i = 1; stack && i < all->count; i++) {
        gm_tiff_page other;
        GM_TRY(describe_in_stack(f, all, i, p, &other));
        whole->channels += p->channels;
        whole->alpha = false; // opacity of several pages is no one's
        GM_TRY(gm_tiff_check_size(f, whole));
    }
    return GM_OK;
}

static gm_picture describe_picture(const gm_tiff_page *whole, const gm_picture_wish *wish, const pages *all) {
    bool swap = gm_orient_swaps(whole->orientation);
    return (gm_picture){.width = swap ? whole->height : whole->width,
                        .height = swap ? whole->width : whole->height,
                        .channels = whole->channels,
                        .type = whole->type,
                        .alpha = whole->alpha,
                        .pages = wish->pages == GM_PAGES_ITEMS ? all->count : 1};
}

static gm_status parse_header(const char *name, const uint8_t *data, size_t bytes, bool complete,
                              const gm_picture_wish *wish, gm_picture *picture) {
    gm_tiff_file f;
    gm_tiff_page p, whole;
    pages all = {0};
    *picture = (gm_picture){0};
    if (!complete && wish->pages != GM_PAGES_FIRST)
        return GM_OK;
    gm_status status = gm_tiff_open(&f, name, data, bytes);
    if (status == GM_OK)
        status = list_pages(&f, wish, &all);
    if (status == GM_OK)
        status = describe_wish(&f, wish, &all, &p, &whole);
    if (status == GM_OK)
        *picture = describe_picture(&whole, wish, &all);
    if (!complete && (status != GM_OK || f.beyond)) { // part of the directory may lie further on
        *picture = (gm_picture){0};
        status = GM_OK;
    }
    gm_tiff_close(&f);
    free(all.offsets);
    return status;
}

// ---- Pixels ----

static gm_status read_pages(gm_tiff_file *f, const gm_picture_wish *wish, gm_picture *picture) {
    gm_tiff_page p, whole, other;
    pages all;
    GM_TRY(list_pages(f, wish, &all));
    gm_status status;
    GM_TRY_DONE(describe_wish(f, wish, &all, &p, &whole));
    *picture = describe_picture(&whole, wish, &all);
    picture->width = p.width;
    picture->height = p.height;
    GM_TRY_DONE(
        gm_alloc(&picture->pixels, p.width * p.height, whole.channels * gm_picture_value_bytes(whole.type), f->name));
    gm_tiff_target t = {.pixels = picture->pixels, .channels = whole.channels};
    if (wish->pages != GM_PAGES_CHANNELS || all.count == 1) {
        GM_TRY_DONE(gm_tiff_read_page(f, &p, &t));
        if (p.premultiplied && p.alpha)
            gm_alpha_divide(picture);
    } else {
        for (size_t i = 0; i < all.count; i++, t.first += p.channels) {
            GM_TRY_DONE(describe_in_stack(f, &all, i, &p, &other));
            GM_TRY_DONE(gm_tiff_read_page(f, &other, &t));
        }
    }
    status = gm_orient_apply(picture, p.orientation);
done:
    free(all.offsets);
    return status;
}

static gm_status check_values(const char *name, const gm_picture *picture) {
    const float *values = picture->pixels;
    size_t pixels = picture->width * picture->height;
    for (size_t i = 0; picture->type == GM_PICTURE_F32 && i < pixels * picture->channels; i++)
        if (!isfinite(values[i]))
            return gm_fail(
                GM_ERROR_FORMAT, "%s: its value at row %zu, column %zu is %g: only finite ones can be trained on", name,
                i / picture->channels / picture->width, i / picture->channels % picture->width, (double)values[i]);
    return GM_OK;
}

static gm_status parse(const char *name, const uint8_t *data, size_t bytes, const gm_picture_wish *wish,
                       gm_picture *picture) {
    gm_tiff_file f;
    *picture = (gm_picture){0};
    gm_status status = gm_tiff_open(&f, name, data, bytes);
    if (status == GM_OK)
        status = read_pages(&f, wish, picture);
    if (status == GM_OK)
        status = check_values(name, picture);
    gm_tiff_close(&f);
    if (status != GM_OK) {
        free(picture->pixels);
        *picture = (gm_picture){0};
    }
    return status;
}

const gm_picture_format gm_tiff_format = {
    .name = "TIFF", .paged = true, .tell = tell, .parse_header = parse_header, .parse = parse};

#else

const gm_picture_format gm_tiff_format = {.name = "TIFF", .package = "libtiff-dev", .tell = tell};

#endif

// Marginals of a table: a panel of bars for each column, with its name above and what the bars are of below.
#include "sample/marginals.h"

#include "sample/cell.h"
#include "sample/font.h"
#include "sample/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_PANELS = 64,
    MOST_BARS = 60,
    MARGIN = 8,
    PLOT_WIDTH = 240,
    PLOT_HEIGHT = 96,
    LABEL = GM_FONT_HEIGHT + 4,
    PANEL_WIDTH = PLOT_WIDTH + 2 * MARGIN,
    PANEL_HEIGHT = PLOT_HEIGHT + 2 * LABEL + MARGIN,
};

static const uint8_t black[3] = {0, 0, 0}, grey[3] = {170, 170, 170}, blue[3] = {31, 119, 180};

typedef struct canvas {
    gm_raster *picture; // red, green and blue of 8 bits
    size_t x, y;        // where a text begins
} canvas;

static void set(canvas *c, size_t x, size_t y, const uint8_t colour[3]) {
    if (x < c->picture->width && y < c->picture->height)
        memcpy((uint8_t *)c->picture->values + 3 * (y * c->picture->width + x), colour, 3);
}

static void fill(canvas *c, size_t x, size_t y, size_t width, size_t height, const uint8_t colour[3]) {
    for (size_t i = 0; i < height; i++)
        for (size_t j = 0; j < width; j++)
            set(c, x + j, y + i, colour);
}

static void dot(void *user, size_t x, size_t y) {
    canvas *c = user;
    set(c, c->x + x, c->y + y, black);
}

static void write(canvas *c, size_t x, size_t y, const char *text, size_t width) {
    c->x = x;
    c->y = y;
    gm_font_draw(text, width / GM_FONT_WIDTH, dot, c);
}

// ---- Counting ----

// What the bars are: places, of which the last is for missing cells.
static size_t count_bars(const gm_column *column) {
    size_t places = column->type == GM_COLUMN_CATEGORY ? column->category_count
                    : gm_column_has_place(column)      ? (size_t)GM_COLUMN_BINS
                                                       : 1;
    return places + gm_column_shows_missing(column);
}

static size_t bar_of(const gm_column *column, double cell, size_t bars) {
    if (isnan(cell))
        return bars - 1;
    if (column->type == GM_COLUMN_CATEGORY)
        return (size_t)cell;
    if (!gm_column_has_place(column))
        return 0;
    double share = (cell - column->minimum) / (column->maximum - column->minimum);
    return (size_t)fmax(0, fmin(share * GM_COLUMN_BINS, GM_COLUMN_BINS - 1));
}

// Shares of all rows: of the table, and as the schema counted them; all zero where it did not.
static void find_shares(const gm_table_schema *schema, size_t which, const gm_table *table, size_t bars, double *made,
                        double *counted) {
    const gm_column *column = &schema->columns[which];
    double rows = 0;
    for (size_t i = 0; i < table->rows; i++)
        made[bar_of(column, table->cells[i * schema->column_count + which], bars)] += 1 / (double)table->rows;
    if (!column->counts)
        return;
    for (size_t i = 0; i < bars; i++) {
        bool missing = i + 1 == bars && gm_column_shows_missing(column);
        counted[i] = (double)(missing ? column->missing : column->counts[i]);
        rows += counted[i];
    }
    for (size_t i = 0; i < bars && rows > 0; i++)
        counted[i] /= rows;
}

// ---- Drawing ----

static void draw_bars(canvas *c, size_t left, size_t bottom, const double *made, const double *counted, size_t bars,
                      size_t width) {
    double most = 1e-9;
    for (size_t i = 0; i < bars; i++)
        most = fmax(most, fmax(made[i], counted[i]));
    for (size_t i = 0; i < bars; i++) {
        size_t begin = left + i * width, half = GM_MAX(width / 2, (size_t)1), gap = width > 4;
        size_t high = (size_t)(counted[i] / most * PLOT_HEIGHT + .5);
        fill(c, begin + gap, bottom - high, half - gap, high, grey);
        high = (size_t)(made[i] / most * PLOT_HEIGHT + .5);
        fill(c, begin + half, bottom - high, GM_MAX(width - half - gap, (size_t)1), high, blue);
    }
}

// The ends of a range, or the categories under their bars.
static void draw_labels(canvas *c, const gm_table_schema *schema, const gm_column *column, size_t left, size_t top,
                        size_t bars, size_t width) {
    if (column->type == GM_COLUMN_CATEGORY) {
        for (size_t i = 0; i < bars; i++)
            write(c, left + i * width + 1, top, i < column->category_count ? column->categories[i] : "missing", width);
        return;
    }
    for (size_t end = 0; end < 2; end++) {
        gm_text text = {0};
        gm_cell_write(&text, column, &(gm_table_dialect){.decimal = schema->dialect.decimal},
                      end ? column->maximum : column->minimum, false);
        size_t taken = text.data ? GM_MIN(text.length * GM_FONT_WIDTH, (size_t)PLOT_WIDTH / 2) : 0;
        if (text.data)
            write(c, end ? left + GM_COLUMN_BINS * width - taken : left, top, text.data, PLOT_WIDTH / 2);
        gm_text_finish(&text);
    }
}

static gm_status draw_panel(canvas *c, const gm_table_schema *schema, size_t which, const gm_table *table, size_t left,
                            size_t top) {
    const gm_column *column = &schema->columns[which];
    size_t bars = count_bars(column), shown = GM_MIN(bars, (size_t)MOST_BARS), width = PLOT_WIDTH / shown;
    size_t bottom = top + LABEL + PLOT_HEIGHT;
    double *shares;
    GM_TRY(gm_alloc(&shares, 2 * bars, sizeof *shares, "the shares of a column"));
    find_shares(schema, which, table, bars, shares, shares + bars);
    write(c, left, top, column->name, PLOT_WIDTH);
    draw_bars(c, left, bottom, shares, shares + bars, shown, width);
    fill(c, left, bottom, PLOT_WIDTH, 1, black);
    draw_labels(c, schema, column, left, bottom + 3, shown, width);
    free(shares);
    return GM_OK;
}

gm_status gm_marginals_draw(const char *name, const gm_table_schema *schema, const gm_table *table,
                            gm_raster *picture) {
    size_t panels = 0, drawn = 0;
    for (size_t i = 0; i < schema->column_count; i++)
        panels += gm_column_codes(&schema->columns[i]) > 0;
    panels = GM_MIN(panels, (size_t)MOST_PANELS);
    if (panels == 0 || table->rows == 0)
        return gm_fail(GM_ERROR_ARGUMENT, "%s: no picture of a table of %zu rows without a column that varies", name,
                       table->rows);
    size_t across = (size_t)ceil(sqrt((double)panels)), down = gm_divide_up(panels, across);
    size_t width = across * PANEL_WIDTH + MARGIN, height = down * PANEL_HEIGHT + LABEL + MARGIN;
    canvas c = {.picture = picture};
    GM_TRY(gm_raster_create(picture, name, width, height, 3, 8));
    memset(picture->values, 255, 3 * width * height);
    write(&c, MARGIN, MARGIN / 2, "grey: the table, blue: these rows", width);
    gm_status status = GM_OK;
    for (size_t i = 0; i < schema->column_count && drawn < panels && status == GM_OK; i++) {
        if (gm_column_codes(&schema->columns[i]) == 0)
            continue;
        status = draw_panel(&c, schema, i, table, MARGIN + drawn % across * PANEL_WIDTH,
                            MARGIN + LABEL + drawn / across * PANEL_HEIGHT);
        drawn++;
    }
    return status;
}

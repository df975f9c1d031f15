// Rows of tables as GAIN has them: which of their codes are values, and which say that one is missing.
#include "model/gain.h"

#include "base/base.h"
#include "graph/graph.h"
#include "sample/schema.h"

// The codes of one column: places or one-hot categories, and behind them perhaps one that says that it is missing.
static void lay_out(gm_gain_layout *l, size_t first, size_t count, bool missing) {
    size_t values = count - missing;
    for (size_t k = 0; k < values; k++) {
        l->places[l->values] = (int32_t)(first + k);
        l->flags[l->values] = missing ? (int32_t)(first + values) : (int32_t)l->codes;
        l->column[l->values] = (int32_t)l->columns;
        l->back[first + k] = (int32_t)l->values++;
    }
    l->columns += values > 0;
}

gm_status gm_gain_layout_init(gm_gain_layout *l, const gm_sample *format, gm_arena *arena) {
    size_t codes = gm_sample_values(format), first = 0;
    const gm_table_schema *table = format->table;
    int32_t *room = gm_arena_alloc(arena, (4 * codes + 1) * sizeof *room);
    if (!room)
        return gm_fail_memory(4 * codes * sizeof *room, "the codes of a table");
    *l = (gm_gain_layout){
        .codes = codes, .places = room, .flags = room + codes, .column = room + 2 * codes, .back = room + 3 * codes};
    for (size_t i = 0; i < codes; i++)
        l->back[i] = -1;
    for (size_t i = 0; table && i < table->column_count; i++) {
        size_t count = gm_column_codes(&table->columns[i]);
        if (count > 0)
            lay_out(l, first, count, gm_column_shows_missing(&table->columns[i]));
        first += count;
    }
    for (size_t i = 0; !table && i < codes; i++)
        lay_out(l, i, 1, false);
    for (size_t i = 0; i < codes; i++)
        if (l->back[i] < 0)
            l->back[i] = (int32_t)l->values;
    return l->values > 0 ? GM_OK : gm_fail(GM_ERROR_ARGUMENT, "the table has no column whose values differ");
}

gm_tensor *gm_gain_pick(gm_tensor *x, const int32_t *which, size_t count) {
    const size_t turned[2] = {1, 0};
    gm_graph *graph = gm_tensor_graph(x);
    gm_tensor *zeros = gm_full(graph, GM_SHAPE(gm_tensor_shape(x)->dim[0], 1), 0);
    gm_tensor *all = gm_concat((gm_tensor *[]){x, zeros}, 2, 1);
    gm_tensor *from = gm_constant_array(graph, GM_INT32, GM_SHAPE(count), which);
    return gm_transpose(gm_gather(gm_transpose(all, turned), from), turned);
}

void gm_gain_split(const gm_gain_layout *l, const gm_sample *format, gm_tensor *rows, gm_tensor **values,
                   gm_tensor **known) {
    gm_graph *graph = gm_tensor_graph(rows);
    const double width = format->table ? format->high - format->low : 1, low = format->table ? format->low : 0;
    gm_tensor *shares = gm_scale(gm_offset(rows, -low), 1 / width);
    *values = gm_gain_pick(shares, l->places, l->values);
    *known = gm_less(gm_gain_pick(shares, l->flags, l->values), gm_constant(graph, 0.5));
}

gm_tensor *gm_gain_complete(gm_tensor *values, gm_tensor *known, gm_tensor *made) {
    return gm_select(known, values, made);
}

gm_tensor *gm_gain_input(gm_tensor *values, gm_tensor *known, gm_tensor *noise) {
    return gm_concat((gm_tensor *[]){gm_gain_complete(values, known, noise), known}, 2, 1);
}

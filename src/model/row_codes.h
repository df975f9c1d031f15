// The codes of a table's rows as parts of graphs: places of numbers, and choices, of which one is made in each column.
//   N = rows, P = places, G = choices, W = what the widest of them is among.
//
// Networks of tables see places in deviations, -4 to 4 from one end to the other, and what is one-hot as 0 and 1,
// whatever the format's range: "normal" codes, (N, codes of the table) as they are.
#ifndef GM_MODEL_ROW_CODES_H
#define GM_MODEL_ROW_CODES_H

#include "sample/sample.h"

typedef struct gm_row_codes {
    const gm_sample *format; // of rows of a table, all of whose numbers are coded
    size_t count;            // of codes
    size_t places, choices, widest;
    // Of each place its code; of each choice and what it is among the code, `count` where there is none; and of each
    // code the row of places and choices, one behind the other, that it is.
    int32_t *place_codes, *choice_codes, *origins;
    int32_t *columns; // of each choice the column of the schema
} gm_row_codes;

// Fails where the format is of no table, or one of its numbers has neither modes nor quantiles. origin: begins
// messages.
gm_status gm_row_codes_init(gm_row_codes *codes, const gm_sample *format, const char *origin);
void gm_row_codes_finish(gm_row_codes *codes);

// The format's values (N, codes) -> normal codes; and back.
gm_tensor *gm_row_normal(const gm_row_codes *codes, gm_tensor *values);
gm_tensor *gm_row_values(const gm_row_codes *codes, gm_tensor *normal);

// Of normal codes, or of what a network makes in their place: the places (N, P), and the choices (G, W, N), where those
// of fewer than W are filled up with `filling`. NULL: there are none.
gm_tensor *gm_row_places(const gm_row_codes *codes, gm_tensor *x);
gm_tensor *gm_row_choices(const gm_row_codes *codes, gm_tensor *x, double filling);
// Back from both.
gm_tensor *gm_row_join(const gm_row_codes *codes, gm_tensor *places, gm_tensor *choices);

// What a network says of choices, as ln of probabilities or as these, each choice's summing to 1.
gm_tensor *gm_row_log_probabilities(const gm_row_codes *codes, gm_tensor *x);
// A choice each, relaxed (gm_gumbel_softmax_of). uniform: (N, codes) numbers from 0 on and below 1.
gm_tensor *gm_row_choose(const gm_row_codes *codes, gm_tensor *x, gm_tensor *uniform, double temperature);
// Numbers N(0, 1) of two uniform ones (Box and Muller 1958).
gm_tensor *gm_row_deviates(gm_tensor *u, gm_tensor *v);

#endif

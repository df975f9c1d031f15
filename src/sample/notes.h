// What a file says of itself: of which recipe, step and seeds it is.
#ifndef GM_SAMPLE_NOTES_H
#define GM_SAMPLE_NOTES_H

#include "sample/raster.h"

enum { GM_MOST_NOTES = 6 };

// "Recipe", "dcgan". Keys are PNG's where it has them.
typedef struct gm_note {
    const char *key, *value;
} gm_note;

typedef struct gm_notes {
    gm_note list[GM_MOST_NOTES];
    size_t count;
    gm_text seeds;
    char step[24], label[16]; // the class's number, where it has no name
} gm_notes;

// gm_notes_finish() whatever becomes of it
gm_status gm_notes_init(gm_notes *notes, const gm_writing *writing);
void gm_notes_finish(gm_notes *notes);
// All of them as lines "Recipe: dcgan"; without any, text->data stays NULL. gm_text_finish(text)
gm_status gm_notes_list(const gm_writing *writing, gm_text *text);

#endif

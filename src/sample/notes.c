// What a file says of itself.
#include "sample/notes.h"

enum { MOST_SEEDS_SHOWN = 1000 };

// "0-63,70": as --seeds takes them; repetitions are left out.
static void list_seeds(gm_text *text, const uint64_t *seeds, size_t count) {
    for (size_t i = 0, end; i < count && text->length < MOST_SEEDS_SHOWN; i = end) {
        for (end = i + 1; end < count && seeds[end] >= seeds[end - 1] && seeds[end] - seeds[end - 1] <= 1;)
            end++;
        gm_text_printf(text, "%s%llu", i > 0 ? "," : "", (unsigned long long)seeds[i]);
        if (seeds[end - 1] != seeds[i])
            gm_text_printf(text, "-%llu", (unsigned long long)seeds[end - 1]);
        if (text->length >= MOST_SEEDS_SHOWN && end < count)
            gm_text_append(text, ",...");
    }
}

static void add(gm_notes *notes, const char *key, const char *value) {
    notes->list[notes->count++] = (gm_note){key, value};
}

gm_status gm_notes_init(gm_notes *notes, const gm_writing *writing) {
    const gm_write_options *options = &writing->options;
    *notes = (gm_notes){0};
    if (!writing->recipe)
        return GM_OK;
    add(notes, "Software", "Ganymede " GM_VERSION);
    add(notes, "Recipe", writing->recipe);
    gm_snprintf(notes->step, sizeof notes->step, "%llu", (unsigned long long)writing->step);
    add(notes, "Step", notes->step);
    if (options->seeds && writing->count > 0) {
        list_seeds(&notes->seeds, options->seeds, writing->count);
        if (notes->seeds.failed)
            return gm_fail_memory(notes->seeds.length, writing->path);
        add(notes, writing->count == 1 ? "Seed" : "Seeds", notes->seeds.data);
    }
    if (options->labels && writing->count == 1) {
        int32_t label = options->labels[0];
        bool named = (size_t)label < writing->class_count;
        gm_snprintf(notes->label, sizeof notes->label, "%d", (int)label);
        add(notes, "Class", named ? writing->class_names[label] : notes->label);
    }
    if (writing->privacy)
        add(notes, "Privacy", writing->privacy);
    return GM_OK;
}

void gm_notes_finish(gm_notes *notes) {
    gm_text_finish(&notes->seeds);
}

gm_status gm_notes_list(const gm_writing *writing, gm_text *text) {
    gm_notes notes;
    gm_status status = gm_notes_init(&notes, writing);
    for (size_t i = 0; i < notes.count && status == GM_OK; i++)
        gm_text_printf(text, "%s%s: %s", i > 0 ? "\n" : "", notes.list[i].key, notes.list[i].value);
    if (status == GM_OK && text->failed)
        status = gm_fail_memory(text->length, writing->path);
    gm_notes_finish(&notes);
    return status;
}

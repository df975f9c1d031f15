// Whether a source is a text.
#include "data/texts.h"

#include "data/csv.h"
#include "data/list.h"
#include "data/paths.h"
#include "sample/cell.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MOST_LOOKED_AT = 1000, MOST_LEVELS = 4 }; // entries of a folder, and folders in each other

bool gm_texts_are_wanted(const gm_dataset_options *options) {
    const gm_text_schema *text = options->text;
    return text && (text->column || text->window > 0 || text->count > 0);
}

static bool is_called_text(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (strcasecmp(dot, ".txt") == 0 || strcasecmp(dot, ".text") == 0);
}

// ---- Files ----

static bool is_number(const char *text, size_t length) {
    char field[64];
    double value;
    while (length > 0 && text[length - 1] == ' ')
        length--;
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    if (length == 0 || length >= sizeof field)
        return false;
    memcpy(field, text, length);
    field[length] = '\0';
    return gm_cell_number(field, '.', &value, NULL);
}

// Rows of numbers, by the last of the first two lines: with a separator, or one alone.
static bool is_numbers(const gm_source *source) {
    char text[GM_HEAD_BYTES + 1];
    memcpy(text, source->head, source->head_bytes);
    text[source->head_bytes] = '\0';
    const char *line = text;
    for (int i = 0; i < 2; i++) {
        size_t length = strcspn(line, "\r\n"), next = length + strspn(line + length, "\r\n");
        if (i == 1 || line[next] == '\0') {
            size_t field = strcspn(line, ",;\t|\r\n");
            const char *last = line + length;
            while (last > line && !strchr(",;\t|", last[-1]))
                last--;
            return is_number(line, field) || (last > line && is_number(last, (size_t)(line + length - last)));
        }
        line += next;
    }
    return false;
}

bool gm_texts_tell(const gm_source *source) {
    if (source->text)
        return true;
    if (source->head_bytes == 0 || !is_called_text(source->path) || gm_list_find_form(source) != GM_LIST_NONE)
        return false;
    for (size_t i = 0; i < source->head_bytes; i++)
        if (source->head[i] < ' ' && !memchr("\t\n\r\f\0", source->head[i], 5))
            return false; // a byte of zero is left to the reader, which names its line
    return !is_numbers(source);
}

// ---- Folders ----

typedef struct look {
    bool texts, others;
    size_t entries;
} look;

// Until there is a file that is no text.
static void look_into(int parent, const char *name, size_t level, look *l) {
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
    DIR *folder = descriptor < 0 ? NULL : fdopendir(descriptor);
    const struct dirent *entry;
    if (!folder) { // a file
        l->others = true;
        if (descriptor >= 0)
            close(descriptor);
        return;
    }
    while (l->entries < MOST_LOOKED_AT && !l->others && (entry = readdir(folder))) {
        l->entries++;
        if (gm_path_is_hidden(entry->d_name))
            continue;
        if (is_called_text(entry->d_name))
            l->texts = true;
        else if (level < MOST_LEVELS)
            look_into(descriptor, entry->d_name, level + 1, l);
        else
            l->others = true;
    }
    closedir(folder);
}

bool gm_texts_tell_folder(const gm_source *source) {
    look l = {0};
    if (source->text)
        return true;
    look_into(source->descriptor, ".", 0, &l);
    return l.texts && !l.others;
}

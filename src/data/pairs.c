// Lines of a file's name and its label, each in double quotes or not: as CSV has them, a quote in quotes is doubled.
#include "data/pairs.h"

#include <string.h>

// The field at *text, which moves behind it and its separator; false: a quote does not end, or goes on behind its end.
static bool read_field(const char **text, const char *end, char separator, gm_field *f) {
    const char *at = *text;
    if (at < end && *at == '"') {
        const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
        while (quote && quote + 1 < end && quote[1] == '"')
            quote = memchr(quote + 2, '"', (size_t)(end - quote - 2));
        if (!quote || (quote + 1 < end && quote[1] != separator))
            return false;
        *f = (gm_field){at + 1, (size_t)(quote - at - 1), true};
        at = quote + 1;
    } else {
        const char *stop = memchr(at, separator, (size_t)(end - at));
        *f = (gm_field){at, (size_t)((stop ? stop : end) - at), false};
        at += f->length;
    }
    *text = at < end ? at + 1 : NULL;
    return true;
}

char gm_pair_separator(const char *line, const char *end) {
    size_t length = (size_t)(end - line);
    return memchr(line, '\t', length) ? '\t' : memchr(line, ';', length) ? ';' : ',';
}

bool gm_pair_split(const char *text, const char *end, char separator, gm_field fields[2]) {
    return read_field(&text, end, separator, &fields[0]) && text && read_field(&text, end, separator, &fields[1]) &&
           !text;
}

// One quote of each two.
static gm_status join_quotes(gm_field *f, gm_arena *arena) {
    if (!f->quoted || !memchr(f->text, '"', f->length))
        return GM_OK;
    char *text = gm_arena_copy(arena, f->text, f->length);
    size_t length = 0;
    if (!text)
        return gm_fail_memory(f->length, "a label");
    for (size_t i = 0; i < f->length; i++) {
        text[length++] = f->text[i];
        i += f->text[i] == '"';
    }
    *f = (gm_field){text, length, false};
    return GM_OK;
}

gm_status gm_pair_parse(const char *name, size_t line, const char *text, const char *end, char separator,
                        gm_arena *arena, gm_field fields[2]) {
    if (gm_pair_split(text, end, separator, fields) && fields[0].length > 0 && fields[1].length > 0) {
        GM_TRY(join_quotes(&fields[0], arena));
        return join_quotes(&fields[1], arena);
    }
    return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no line of a file and its label: expected FILE%cLABEL", name, line,
                   separator);
}

// Lines of a file's name and its label, each in double quotes or not.
#include "data/pairs.h"

#include <string.h>

// The field at *text, which moves behind it and its separator; false: a quote does not end, or goes on behind its end.
static bool read_field(const char **text, const char *end, char separator, gm_field *f) {
    const char *at = *text;
    if (at < end && *at == '"') {
        const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));
        if (!quote || (quote + 1 < end && quote[1] != separator))
            return false;
        *f = (gm_field){at + 1, (size_t)(quote - at - 1)};
        at = quote + 1;
    } else {
        const char *stop = memchr(at, separator, (size_t)(end - at));
        *f = (gm_field){at, (size_t)((stop ? stop : end) - at)};
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

gm_status gm_pair_parse(const char *name, size_t line, const char *text, const char *end, char separator,
                        gm_field fields[2]) {
    if (gm_pair_split(text, end, separator, fields) && fields[0].length > 0 && fields[1].length > 0)
        return GM_OK;
    return gm_fail(GM_ERROR_FORMAT, "%s:%zu: is no line of a file and its label: expected FILE%cLABEL", name, line,
                   separator);
}

// Seeds, grids and latent codes as they are written on the command line.
#include "ranges.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// One whole number; *text moves behind it.
static bool read_number(const char **text, uint64_t *value) {
    if (**text < '0' || **text > '9')
        return false;
    char *end = NULL;
    errno = 0;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

// Whether *text goes on; it moves behind the comma. *valid is false where neither a comma nor the end follows.
static bool next_part(const char **text, bool *valid) {
    *valid = **text == ',' || **text == '\0';
    return *(*text)++ == ',';
}

// "7" or "0-63".
static bool read_seeds(const char **text, uint64_t *first, uint64_t *last) {
    if (!read_number(text, first))
        return false;
    *last = *first;
    if (**text != '-')
        return true;
    ++*text;
    return read_number(text, last) && *last >= *first;
}

bool seeds_count(const char *text, size_t *count) {
    uint64_t first, last;
    bool valid;
    *count = 0;
    do {
        if (!read_seeds(&text, &first, &last) || last - first >= MOST_SAMPLES - *count)
            return false;
        *count += (size_t)(last - first) + 1;
    } while (next_part(&text, &valid));
    return valid;
}

void seeds_list(const char *text, uint64_t *seeds) {
    uint64_t first, last;
    bool valid;
    do {
        if (!read_seeds(&text, &first, &last))
            return;
        for (uint64_t i = 0; i <= last - first; i++)
            *seeds++ = first + i;
    } while (next_part(&text, &valid));
}

bool grid_parse(const char *text, size_t *columns, size_t *rows) {
    uint64_t wide, high;
    if (!read_number(&text, &wide) || *text++ != 'x' || !read_number(&text, &high) || *text != '\0')
        return false;
    if (wide == 0 || high == 0 || wide > 4096 || high > 4096)
        return false;
    *columns = (size_t)wide;
    *rows = (size_t)high;
    return true;
}

// A number in decimals; in "-1..1" it ends before the two dots.
static bool read_value(const char **text, double *value) {
    const char *dots = strstr(*text, "..");
    char number[40], *end;
    size_t length = strcspn(*text, ",");
    if (dots && (size_t)(dots - *text) < length)
        length = (size_t)(dots - *text);
    if (length == 0 || length >= sizeof number)
        return false;
    memcpy(number, *text, length);
    number[length] = '\0';
    *value = strtod(number, &end);
    *text += length;
    return *end == '\0' && isfinite(*value);
}

// "3", "*" or "-1..1".
static bool read_code(const char **text, code_range *code, bool *sweep) {
    *code = (code_range){NAN, NAN};
    if (**text == '*') {
        ++*text;
        return true;
    }
    if (!read_value(text, &code->first))
        return false;
    code->last = code->first;
    if (strncmp(*text, "..", 2) != 0)
        return true;
    *text += 2;
    *sweep = true;
    return read_value(text, &code->last);
}

bool codes_parse(const char *text, code_range codes[MOST_CODES], size_t *count, bool *sweep) {
    bool valid;
    *count = 0;
    *sweep = false;
    do {
        if (*count == MOST_CODES || !read_code(&text, &codes[*count], sweep))
            return false;
        ++*count;
    } while (next_part(&text, &valid));
    return valid;
}

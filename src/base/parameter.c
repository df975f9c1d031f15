// Tables of named settings: finding, setting from text, printing. Values are checked here and nowhere else, so that a
// recipe, a command-line override and a call from C get the same sentence.
#include "ganymede/parameter.h"

#include "base/base.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GM_TEXT_SIZE = 256 };

const gm_parameter *gm_parameter_find(const gm_parameter *rows, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++)
        if (key != NULL ? strcmp(rows[i].key, key) == 0 : rows[i].positional)
            return &rows[i];
    return NULL;
}

// The field of a row, checked by nobody: rows are written next to their structs.
static void *field(const gm_parameter *row, void *values) {
    return (char *)values + row->offset;
}

static const void *const_field(const gm_parameter *row, const void *values) {
    return (const char *)values + row->offset;
}

// What one number says of a range.
static gm_interval interval_of(const gm_parameter *row, double number) {
    if (row->neutral <= row->minimum)
        return (gm_interval){row->neutral, number};
    if (row->neutral >= row->maximum)
        return (gm_interval){number, row->neutral};
    return (gm_interval){row->neutral - number, row->neutral + number};
}

static void store(const gm_parameter *row, void *values, const double *numbers, size_t count) {
    void *to = field(row, values);
    switch (row->kind) {
    case GM_PARAMETER_INTEGER:
        *(size_t *)to = (size_t)numbers[0];
        break;
    case GM_PARAMETER_PAIR:
        ((size_t *)to)[0] = (size_t)numbers[0];
        ((size_t *)to)[1] = (size_t)numbers[count > 1];
        break;
    case GM_PARAMETER_AXES:
        for (size_t i = 0; i < GM_SPATIAL_AXES; i++)
            ((size_t *)to)[i] = count == 1 ? (size_t)numbers[0] : i < count ? (size_t)numbers[i] : GM_NO_AXIS;
        break;
    case GM_PARAMETER_NUMBER:
        *(double *)to = numbers[0];
        break;
    case GM_PARAMETER_RANGE:
        *(gm_interval *)to = count > 1 ? (gm_interval){numbers[0], numbers[1]} : interval_of(row, numbers[0]);
        break;
    case GM_PARAMETER_BOOLEAN:
        *(bool *)to = (numbers[0] != 0) != row->negated;
        break;
    case GM_PARAMETER_SHAPE: {
        gm_shape shape = {.rank = count};
        for (size_t i = 0; i < count; i++)
            shape.dim[i] = (size_t)numbers[i];
        *(gm_shape *)to = shape;
        break;
    }
    case GM_PARAMETER_CHOICE:
        *(int *)to = (int)numbers[0];
        break;
    case GM_PARAMETER_NAME: // these two have no numbers: their defaults are empty
        memset(to, 0, GM_NAME_SIZE);
        break;
    case GM_PARAMETER_LAYERS:
        *(gm_layer_list *)to = (gm_layer_list){0};
        break;
    case GM_PARAMETER_INVALID:
        break;
    }
}

void gm_parameter_defaults(const gm_parameter *rows, size_t count, void *values) {
    for (size_t i = 0; i < count; i++)
        store(&rows[i], values, &rows[i].initial, rows[i].kind == GM_PARAMETER_SHAPE ? 0 : 1);
}

// "an integer from 1 to 64": bounds that are no real limit are left out.
static void append_range(gm_text *text, const gm_parameter *row, const char *noun) {
    gm_text_printf(text, "%s from %.10g", noun, row->minimum);
    if (isfinite(row->maximum))
        gm_text_printf(text, " to %.10g", row->maximum);
    else
        gm_text_append(text, " up");
}

static void append_allowed(gm_text *text, const gm_parameter *row) {
    switch (row->kind) {
    case GM_PARAMETER_INTEGER:
        append_range(text, row, "an integer");
        break;
    case GM_PARAMETER_PAIR:
        append_range(text, row, "an integer");
        gm_text_append(text, ", or [height, width]");
        break;
    case GM_PARAMETER_AXES:
        append_range(text, row, "an integer");
        gm_text_append(text, ", or a list of one for each axis");
        break;
    case GM_PARAMETER_NUMBER:
        append_range(text, row, "a number");
        break;
    case GM_PARAMETER_RANGE:
        append_range(text, row, "[low, high]");
        gm_text_append(text, row->neutral > row->minimum && row->neutral < row->maximum ? ", or how far to both sides"
                                                                                        : ", or one of the ends");
        if (row->neutral < 0 || row->neutral > 0)
            gm_text_printf(text, " of %g", row->neutral);
        break;
    case GM_PARAMETER_BOOLEAN:
        gm_text_append(text, "true or false");
        break;
    case GM_PARAMETER_SHAPE:
        gm_text_printf(text, "a list of %d to %d integers", row->required ? 1 : 0, GM_MAX_RANK - 1);
        gm_text_printf(text, " from %.10g to %.10g", row->minimum, row->maximum);
        break;
    case GM_PARAMETER_CHOICE:
        gm_text_append(text, "one of");
        for (size_t i = 0; row->choices[i] != NULL; i++)
            gm_text_printf(text, "%s %s", i > 0 ? "," : "", row->choices[i]);
        break;
    case GM_PARAMETER_NAME:
        gm_text_printf(text, "a name of %s %d letters, digits, '_' and '-'", row->required ? "1 to" : "at most",
                       GM_NAME_SIZE - 1);
        break;
    case GM_PARAMETER_LAYERS:
        gm_text_append(text, row->required ? "a list of at least one layer" : "a list of layers");
        break;
    case GM_PARAMETER_INVALID:
        break;
    }
}

static char *copy_out(gm_text *from, char *text, size_t size) {
    if (size > 0)
        snprintf(text, size, "%s", from->data != NULL ? from->data : "");
    gm_text_finish(from);
    return text;
}

char *gm_parameter_allowed(const gm_parameter *row, char *text, size_t size) {
    gm_text out = {0};
    append_allowed(&out, row);
    return copy_out(&out, text, size);
}

static void append_axes(gm_text *text, const size_t *axes) {
    bool equal = true;
    for (size_t i = 1; i < GM_SPATIAL_AXES; i++)
        equal = equal && axes[i] == axes[0];
    if (equal) {
        gm_text_printf(text, "%zu", axes[0]);
        return;
    }
    for (size_t i = 0; i < GM_SPATIAL_AXES && axes[i] != GM_NO_AXIS; i++)
        gm_text_printf(text, "%s%zu", i > 0 ? ", " : "[", axes[i]);
    gm_text_append(text, "]");
}

// The shortest form that reads back as the same number.
static void append_number(gm_text *text, double value) {
    char number[40];
    for (int digits = 6; digits <= 17; digits++) {
        gm_snprintf(number, sizeof number, "%.*g", digits, value);
        double back = gm_parse_double(number, NULL);
        if (back >= value && back <= value)
            break;
    }
    gm_text_append(text, number);
}

// As one number, where that reads back as the same.
static void append_interval(gm_text *text, const gm_parameter *row, const gm_interval *interval) {
    double number = row->neutral >= row->maximum   ? interval->low
                    : row->neutral <= row->minimum ? interval->high
                                                   : interval->high - row->neutral;
    gm_interval back = interval_of(row, number);
    if (memcmp(&back, interval, sizeof back) == 0) {
        append_number(text, number);
        return;
    }
    gm_text_append(text, "[");
    append_number(text, interval->low);
    gm_text_append(text, ", ");
    append_number(text, interval->high);
    gm_text_append(text, "]");
}

char *gm_parameter_format(const gm_parameter *row, const void *values, char *text, size_t size) {
    gm_text out = {0};
    const void *from = const_field(row, values);
    switch (row->kind) {
    case GM_PARAMETER_INTEGER:
        gm_text_printf(&out, "%zu", *(const size_t *)from);
        break;
    case GM_PARAMETER_PAIR:
        gm_text_printf(&out, "[%zu, %zu]", ((const size_t *)from)[0], ((const size_t *)from)[1]);
        break;
    case GM_PARAMETER_AXES:
        append_axes(&out, from);
        break;
    case GM_PARAMETER_NUMBER:
        append_number(&out, *(const double *)from);
        break;
    case GM_PARAMETER_RANGE:
        append_interval(&out, row, from);
        break;
    case GM_PARAMETER_BOOLEAN:
        gm_text_append(&out, *(const bool *)from != row->negated ? "true" : "false");
        break;
    case GM_PARAMETER_SHAPE: {
        const gm_shape *shape = from;
        for (size_t i = 0; i < shape->rank; i++)
            gm_text_printf(&out, "%s%zu", i > 0 ? ", " : "[", shape->dim[i]);
        gm_text_append(&out, shape->rank > 0 ? "]" : "[]");
        break;
    }
    case GM_PARAMETER_CHOICE:
        gm_text_append(&out, row->choices[*(const int *)from]);
        break;
    case GM_PARAMETER_NAME: // quoted: `no` and `null` are words here
        gm_text_printf(&out, "\"%s\"", (const char *)from);
        break;
    case GM_PARAMETER_LAYERS:
        gm_text_append(&out, ((const gm_layer_list *)from)->count > 0 ? "[...]" : "[]");
        break;
    case GM_PARAMETER_INVALID:
        break;
    }
    return copy_out(&out, text, size);
}

static gm_status refuse(const gm_parameter *row, const char *given) {
    char allowed[GM_TEXT_SIZE];
    gm_parameter_allowed(row, allowed, sizeof allowed);
    return gm_fail(GM_ERROR_ARGUMENT, "%s must be %s, not %s", row->key, allowed, given);
}

// A decimal number and nothing else: it alone would take "0x10", "inf" and trailing words.
static bool parse_number(const char *text, double *number) {
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    char *end;
    *number = gm_parse_double(text, &end);
    return *end == '\0' && end != text && isfinite(*number);
}

static bool parse_boolean(const char *text, double *number) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    char lower[8];
    if (strlen(text) >= sizeof lower)
        return false;
    for (size_t i = 0; i <= strlen(text); i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    for (size_t i = 0; i < GM_COUNT(words); i++)
        if (strcmp(lower, words[i]) == 0) {
            *number = (double)(i % 2);
            return true;
        }
    return false;
}

static bool parse_choice(const gm_parameter *row, const char *text, double *number) {
    for (size_t i = 0; row->choices[i] != NULL; i++)
        if (strcmp(row->choices[i], text) == 0) {
            *number = (double)i;
            return true;
        }
    return false;
}

// One number; of ranges one that stands for both ends.
static bool in_range(const gm_parameter *row, double number) {
    if (row->kind == GM_PARAMETER_BOOLEAN || row->kind == GM_PARAMETER_CHOICE)
        return true;
    if (row->kind == GM_PARAMETER_RANGE) {
        gm_interval interval = interval_of(row, number);
        return interval.low <= interval.high && interval.low >= row->minimum && interval.high <= row->maximum;
    }
    bool whole = row->kind == GM_PARAMETER_NUMBER || !(number < floor(number) || number > floor(number));
    return whole && number >= row->minimum && number <= row->maximum;
}

static bool parse_item(const gm_parameter *row, const char *text, double *number) {
    switch (row->kind) {
    case GM_PARAMETER_BOOLEAN:
        return parse_boolean(text, number);
    case GM_PARAMETER_CHOICE:
        return parse_choice(row, text, number);
    default:
        return parse_number(text, number);
    }
}

bool gm_is_name(const char *text, size_t longest) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return text[0] != '\0' && strlen(text) <= longest && text[strspn(text, allowed)] == '\0';
}

static bool set_name(const gm_parameter *row, void *values, const char *text) {
    if (!gm_is_name(text, GM_NAME_SIZE - 1) && (text[0] != '\0' || row->required))
        return false;
    char *to = field(row, values);
    memset(to, 0, GM_NAME_SIZE); // equal names are equal in every byte
    memcpy(to, text, strlen(text));
    return true;
}

// Whether numbers make the value.
static bool is_numeric(const gm_parameter *row) {
    return row->kind != GM_PARAMETER_NAME && row->kind != GM_PARAMETER_LAYERS;
}

gm_status gm_parameter_set_text(const gm_parameter *row, void *values, const char *text) {
    double number = 0;
    if (row->kind == GM_PARAMETER_NAME && set_name(row, values, text))
        return GM_OK;
    if (!is_numeric(row) || !parse_item(row, text, &number) || !in_range(row, number)) {
        char given[GM_TEXT_SIZE];
        snprintf(given, sizeof given, "'%s'", text);
        return refuse(row, given);
    }
    store(row, values, &number, 1);
    return GM_OK;
}

gm_status gm_parameter_set_list(const gm_parameter *row, void *values, const char *const *items, size_t count) {
    double numbers[GM_MAX_RANK] = {0};
    bool fits = (row->kind == GM_PARAMETER_PAIR && count == 2) ||
                (row->kind == GM_PARAMETER_AXES && count >= 1 && count <= GM_SPATIAL_AXES) ||
                (row->kind == GM_PARAMETER_SHAPE && count >= (size_t)row->required && count < GM_MAX_RANK);
    bool interval = row->kind == GM_PARAMETER_RANGE && count == 2;
    for (size_t i = 0; (fits || interval) && i < count; i++) {
        bool read = parse_item(row, items[i], &numbers[i]);
        fits = fits && read && in_range(row, numbers[i]);
        interval = interval && read && numbers[i] >= row->minimum && numbers[i] <= row->maximum;
    }
    fits = fits || (interval && numbers[0] <= numbers[1]);
    if (fits) {
        store(row, values, numbers, count);
        return GM_OK;
    }
    gm_text given = {0};
    gm_text_append(&given, "[");
    for (size_t i = 0; i < count && given.length < GM_TEXT_SIZE / 2; i++)
        gm_text_printf(&given, "%s%s", i > 0 ? ", " : "", items[i]);
    gm_text_append(&given, "]");
    gm_status status = refuse(row, given.data != NULL ? given.data : "this list");
    gm_text_finish(&given);
    return status;
}

gm_status gm_parameter_set_number(const gm_parameter *row, void *values, double value) {
    if (row->kind == GM_PARAMETER_CHOICE || !is_numeric(row) || !in_range(row, value) || !isfinite(value)) {
        char given[40];
        gm_snprintf(given, sizeof given, "%g", value);
        return refuse(row, given);
    }
    store(row, values, &value, 1);
    return GM_OK;
}

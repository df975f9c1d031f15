#include "data/classes.h"

#include "base/base.h"
#include "data/paths.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool are_numbers(const char *const *names, size_t count) {
    char number[24];
    for (size_t i = 0; i < count; i++) {
        snprintf(number, sizeof number, "%zu", i);
        if (strcmp(names[i], number) != 0)
            return false;
    }
    return true;
}

// Whether readers of folders take it for something else than a class.
static bool is_reserved(const char *name) {
    return gm_path_is_hidden(name) || strcmp(name, "train") == 0 || strcmp(name, "test") == 0;
}

// False: it has too many bytes, or none.
static bool write_folder(char folder[GM_CLASS_FOLDER_BYTES], const char *name) {
    static const char digits[] = "0123456789ABCDEF";
    size_t length = 0;
    for (const char *c = name; *c; c++) {
        bool escaped = strchr("/\\%", *c) || (c == name && is_reserved(name));
        if (length + (escaped ? 3 : 1) >= GM_CLASS_FOLDER_BYTES)
            return false;
        folder[length++] = escaped ? '%' : *c;
        if (escaped) {
            folder[length++] = digits[(unsigned char)*c / 16];
            folder[length++] = digits[(unsigned char)*c % 16];
        }
    }
    folder[length] = '\0';
    return length > 0;
}

// Of a '%' and two hexadecimal digits.
static bool read_escape(const char *text, char *byte) {
    unsigned value;
    if (text[0] != '%' || !isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
        return false;
    sscanf(text + 1, "%2x", &value);
    *byte = (char)value;
    return value != 0;
}

void gm_class_name(char *folder) {
    char name[GM_CLASS_FOLDER_BYTES], again[GM_CLASS_FOLDER_BYTES];
    size_t length = 0;
    if (strlen(folder) >= sizeof name)
        return;
    for (const char *c = folder; *c; c++)
        if (read_escape(c, &name[length++]))
            c += 2;
        else
            name[length - 1] = *c;
    name[length] = '\0';
    if (write_folder(again, name) && strcmp(again, folder) == 0)
        strcpy(folder, name); // which is no longer
}

void gm_class_folder(char folder[GM_CLASS_FOLDER_BYTES], const char *const *names, size_t count, size_t classes,
                     size_t index) {
    char largest[24];
    int digits = snprintf(largest, sizeof largest, "%zu", classes - 1);
    if (are_numbers(names, count))
        snprintf(folder, GM_CLASS_FOLDER_BYTES, "%0*zu", digits, index);
    else if (index >= count || !write_folder(folder, names[index]))
        snprintf(folder, GM_CLASS_FOLDER_BYTES, "%%%zu", index);
}

// Which of the names of a checkpoint it is, as a line; `count`: none.
static size_t find_line(const char *name, const char *const *names, size_t count) {
    char line[GM_CLASS_NAME_BYTES];
    size_t i = 0;
    gm_escape(GM_ESCAPE_LINE, line, sizeof line, name);
    while (i < count && strcmp(names[i], line) != 0)
        i++;
    return i;
}

size_t gm_class_find(const char *word, const char *const *names, size_t count, size_t classes) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], word) == 0)
            return i;
    size_t line = find_line(word, names, count);
    if (line < count)
        return line;
    if (*word == '\0' || word[strspn(word, "0123456789")] != '\0' || strlen(word) > 9)
        return classes;
    return GM_MIN((size_t)strtoul(word, NULL, 10), classes);
}

// The same, or as a folder of samples.
static size_t find(const char *name, const char *const *names, size_t count) {
    char folder[GM_CLASS_FOLDER_BYTES];
    size_t line = find_line(name, names, count);
    if (line < count)
        return line;
    for (size_t i = 0; i < count; i++) {
        gm_class_folder(folder, names, count, count, i);
        if (strcmp(folder, name) == 0)
            return i;
    }
    return count;
}

static gm_status fail_unknown(const gm_dataset_info *data, size_t class, const char *const *names, size_t count) {
    gm_text list = {0};
    for (size_t i = 0; i < count; i++)
        gm_text_printf(&list, "%s%s", i ? ", " : "", names[i]);
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "%s: has a class %s, which is none of those trained on: %s",
                               data->name, data->class_names[class], list.failed ? "other names" : list.data);
    gm_text_finish(&list);
    return status;
}

size_t gm_classes_place(const gm_dataset_info *data, const char *const *names, size_t count, size_t *places) {
    size_t known = 0;
    for (size_t k = 0; k < data->class_count; k++) {
        size_t place = find(data->class_names[k], names, count);
        places[k] = place < count ? place : SIZE_MAX;
        known += place < count;
    }
    if (known == data->class_count ||
        (!are_numbers(names, count) && !are_numbers(data->class_names, data->class_count)))
        return known;
    for (size_t k = 0; k < data->class_count; k++)
        places[k] = k;
    return data->class_count;
}

gm_status gm_classes_match(const gm_dataset_info *data, const char *const *names, size_t count, size_t *places) {
    size_t unknown = 0;
    if (gm_classes_place(data, names, count, places) == data->class_count)
        return GM_OK;
    while (places[unknown] < SIZE_MAX)
        unknown++;
    return fail_unknown(data, unknown, names, count);
}

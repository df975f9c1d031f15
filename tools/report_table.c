// What `ganymede data` says of a table's columns.
#include "report.h"

#include "command.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_CATEGORIES = 4, WIDEST = 32 };

typedef struct cell {
    char text[64];
} cell;

static bool is_number(const gm_column *column) {
    return column->type == GM_COLUMN_NUMBER || column->type == GM_COLUMN_INTEGER || column->type == GM_COLUMN_DATE;
}

// A bound as the column has it: a number, or a date in ISO 8601.
static cell format_bound(const gm_column *column, double value) {
    cell result;
    time_t seconds = (time_t)value;
    struct tm date;
    if (column->type == GM_COLUMN_DATE && gmtime_r(&seconds, &date))
        strftime(result.text, sizeof result.text, strchr(column->date ? column->date : "", 'h') ? "%F %T" : "%F",
                 &date);
    else
        snprintf(result.text, sizeof result.text, "%.9g", value);
    return result;
}

static bool is_aside(const gm_column *column) {
    return column->type == GM_COLUMN_INDEX || column->type == GM_COLUMN_SKIP;
}

static void print_categories(const gm_column *column) {
    size_t shown = column->category_count > MOST_CATEGORIES ? MOST_CATEGORIES : column->category_count;
    printf("%zu: ", column->category_count);
    for (size_t i = 0; i < shown; i++)
        print_part("%s%.40s", i > 0 ? ", " : "", column->categories[i]);
    printf("%s", shown < column->category_count ? ", ..." : "");
}

static void print_column(const gm_column *column, int wide) {
    print_part("  %-*.*s", wide, WIDEST, *column->name ? column->name : "(no name)");
    printf("  %-8s  %8zu  ", gm_column_type_name(column->type), column->missing);
    if (!column->bounded && column->category_count == 0 && !is_aside(column))
        printf("none");
    else if (is_number(column) && !(column->minimum < column->maximum) && column->missing == 0)
        printf("always %s", format_bound(column, column->minimum).text);
    else if (column->category_count == 1 && column->missing == 0)
        print_part("always %.40s", column->categories[0]);
    else if (is_number(column))
        printf("%s to %s", format_bound(column, column->minimum).text, format_bound(column, column->maximum).text);
    else if (column->type == GM_COLUMN_CATEGORY)
        print_categories(column);
    else if (column->type == GM_COLUMN_INDEX)
        printf("counts the rows: set aside");
    else if (column->type == GM_COLUMN_SKIP)
        printf("set aside");
    printf("\n");
}

void report_print_columns(const gm_table_schema *table, size_t rows) {
    size_t missing = 0;
    int wide = 16;
    for (size_t i = 0; i < table->column_count; i++) {
        int length = (int)strlen(table->columns[i].name);
        wide = length > wide ? length : wide;
        missing += table->columns[i].missing;
    }
    wide = wide > WIDEST ? WIDEST : wide;
    printf("missing       %zu of %zu cells\n", missing, rows * table->column_count);
    printf("columns       %zu\n  %-*s  %-8s  %8s  values\n", table->column_count, wide, "name", "type", "missing");
    for (size_t i = 0; i < table->column_count; i++)
        print_column(&table->columns[i], wide);
}

static void print_json_column(const gm_column *column) {
    printf("{\"name\": ");
    print_json_string(column->name);
    printf(", \"type\": \"%s\", \"missing\": %zu", gm_column_type_name(column->type), column->missing);
    if (is_number(column) && column->bounded) {
        printf(", \"minimum\": ");
        print_json_number(column->minimum);
        printf(", \"maximum\": ");
        print_json_number(column->maximum);
    }
    if (column->type == GM_COLUMN_CATEGORY) {
        printf(", \"categories\": [");
        for (size_t i = 0; i < column->category_count; i++) {
            printf("%s", i > 0 ? ", " : "");
            print_json_string(column->categories[i]);
        }
        printf("]");
    }
    printf("}");
}

void report_print_columns_json(const gm_table_schema *table) {
    printf("[");
    for (size_t i = 0; i < table->column_count; i++) {
        printf("%s", i > 0 ? ", " : "");
        print_json_column(&table->columns[i]);
    }
    printf("]");
}

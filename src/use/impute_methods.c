// The table of methods that fill in missing cells.
#include "use/impute_method.h"

#include <string.h>

static const gm_impute_method *const methods[] = {
    &gm_impute_by_mean,    &gm_impute_by_median,   &gm_impute_by_mode,   &gm_impute_by_min,
    &gm_impute_by_max,     &gm_impute_by_constant, &gm_impute_by_linear, &gm_impute_by_polynomial,
    &gm_impute_by_nearest, &gm_impute_by_ridge,    &gm_impute_by_gain,   &gm_impute_by_auto,
};

const gm_impute_info *gm_impute_methods(size_t *count) {
    static gm_impute_info infos[GM_COUNT(methods)];
    *count = GM_COUNT(methods);
    for (size_t i = 0; i < *count; i++)
        infos[i] = methods[i]->info;
    return infos;
}

// ---- Texts ----

static gm_status fail_unknown(const char *text) {
    gm_text names = {0};
    for (size_t i = 0; i < GM_COUNT(methods); i++) {
        const gm_impute_info *info = &methods[i]->info;
        if (!info->argument || info->standard)
            gm_text_printf(&names, "%s%s", names.length > 0 ? ", " : "", info->name);
        if (info->argument)
            gm_text_printf(&names, "%s%s=%s", names.length > 0 ? ", " : "", info->name, info->argument);
    }
    gm_status status = gm_fail(GM_ERROR_ARGUMENT, "'%.60s' is no method to fill in missing cells: expected one of %s",
                               text, names.data ? names.data : "");
    gm_text_finish(&names);
    return status;
}

gm_status gm_impute_fit_init(gm_impute_fit *fit, const char *text) {
    size_t length = strcspn(text, "=");
    for (size_t i = 0; i < GM_COUNT(methods); i++) {
        const char *name = methods[i]->info.name;
        if (strlen(name) != length || strncmp(name, text, length) != 0)
            continue;
        GM_TRY(gm_impute_fit_start(fit, methods[i], text[length] ? text + length + 1 : NULL));
        fit->methods = methods;
        fit->method_count = GM_COUNT(methods);
        return GM_OK;
    }
    return fail_unknown(text);
}

gm_status gm_impute_check(const char *method) {
    gm_impute_fit fit;
    GM_TRY(gm_impute_fit_init(&fit, method));
    gm_impute_fit_finish(&fit);
    return GM_OK;
}

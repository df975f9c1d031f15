// How weights start: the named initialisers, with fans counted as PyTorch's torch.nn.init counts them.
#include "nn/layers.h"

#include <math.h>
#include <string.h>

const char *const gm_weight_initializer_names[] = {
    [GM_WEIGHTS_DEFAULT] = "default",
    [GM_WEIGHTS_PYTORCH] = "pytorch",
    [GM_WEIGHTS_DCGAN] = "dcgan",
    [GM_WEIGHTS_XAVIER_UNIFORM] = "xavier_uniform",
    [GM_WEIGHTS_XAVIER_NORMAL] = "xavier_normal",
    [GM_WEIGHTS_KAIMING_UNIFORM] = "kaiming_uniform",
    [GM_WEIGHTS_KAIMING_NORMAL] = "kaiming_normal",
    NULL,
};

gm_status gm_weight_initializer_find(const char *name, gm_weight_initializer *initializer) {
    for (size_t i = 0; gm_weight_initializer_names[i] != NULL; i++)
        if (strcmp(gm_weight_initializer_names[i], name) == 0) {
            *initializer = (gm_weight_initializer)i;
            return GM_OK;
        }
    return gm_fail(
        GM_ERROR_ARGUMENT,
        "no initializer is called '%s': use pytorch, dcgan, xavier_uniform, xavier_normal, kaiming_uniform or "
        "kaiming_normal",
        name);
}

static gm_initializer uniform(double bound) {
    return (gm_initializer){GM_INITIALIZER_UNIFORM, -bound, bound};
}

static gm_initializer normal(double deviation) {
    return (gm_initializer){GM_INITIALIZER_NORMAL, 0, deviation};
}

gm_initializer gm_weight_start(gm_weight_initializer initializer, size_t fan_in, size_t fan_out, double gain) {
    const double in = (double)fan_in, both = (double)fan_in + (double)fan_out;
    const double xavier = gain > 0 ? gain : 1, kaiming = gain > 0 ? gain : sqrt(2);
    switch (initializer) {
    case GM_WEIGHTS_DCGAN:
        return normal(0.02);
    case GM_WEIGHTS_XAVIER_UNIFORM:
        return uniform(xavier * sqrt(6 / both));
    case GM_WEIGHTS_XAVIER_NORMAL:
        return normal(xavier * sqrt(2 / both));
    case GM_WEIGHTS_KAIMING_UNIFORM:
        return uniform(kaiming * sqrt(3 / in));
    case GM_WEIGHTS_KAIMING_NORMAL:
        return normal(kaiming / sqrt(in));
    case GM_WEIGHTS_DEFAULT:
    case GM_WEIGHTS_PYTORCH:
        break;
    }
    // PyTorch writes it as kaiming_uniform with a = sqrt(5): sqrt(2 / 6) sqrt(3 / in).
    return uniform(1 / sqrt(in));
}

gm_initializer gm_bias_start(gm_weight_initializer initializer, size_t fan_in) {
    if (initializer == GM_WEIGHTS_DEFAULT || initializer == GM_WEIGHTS_PYTORCH)
        return uniform(1 / sqrt((double)fan_in));
    return (gm_initializer){0};
}

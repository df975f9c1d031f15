// Learning-rate schedules as float32 scalars of the step. A step is exact in float32 up to 2^24.
#include "ganymede/optim.h"
#include "graph/graph.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

// factor^x for a scalar x.
static gm_tensor *power(double factor, gm_tensor *x) {
    return gm_exp(gm_scale(x, log(factor)));
}

gm_tensor *gm_schedule_rate(const gm_schedule *schedule, double rate, gm_tensor *step) {
    gm_graph *graph = gm_tensor_graph(step);
    if (schedule->kind != GM_SCHEDULE_CONSTANT && schedule->period == 0)
        return gm_fault(graph, "a learning-rate schedule that decays needs a period of at least 1 step");
    if (schedule->period > INT32_MAX || schedule->warmup > INT32_MAX)
        return gm_fault(graph, "a learning-rate schedule's period and warm-up must be below 2^31 steps");
    const double factor = schedule->factor, period = (double)schedule->period, hold = (double)schedule->hold;
    if ((schedule->kind == GM_SCHEDULE_STEP || schedule->kind == GM_SCHEDULE_EXPONENTIAL) && !(factor > 0))
        return gm_fault(graph, "a learning-rate schedule's factor must be above 0, not %g", factor);

    if (schedule->hold > 0 && schedule->hold >= schedule->period)
        return gm_fault(graph, "a learning-rate schedule's hold must be below its period");

    gm_tensor *t = gm_cast(step, GM_FLOAT32);
    gm_tensor *value = gm_constant(graph, rate);
    switch (schedule->kind) {
    case GM_SCHEDULE_CONSTANT:
        break;
    case GM_SCHEDULE_STEP: {
        gm_tensor *drops = gm_divide(step, gm_constant_int(graph, (int32_t)schedule->period));
        value = gm_scale(power(factor, gm_cast(drops, GM_FLOAT32)), rate);
        break;
    }
    case GM_SCHEDULE_EXPONENTIAL:
        value = gm_scale(power(factor, gm_scale(t, 1 / period)), rate);
        break;
    case GM_SCHEDULE_COSINE:
    case GM_SCHEDULE_LINEAR: {
        gm_tensor *gone = gm_offset(gm_minimum(t, gm_constant(graph, period)), -hold); // of the steps of the fall
        gm_tensor *share = gm_scale(gm_maximum(gone, gm_constant(graph, 0)), 1 / (period - hold));
        gm_tensor *falling = schedule->kind == GM_SCHEDULE_LINEAR
                                 ? gm_offset(gm_negate(share), 1)
                                 : gm_scale(gm_offset(gm_cos(gm_scale(share, pi)), 1), 0.5);
        value = gm_scale(gm_offset(gm_scale(falling, 1 - factor), factor), rate);
        break;
    }
    default:
        return gm_fault(graph, "there is no learning-rate schedule of kind %d", (int)schedule->kind);
    }
    if (schedule->warmup > 1) {
        gm_tensor *share = gm_scale(gm_offset(t, 1), 1 / (double)schedule->warmup);
        value = gm_multiply(value, gm_minimum(share, gm_constant(graph, 1)));
    }
    return value;
}

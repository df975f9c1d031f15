// How often a monitor measures, by a model of the device's speed.
#include "model/kinds.h"
#include "train/monitor.h"

#include <math.h>

// What a nominal device does in a second, and takes for a launch; of a measurement, the seconds that do not grow with
// the networks: the host's part and the searches, with 1024 samples, and the probe where it stands in for D.
typedef struct nominal {
    double flop, launch, search, probe;
} nominal;

static bool judges_itself(const gm_recipe *recipe) {
    return gm_use_find(recipe, "judge") != NULL;
}

size_t gm_monitor_interval(const gm_recipe *recipe, const gm_plan_statistics *step, bool cpu) {
    static const nominal gpu_device = {2e12, 8e-6, .15, .8}, cpu_device = {2.5e10, 2e-5, .25, 1.6};
    // Of a step's work on a batch, the part that G's and D's passes without gradients are; and room for preparations
    // and for devices unlike the nominal one.
    const double forward = .4, margin = 1.5;
    const nominal *d = cpu ? &cpu_device : &gpu_device;
    const gm_monitor_settings *settings = gm_monitor_settings_of(recipe);
    size_t every = gm_train_settings_of(recipe)->log.every;
    if (!settings || settings->metrics == 0)
        return 0;
    if (settings->every > 0)
        return gm_round_up(settings->every, every);
    if (!(settings->share > 0))
        return 0;
    double samples = (double)settings->samples, thousands = samples / 1024;
    double step_seconds = step->flop / d->flop + (double)step->launches * d->launch;
    double measure_seconds = forward * samples / (double)gm_common_of(recipe)->data.batch * step_seconds +
                             d->search * GM_MAX(1, thousands * thousands) + (judges_itself(recipe) ? 0 : d->probe);
    double steps = ceil(margin * measure_seconds / (settings->share * step_seconds));
    return steps < 1e9 ? gm_round_up((size_t)steps, every) : 0;
}

// What destroys or closes takes a pointer to nothing, and no pointer, too, so that error paths need not ask.
#include "ganymede/ganymede.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOTHING(function, type)                                                                                        \
    do {                                                                                                               \
        type *nothing = NULL;                                                                                          \
        function(NULL);                                                                                                \
        function(&nothing);                                                                                            \
        assert_null(nothing);                                                                                          \
    } while (0)

static void nothing_may_be_destroyed(void **unused) {
    (void)unused;
    NOTHING(gm_comparison_close, gm_comparison);
    NOTHING(gm_dataset_close, gm_dataset);
    NOTHING(gm_device_close, gm_device);
    NOTHING(gm_graph_destroy, gm_graph);
    NOTHING(gm_loader_destroy, gm_loader);
    NOTHING(gm_network_destroy, gm_network);
    NOTHING(gm_pca_destroy, gm_pca);
    NOTHING(gm_plan_destroy, gm_plan);
    NOTHING(gm_sampler_close, gm_sampler);
    NOTHING(gm_state_destroy, gm_state);
    NOTHING(gm_statistics_destroy, gm_statistics);
    NOTHING(gm_trainer_destroy, gm_trainer);
    NOTHING(gm_tuning_destroy, gm_tuning);
}

static void nothing_may_be_finished(void **unused) {
    (void)unused;
    gm_device_info *list = NULL;
    gm_device_list_free(NULL, 3);
    gm_device_list_free(&list, 3);
    gm_csv_finish(NULL);
    gm_csv_finish(&(gm_csv){0});
    gm_npy_finish(NULL);
    gm_npy_finish(&(gm_npy){0});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_may_be_destroyed),
        cmocka_unit_test(nothing_may_be_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

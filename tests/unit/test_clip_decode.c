// Clips as the device makes them of what is stored, in the double-precision interpreter.
#include "sample/sample.h"
#include "unit/nn_test.h"

static void the_device_decodes_clips_as_the_host_does(void **state) {
    (void)state;
    enum { N = 2, T = 3, C = 2, H = 2, W = 2, ITEM = T * C * H * W };
    fixture fresh, *f = &fresh;
    begin(f);
    gm_sample format = gm_sample_of(&GM_SHAPE(C, T, H, W));
    format.bytes = true;
    format.white = 255;
    gm_tensor *stored = gm_input(f->graph, "stored", GM_UINT8, gm_sample_stored(&format, N));
    uint8_t bytes[N * ITEM];
    double given[N * ITEM];
    float wanted[N * ITEM];
    for (size_t i = 0; i < N * ITEM; i++)
        given[i] = bytes[i] = (uint8_t)(5 * i);
    gm_tensor *decoded = format.kind->decode(&format, stored);
    assert_true(gm_shape_equal(gm_tensor_shape(decoded), &GM_SHAPE(N, C, T, H, W)));
    set(f, stored, given);
    format.kind->decode_values(&format, bytes, N, wanted);
    const double *values = evaluate(f, decoded);
    for (size_t i = 0; i < N * ITEM; i++)
        assert_true(fabs(values[i] - (double)wanted[i]) < 1e-6);
    end(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_decodes_clips_as_the_host_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

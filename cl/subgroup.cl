// Folds of a work-group's values: sums, or maxima in which a NaN wins.
//
// Each sub-group folds its items' values, then local memory the sub-groups', by halves. With GM_SUBGROUPS among the
// program's options a sub-group is the device's (cl_khr_subgroups or cl_intel_subgroups); without, every item is one,
// and local memory does it all. The order of additions is the same every time, so results repeat bit for bit. A driver
// may compile sub-groups and yet compute something else: gm_device_subgroups runs subgroup_probe first.

#define GM_FOLD_ITEMS 256 // in a work-group, in one dimension

#ifdef GM_SUBGROUPS

#ifdef cl_khr_subgroups
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
#endif
#define GM_SUBGROUP_COUNT ((int)get_num_sub_groups())
#define GM_SUBGROUP_ID ((int)get_sub_group_id())
#define GM_SUBGROUP_FIRST (get_sub_group_local_id() == 0)
#define gm_subgroup_sum(value) sub_group_reduce_add(value)
// The built-in maximum may pass over a NaN, as fmax does.
#define gm_subgroup_max(value) select(sub_group_reduce_max(value), NAN, sub_group_any((value) != (value)))

#else

#define GM_SUBGROUP_COUNT GM_FOLD_ITEMS
#define GM_SUBGROUP_ID lane
#define GM_SUBGROUP_FIRST true
#define gm_subgroup_sum(value) (value)
#define gm_subgroup_max(value) (value)

#endif

#define gm_fold_add(a, b) ((a) + (b))
#define gm_fold_greater(a, b) select(a, b, ((b) > (a)) | ((b) != (b)))

// value[k] of every item becomes the fold of all items' value[k], for k < results. `l` holds GM_FOLD_ITEMS floats for
// each; before they are used again, a barrier. Every item of the work-group calls it.
#define GM_FOLD(NAME, WITHIN, COMBINE)                                                          \
    static void NAME(private float *value, int results, int lane, local float *l)               \
    {                                                                                           \
        for (int k = 0; k < results; k++) {                                                     \
            float own = WITHIN(value[k]);                                                       \
            if (GM_SUBGROUP_FIRST)                                                              \
                l[k * GM_FOLD_ITEMS + GM_SUBGROUP_ID] = own;                                    \
        }                                                                                       \
        barrier(CLK_LOCAL_MEM_FENCE);                                                           \
        for (int count = GM_SUBGROUP_COUNT, rest; count > 1; count = rest) {                    \
            rest = (count + 1) / 2;                                                             \
            if (lane + rest < count)                                                            \
                for (int k = 0; k < results; k++) {                                             \
                    local float *at = l + k * GM_FOLD_ITEMS + lane;                             \
                    at[0] = COMBINE(at[0], at[rest]);                                           \
                }                                                                               \
            barrier(CLK_LOCAL_MEM_FENCE);                                                       \
        }                                                                                       \
        for (int k = 0; k < results; k++)                                                       \
            value[k] = l[k * GM_FOLD_ITEMS];                                                    \
    }
GM_FOLD(gm_fold_sum, gm_subgroup_sum, gm_fold_add)
GM_FOLD(gm_fold_max, gm_subgroup_max, gm_fold_greater)

#ifdef GM_SUBGROUP_PROBE
// Of each work-group's row x (256): y[0] = sum x, y[1] = sum -x, y[2] = max x, y[3] = max -x.
kernel __attribute__((reqd_work_group_size(GM_FOLD_ITEMS, 1, 1))) void subgroup_probe(global const float *x,
    global float *y)
{
    local float l[2 * GM_FOLD_ITEMS];
    int lane = (int)get_local_id(0), group = (int)get_group_id(0);
    float own = x[group * GM_FOLD_ITEMS + lane], sum[2] = {own, -own}, greatest[2] = {own, -own};
    gm_fold_sum(sum, 2, lane, l);
    barrier(CLK_LOCAL_MEM_FENCE);
    gm_fold_max(greatest, 2, lane, l);
    for (int k = 0; k < 2 && lane == 0; k++) {
        y[4 * group + k] = sum[k];
        y[4 * group + 2 + k] = greatest[k];
    }
}
#endif // GM_SUBGROUP_PROBE

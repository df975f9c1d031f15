// Neighbours: what the searches of neighbors_cpu.cl and neighbors_gpu.cl share.
//
// A pair of rows is measured by a sum s that grows with the distance: the sum of squared differences, or the largest
// absolute difference. Both are of direct differences, since |x|^2 + |y|^2 - 2xy cancels for neighbours. NaN and
// infinity stay in s once they are in it (the maximum is of bits, which order as non-negative floats do, NaN last), and
// no comparison below lets them be near, so a row that holds one is never a neighbour. Rows that fill up a panel or a
// tile hold NaN.
//
// Differences are summed in chunks of GM_NEIGHBORS_CHUNK columns whose sums are then added: the rounding error of wide
// rows grows with the chunk and the number of chunks, not with their product.
#define GM_NEIGHBORS_CHUNK 256
#define GM_NEIGHBORS_PANEL 16

// The largest s that lies within the radius; -1: none does. `euclidean`: s is the square of what the radius is compared
// with, sqrt(s) as nearest writes it, so equal distances compare as equal.
static float gm_neighbors_limit(float radius, const int strict, const int euclidean) {
    if (strict && radius > 0.0f) // the float below
        radius = as_float(as_int(radius) - 1);
    else if (strict || !(radius >= 0.0f))
        return -1.0f;
    if (!euclidean)
        return fmin(radius, FLT_MAX);
    float s = fmin(radius * radius, FLT_MAX);
    for (int i = 0; i < 4 && s > 0.0f && sqrt(s) > radius; i++)
        s = as_float(as_int(s) - 1);
    for (int i = 0; i < 4 && s < FLT_MAX && sqrt(as_float(as_int(s) + 1)) <= radius; i++)
        s = as_float(as_int(s) + 1);
    return s;
}

// Puts s in its place among the k smallest so far; returns the new largest of them.
static float gm_neighbors_insert(global float *list, const int k, const float s) {
    int at = k - 1;
    for (; at > 0 && list[at - 1] > s; at--)
        list[at] = list[at - 1];
    list[at] = s;
    return list[k - 1];
}

// Rows of y in panels of 16, columns outermost: packed[panel][column][16]. With radii each panel ends with a row of
// limits. Work-groups: (panels).
static void neighbors_pack(GM_PLACE, global const float *y, global const float *radius, global float *packed,
    const int y0, const int yn, const int yc, const int r0, const int rn, const int M, const int D, const int limits,
    const int strict, const int euclidean)
{
    const int j0 = GM_NEIGHBORS_PANEL * group.x;
    packed += (long)group.x * (D + limits) * GM_NEIGHBORS_PANEL;
    for (int l = 0; l < GM_NEIGHBORS_PANEL; l++) {
        const int j = j0 + l;
        global const float *row = y + y0 + (long)min(j, M - 1) * yn;
        for (int c = 0; c < D; c++)
            packed[c * GM_NEIGHBORS_PANEL + l] = j < M ? row[(long)c * yc] : NAN;
        if (limits)
            packed[D * GM_NEIGHBORS_PANEL + l] =
                gm_neighbors_limit(radius[r0 + (long)min(j, M - 1) * rn], strict, euclidean);
    }
}

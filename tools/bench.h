// The things that `ganymede bench` can measure: each gets the arguments behind its name.
#ifndef GM_TOOLS_BENCH_H
#define GM_TOOLS_BENCH_H

int bench_gemm(int count, char **words);
int bench_conv(int count, char **words);
int bench_conv_transpose(int count, char **words);
int bench_layers(int count, char **words);
int bench_elementwise(int count, char **words);
int bench_reduce(int count, char **words);
int bench_peak(int count, char **words);

#endif

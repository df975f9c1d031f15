// What a private generator has to beat: releases of the same epsilon and delta, made once.
#ifndef BASELINES_H
#define BASELINES_H

#include "ganymede/data.h"

#include <math.h>
#include <stdbool.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, MOST_CLASSES = 64 };
#define LONGEST 10.0 // of an image of [0, 1], and of its coefficients: longer ones are shortened
#define PI      3.14159265358979323846

double normal(void); // by the system's secure source
void read_image(const gm_dataset *data, size_t i, double x[PIXELS]);
void shorten(double *x, size_t count); // to LONGEST
// Draws images from the normal distributions of each class's moments, and writes them into the folder. noise: a
// multiple of how far one item moves what is released.
bool write_gaussian(const gm_dataset *train, double noise, size_t classes, const char *folder);

#endif

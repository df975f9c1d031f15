// All of the library's public headers.
#ifndef GANYMEDE_GANYMEDE_H
#define GANYMEDE_GANYMEDE_H

#include "ganymede/augment.h"
#include "ganymede/augmented.h"
#include "ganymede/base.h"
#include "ganymede/bench.h"
#include "ganymede/complete.h"
#include "ganymede/data.h"
#include "ganymede/device.h"
#include "ganymede/evaluate.h"
#include "ganymede/explore.h"
#include "ganymede/graph.h"
#include "ganymede/impute.h"
#include "ganymede/likelihood.h"
#include "ganymede/loss.h"
#include "ganymede/measure.h"
#include "ganymede/metrics.h"
#include "ganymede/nn.h"
#include "ganymede/optim.h"
#include "ganymede/parameter.h"
#include "ganymede/penalty.h"
#include "ganymede/plan.h"
#include "ganymede/privacy.h"
#include "ganymede/sample.h"
#include "ganymede/sampler.h"
#include "ganymede/table.h"
#include "ganymede/text.h"
#include "ganymede/train.h"
#include "ganymede/translate.h"
#include "ganymede/tuning.h"

#endif

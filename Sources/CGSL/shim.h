// The GNU Scientific Library as Swift sees it. GSL's generator kinds are mutable C globals, which
// Swift 6 refuses to read; each gets an accessor here.
#pragma once
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf.h>
#include <gsl/gsl_statistics.h>

static inline const gsl_rng_type *dryrack_rng_mt19937(void) { return gsl_rng_mt19937; }
static inline const gsl_rng_type *dryrack_rng_ranlxd2(void) { return gsl_rng_ranlxd2; }
static inline const gsl_rng_type *dryrack_rng_taus2(void) { return gsl_rng_taus2; }
static inline const gsl_qrng_type *dryrack_qrng_sobol(void) { return gsl_qrng_sobol; }
static inline const gsl_multifit_nlinear_type *dryrack_multifit_trust(void) { return gsl_multifit_nlinear_trust; }

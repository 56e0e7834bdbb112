/* Declarations shared by motion.c, motion_patch.c and motion_blocks.c: the patch and its blocks. */
#ifndef PH_MOTION_INTERNAL_H
#define PH_MOTION_INTERNAL_H

#include <stddef.h>

#include "motion.h"

enum {
  MARGIN = 6, /* samples around the patch: the maximum displacement from its reference */
  MAX_BLOCKS = 40
};

/* A part of the image with a margin, and its reference. A sample is 1 pixel or the mean of 2 by 2
 * pixels. */
struct patch {
  int unit;                     /* pixels per sample, 1 or 2; 0 without a reference */
  int left, top, width, height; /* in samples of the image */
  float *reference, *gx, *gy;   /* reference and its gradients, width * height */
  float *current, *unfiltered;  /* current samples, including the margin */
  size_t capacity;
};

struct block {
  int left, top, width, height; /* in the patch */
  float hxx, hxy, hyy;          /* inverse of the damped structure tensor */
  float precision;              /* inverse variance of its vertical motion */
  float dx, dy;                 /* displacement from the reference, in samples */
  float trust;                  /* 0..1; falls while the block does not match, recovers slowly */
};

/* The motion between two frames. */
struct frame_motion {
  float step_x, step_y; /* since the previous frame, in samples */
  float confidence;
  float residual;
  float max_displacement; /* the largest displacement of a block with a relevant weight */
};

/* motion_patch.c */

/* Allocates the memory for `width` by `height` samples. */
int patch_reserve(struct patch *patch, int width, int height);

/* Samples the patch and its margin with a binomial filter (1 2 1 in both directions), which keeps
 * the camera's noise from being taken for texture. Pixels outside of the image repeat its edge. */
void patch_sample(struct patch *patch, const uint8_t *y, const struct ph_geometry *geometry);

/* Makes the current samples the reference and computes its gradients. */
void patch_set_reference(struct patch *patch);

/* motion_blocks.c */

/* Divides the patch into blocks, weighted by `coverage`. Returns how many. */
int blocks_init(struct block *blocks, struct patch *patch, const struct coverage *coverage);

/* Registers every block to the current samples. */
struct frame_motion blocks_update(struct block *blocks, int count, const struct patch *patch);

#endif

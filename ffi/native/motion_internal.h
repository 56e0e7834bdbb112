/* What the files of motion.c share: the patch, and the blocks that it is cut into. */
#ifndef PH_MOTION_INTERNAL_H
#define PH_MOTION_INTERNAL_H

#include <stddef.h>

#include "motion.h"

enum {
  MARGIN = 6, /* samples around the patch: how far it may move from its reference */
  MAX_BLOCKS = 40
};

/* A part of the picture in samples of 1 or 2 by 2 pixels, with a margin around, and what it looked
 * like when it became the reference. */
struct patch {
  int unit;                     /* pixels per sample, 1 or 2; 0 without a reference */
  int left, top, width, height; /* in samples of the picture */
  float *reference, *gx, *gy;   /* width * height */
  float *now, *rough;           /* with the margin around */
  size_t capacity;
};

struct block {
  int left, top, width, height; /* in the patch */
  float hxx, hxy, hyy;          /* inverse of the damped structure tensor */
  float certainty;              /* what its vertical motion weighs */
  float dx, dy;                 /* displacement from the reference, samples */
  float trust;                  /* 0..1, slow: falls where the block does not fit any more */
};

struct frame_motion {
  float step_x, step_y; /* since the frame before, samples */
  float confidence;
  float residual;
  float reach; /* the largest displacement of a block that counts */
};

/* motion_patch.c */

/* Makes room for `width` by `height` samples. */
int patch_reserve(struct patch *patch, int width, int height);

/* Copies the patch and what is around it, smoothed by 1 2 1 both ways: the camera's noise would
 * pass for texture. Beyond the picture its edge is repeated. */
void patch_take(struct patch *patch, const uint8_t *y, const struct ph_geometry *geometry);

/* Makes the reference, and its gradients, of the patch as it is now. */
void patch_refer(struct patch *patch);

/* motion_blocks.c */

/* Cuts the patch into blocks; answers how many. `cover` may forbid to count some. */
int blocks_cut(struct block *blocks, struct patch *patch, const struct cover *cover);

/* Moves every block to where it fits the patch as it is now. */
struct frame_motion blocks_move(struct block *blocks, int count, const struct patch *patch);

#endif

/* Motion of a textured patch against a reference picture of it.
 *
 * Lucas and Kanade, An Iterative Image Registration Technique (1981), in the inverse compositional
 * form of Baker and Matthews (2004): the reference's gradients are computed once, and each frame
 * costs two interpolations of the patch. Every block of the patch moves by itself; the patch's
 * motion is the mean of the blocks' steps, weighted by how well each is determined.
 *
 * All frames are compared with one reference, which is renewed only when it must be, so the
 * position neither drifts nor walks at random: noise enters a position once, not at every step. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "motion_internal.h"

enum {
  WIDE_PICTURE = 480, /* from this width on, a sample is the mean of 2 by 2 pixels */
  MAX_SAMPLES = 1 << 18,
  POOR_FRAMES = 5 /* after so many, the reference is out of date */
};

struct tracker {
  float rectangle[4]; /* as asked for, in pixels; width 0: nothing to follow */
  int renew;
  struct patch patch;
  int picture_width, picture_height;
  struct block blocks[MAX_BLOCKS];
  int block_count;
  float fit; /* residual of a good frame, levels */
  int poor;
  double x, y;                     /* position, in pixels */
  double reference_x, reference_y; /* what it was when the reference was taken */
};

struct tracker *tracker_create(void) {
  struct tracker *tracker = calloc(1, sizeof *tracker);
  return tracker;
}

static void forget(struct tracker *t) {
  t->patch.unit = 0;
  t->block_count = 0;
}

void tracker_destroy(struct tracker *tracker) {
  if (!tracker) return;
  free(tracker->patch.reference);
  free(tracker);
}

void tracker_place(struct tracker *tracker, const float *rectangle) {
  tracker->reference_x = tracker->x, tracker->reference_y = tracker->y;
  memcpy(tracker->rectangle, rectangle, sizeof tracker->rectangle);
  tracker->renew = 1;
  if (!(rectangle[2] > 0) || !(rectangle[3] > 0)) forget(tracker);
}

/* An edge of the rectangle, in samples of the picture. */
static int sample_at(float pixels, int unit, int length) {
  int sample = (int)lrintf(pixels / (float)unit);
  return sample < 0 ? 0 : sample > length ? length : sample;
}

static int take_reference(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                          const struct cover *cover) {
  t->renew = 0;
  forget(t);
  /* The patch goes with what it shows. */
  t->rectangle[0] += (float)(t->x - t->reference_x);
  t->rectangle[1] += (float)(t->y - t->reference_y);
  t->reference_x = t->x, t->reference_y = t->y;
  int unit = g->width >= WIDE_PICTURE ? 2 : 1;
  const float *r = t->rectangle;
  int left = sample_at(r[0], unit, g->width / unit), top = sample_at(r[1], unit, g->height / unit);
  int width = sample_at(r[0] + r[2], unit, g->width / unit) - left;
  int height = sample_at(r[1] + r[3], unit, g->height / unit) - top;
  if (width < 8 || height < 8 || (long)width * height > MAX_SAMPLES) return PH_OK;
  struct patch *patch = &t->patch;
  int status = patch_reserve(patch, width, height);
  if (status) return status;
  patch->left = left, patch->top = top, patch->width = width, patch->height = height;
  patch->unit = unit;
  t->picture_width = g->width, t->picture_height = g->height;
  patch_take(patch, y, g);
  patch_refer(patch);
  t->block_count = blocks_cut(t->blocks, patch, cover);
  t->fit = 0;
  t->poor = 0;
  return PH_OK;
}

int tracker_measure(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                    const struct cover *cover, struct ph_motion_result *result) {
  int status = PH_OK;
  double confidence = 0;
  if (t->patch.unit && (t->picture_width != g->width || t->picture_height != g->height)) {
    forget(t);
    t->renew = 1;
  }
  if (t->block_count > 0) {
    patch_take(&t->patch, y, g);
    struct frame_motion motion = blocks_move(t->blocks, t->block_count, &t->patch);
    if (t->fit == 0) t->fit = motion.residual; /* the first frame after the reference: pure noise */
    int jump = hypotf(motion.step_x, motion.step_y) > 2.5f;
    int misfit = motion.residual > 2.5f * t->fit + 2.5f;
    t->poor = misfit ? t->poor + 1 : 0;
    if (!jump) {
      t->x += motion.step_x * (float)t->patch.unit;
      t->y += motion.step_y * (float)t->patch.unit;
      confidence = misfit ? 0.3 * motion.confidence : motion.confidence;
    }
    if (jump || t->poor >= POOR_FRAMES || motion.reach > MARGIN - 1.5f) t->renew = 1;
  }
  if (t->renew && t->rectangle[2] > 0 && t->rectangle[3] > 0)
    status = take_reference(t, y, g, cover);
  result->dx = t->x;
  result->dy = t->y;
  result->confidence = confidence;
  return status;
}

/* Motion of a textured patch relative to a reference.
 *
 * Lucas and Kanade, An Iterative Image Registration Technique (1981), in the inverse compositional
 * form of Baker and Matthews (2004): the gradients of the reference are computed once, and each
 * frame costs two interpolations of the patch. Each block of the patch is registered separately;
 * the motion of the patch is the mean of the blocks' steps, weighted by their precision.
 *
 * All frames are compared with one reference, which is renewed only if necessary. The displacement
 * therefore neither drifts nor performs a random walk: noise enters once per reference, not once
 * per frame. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "motion_internal.h"

enum {
  MIN_WIDTH_FOR_BINNING = 480, /* of images whose samples are the mean of 2 by 2 pixels */
  MAX_SAMPLES = 1 << 18,
  MAX_POOR_FRAMES = 5 /* consecutive frames after which the reference is renewed */
};

struct tracker {
  float rectangle[4]; /* in pixels; width 0: tracking is stopped */
  int needs_reference;
  struct patch patch;
  int image_width, image_height;
  struct block blocks[MAX_BLOCKS];
  int block_count;
  float reference_residual; /* residual of the first frame after the reference, in levels */
  int poor_frames;
  double x, y;                     /* displacement, in pixels */
  double reference_x, reference_y; /* its value when the reference was taken */
};

struct tracker *tracker_create(void) {
  struct tracker *tracker = calloc(1, sizeof *tracker);
  return tracker;
}

static void clear_reference(struct tracker *t) {
  t->patch.unit = 0;
  t->block_count = 0;
}

void tracker_destroy(struct tracker *tracker) {
  if (!tracker) return;
  free(tracker->patch.reference);
  free(tracker);
}

void tracker_set_rectangle(struct tracker *tracker, const float *rectangle) {
  tracker->reference_x = tracker->x, tracker->reference_y = tracker->y;
  memcpy(tracker->rectangle, rectangle, sizeof tracker->rectangle);
  tracker->needs_reference = 1;
  if (!(rectangle[2] > 0) || !(rectangle[3] > 0)) clear_reference(tracker);
}

/* Converts a coordinate in pixels to samples, clamped to the image. */
static int to_samples(float pixels, int unit, int length) {
  int sample = (int)lrintf(pixels / (float)unit);
  return sample < 0 ? 0 : sample > length ? length : sample;
}

static int take_reference(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                          const struct coverage *coverage) {
  t->needs_reference = 0;
  clear_reference(t);
  /* The rectangle moves with its content. */
  t->rectangle[0] += (float)(t->x - t->reference_x);
  t->rectangle[1] += (float)(t->y - t->reference_y);
  t->reference_x = t->x, t->reference_y = t->y;
  int unit = g->width >= MIN_WIDTH_FOR_BINNING ? 2 : 1;
  const float *r = t->rectangle;
  int left = to_samples(r[0], unit, g->width / unit),
      top = to_samples(r[1], unit, g->height / unit);
  int width = to_samples(r[0] + r[2], unit, g->width / unit) - left;
  int height = to_samples(r[1] + r[3], unit, g->height / unit) - top;
  if (width < 8 || height < 8 || (long)width * height > MAX_SAMPLES) return PH_OK;
  struct patch *patch = &t->patch;
  int status = patch_reserve(patch, width, height);
  if (status) return status;
  patch->left = left, patch->top = top, patch->width = width, patch->height = height;
  patch->unit = unit;
  t->image_width = g->width, t->image_height = g->height;
  patch_sample(patch, y, g);
  patch_set_reference(patch);
  t->block_count = blocks_init(t->blocks, patch, coverage);
  t->reference_residual = 0;
  t->poor_frames = 0;
  return PH_OK;
}

int tracker_measure(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                    const struct coverage *coverage, struct ph_motion_result *result) {
  int status = PH_OK;
  double confidence = 0;
  if (t->patch.unit && (t->image_width != g->width || t->image_height != g->height)) {
    clear_reference(t);
    t->needs_reference = 1;
  }
  if (t->block_count > 0) {
    patch_sample(&t->patch, y, g);
    struct frame_motion motion = blocks_update(t->blocks, t->block_count, &t->patch);
    if (t->reference_residual == 0) t->reference_residual = motion.residual;
    int jump = hypotf(motion.step_x, motion.step_y) > 2.5f;
    int misfit = motion.residual > 2.5f * t->reference_residual + 2.5f;
    t->poor_frames = misfit ? t->poor_frames + 1 : 0;
    if (!jump) {
      t->x += motion.step_x * (float)t->patch.unit;
      t->y += motion.step_y * (float)t->patch.unit;
      confidence = misfit ? 0.3 * motion.confidence : motion.confidence;
    }
    if (jump || t->poor_frames >= MAX_POOR_FRAMES || motion.max_displacement > MARGIN - 1.5f)
      t->needs_reference = 1;
  }
  if (t->needs_reference && t->rectangle[2] > 0 && t->rectangle[3] > 0)
    status = take_reference(t, y, g, coverage);
  result->dx = t->x;
  result->dy = t->y;
  result->confidence = confidence;
  return status;
}

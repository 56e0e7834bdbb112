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

#include "regions_internal.h"

enum {
  MARGIN = 6,       /* samples around the patch: how far it may move from its reference */
  MAX_BLOCKS = 40,
  ITERATIONS = 2,
  WIDE_PICTURE = 480, /* from this width on, a sample is the mean of 2 by 2 pixels */
  MAX_SAMPLES = 1 << 18,
  POOR_FRAMES = 5 /* after so many, the reference is out of date */
};

static const float NOISE = 1.5f;      /* levels, after smoothing */
static const float NOISE_GRADIENT = 0.35f; /* what it adds to a squared gradient */
static const float OWN_MOTION = 0.05f; /* samples */

/* How much a block counts that does not fit, and how it wins its weight back, a frame. */
static const float LEAST_TRUST = 0.02f, RECOVERY = 0.05f;

struct block {
  int left, top, width, height; /* in the patch */
  float hxx, hxy, hyy;          /* inverse of the damped structure tensor */
  float certainty;              /* what its vertical motion weighs */
  float dx, dy;                 /* displacement from the reference, samples */
  float trust;                  /* 0..1, slow: falls where the block does not fit any more */
};

struct tracker {
  float rectangle[4]; /* as asked for, in pixels; width 0: nothing to follow */
  int region; /* its mask says which blocks count; -1: all */
  int renew;
  int unit;                     /* pixels per sample, 1 or 2; 0 without a reference */
  int left, top, width, height; /* of the patch, in samples of the picture */
  int picture_width, picture_height;
  float *reference, *gx, *gy; /* width * height */
  float *patch, *rough;       /* with the margin around */
  size_t capacity;
  struct block blocks[MAX_BLOCKS];
  int block_count;
  float fit; /* residual of a good frame, levels */
  int poor;
  double x, y; /* position, in pixels */
  double reference_x, reference_y; /* what it was when the reference was taken */
};

struct tracker *tracker_create(void) { return calloc(1, sizeof(struct tracker)); }

static void forget(struct tracker *t) {
  t->unit = 0;
  t->block_count = 0;
}

void tracker_destroy(struct tracker *tracker) {
  if (!tracker) return;
  free(tracker->reference);
  free(tracker);
}

void tracker_place(struct tracker *tracker, const float *rectangle, int region) {
  tracker->region = region;
  tracker->reference_x = tracker->x, tracker->reference_y = tracker->y;
  memcpy(tracker->rectangle, rectangle, sizeof tracker->rectangle);
  tracker->renew = 1;
  if (!(rectangle[2] > 0) || !(rectangle[3] > 0)) forget(tracker);
}

/* ---- The patch ---- */

static int reserve(struct tracker *t, int width, int height) {
  size_t inner = (size_t)width * height;
  size_t outer = (size_t)(width + 2 * MARGIN) * (height + 2 * MARGIN);
  size_t rough = (size_t)(width + 2 * MARGIN + 2) * (height + 2 * MARGIN + 2);
  size_t needed = 3 * inner + outer + rough;
  if (needed > t->capacity) {
    float *memory = realloc(t->reference, needed * sizeof(float));
    if (!memory) return ph_fail(PH_ERR_MEMORY, "Cannot follow motion: no memory");
    t->reference = memory;
    t->capacity = needed;
  }
  t->gx = t->reference + inner;
  t->gy = t->gx + inner;
  t->patch = t->gy + inner;
  t->rough = t->patch + outer;
  return PH_OK;
}

static int clamp(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

/* Copies the patch and what is around it, smoothed by 1 2 1 both ways: the camera's noise would
 * pass for texture. Beyond the picture its edge is repeated. */
static void take_patch(struct tracker *t, const uint8_t *y, const struct ph_geometry *g) {
  int wide = t->width + 2 * MARGIN + 2, high = t->height + 2 * MARGIN + 2;
  int left = t->left - MARGIN - 1, top = t->top - MARGIN - 1;
  int columns = g->width / t->unit, rows = g->height / t->unit;
  for (int row = 0; row < high; row++) {
    const uint8_t *line = y + (size_t)clamp(top + row, 0, rows - 1) * t->unit * g->y_stride;
    float *out = t->rough + (size_t)row * wide;
    int from = clamp(-left, 0, wide), to = clamp(columns - left, from, wide);
    if (t->unit == 1) {
      for (int x = from; x < to; x++) out[x] = line[left + x];
    } else {
      const uint8_t *second = line + g->y_stride;
      for (int x = from; x < to; x++) {
        int at = 2 * (left + x);
        out[x] = 0.25f * (float)(line[at] + line[at + 1] + second[at] + second[at + 1]);
      }
    }
    for (int x = 0; x < from; x++) out[x] = from < to ? out[from] : 0;
    for (int x = to; x < wide; x++) out[x] = from < to ? out[to - 1] : 0;
  }
  int width = wide - 2, height = high - 2;
  for (int row = 0; row < height; row++) {
    const float *restrict a = t->rough + (size_t)row * wide, *restrict b = a + wide;
    const float *restrict c = b + wide;
    float *restrict out = t->patch + (size_t)row * width;
    for (int x = 0; x < width; x++)
      out[x] = (a[x] + 2 * a[x + 1] + a[x + 2] + 2 * (b[x] + 2 * b[x + 1] + b[x + 2]) + c[x] +
                2 * c[x + 1] + c[x + 2]) *
               (1.0f / 16);
  }
}

/* ---- The reference ---- */

static void prepare_block(struct tracker *t, struct block *block) {
  float sum_x = 0, sum_y = 0;
  int count = block->width * block->height;
  for (int row = block->top; row < block->top + block->height; row++)
    for (int x = block->left; x < block->left + block->width; x++) {
      sum_x += t->gx[(size_t)row * t->width + x];
      sum_y += t->gy[(size_t)row * t->width + x];
    }
  /* Gradients without their mean do not see a change of brightness. */
  float mean_x = sum_x / (float)count, mean_y = sum_y / (float)count;
  float xx = 0, xy = 0, yy = 0;
  for (int row = block->top; row < block->top + block->height; row++)
    for (int x = block->left; x < block->left + block->width; x++) {
      size_t at = (size_t)row * t->width + x;
      float gx = t->gx[at] -= mean_x, gy = t->gy[at] -= mean_y;
      xx += gx * gx;
      xy += gx * gy;
      yy += gy * gy;
    }
  /* An edge determines the motion across it only: damping keeps the rest at rest. */
  float damping = 0.01f * (xx + yy) + 0.05f * (float)count;
  float a = xx + damping, d = yy + damping, determinant = a * d - xy * xy;
  block->hxx = d / determinant;
  block->hxy = -xy / determinant;
  block->hyy = a / determinant;
  float bare = 0.05f * (float)count;
  float across = (xx + bare) * (yy + bare) - xy * xy;
  float gradient = fmaxf(0, across / (xx + bare) - NOISE_GRADIENT * (float)count);
  /* The variance of a block's motion is that of its noise and of moving a little by itself: a
   * sharp edge counts no more than all that is sharp enough. */
  block->certainty = gradient / (NOISE * NOISE + OWN_MOTION * OWN_MOTION * gradient);
  block->dx = block->dy = 0;
  block->trust = 1;
}

static int take_reference(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                          const struct ph_regions *regions) {
  t->renew = 0;
  forget(t);
  /* The patch goes with what it shows. */
  t->rectangle[0] += (float)(t->x - t->reference_x);
  t->rectangle[1] += (float)(t->y - t->reference_y);
  t->reference_x = t->x, t->reference_y = t->y;
  int unit = g->width >= WIDE_PICTURE ? 2 : 1;
  const float *r = t->rectangle;
  int columns = g->width / unit, rows = g->height / unit;
  int left = clamp((int)lrintf(r[0] / (float)unit), 0, columns);
  int top = clamp((int)lrintf(r[1] / (float)unit), 0, rows);
  int right = clamp((int)lrintf((r[0] + r[2]) / (float)unit), 0, columns);
  int bottom = clamp((int)lrintf((r[1] + r[3]) / (float)unit), 0, rows);
  int width = right - left, height = bottom - top;
  if (width < 8 || height < 8 || (long)width * height > MAX_SAMPLES) return PH_OK;
  int status = reserve(t, width, height);
  if (status) return status;
  t->left = left, t->top = top, t->width = width, t->height = height;
  t->unit = unit;
  t->picture_width = g->width, t->picture_height = g->height;
  take_patch(t, y, g);
  int wide = width + 2 * MARGIN;
  for (int row = 0; row < height; row++) {
    const float *from = t->patch + (size_t)(row + MARGIN) * wide + MARGIN;
    size_t at = (size_t)row * width;
    for (int x = 0; x < width; x++) {
      t->reference[at + x] = from[x];
      t->gx[at + x] = 0.5f * (from[x + 1] - from[x - 1]);
      t->gy[at + x] = 0.5f * (from[x + wide] - from[x - wide]);
    }
  }
  int across = clamp(width / 16, 1, 8), down = clamp(height / 12, 1, MAX_BLOCKS / 8);
  for (int j = 0; j < down; j++)
    for (int i = 0; i < across; i++) {
      struct block *block = &t->blocks[t->block_count++];
      block->left = width * i / across, block->top = height * j / down;
      block->width = width * (i + 1) / across - block->left;
      block->height = height * (j + 1) / down - block->top;
      prepare_block(t, block);
      if (t->region >= 0)
        block->certainty *= region_share(regions, t->region, unit * (left + block->left),
                                         unit * (top + block->top), unit * block->width,
                                         unit * block->height);
    }
  t->fit = 0;
  t->poor = 0;
  return PH_OK;
}

/* ---- A frame ---- */

/* One step of Gauss and Newton; returns the residual's standard deviation in levels. */
static float step_block(const struct tracker *t, struct block *b) {
  float limit = MARGIN - 1.01f;
  float dx = fmaxf(-limit, fminf(limit, b->dx)), dy = fmaxf(-limit, fminf(limit, b->dy));
  int ix = (int)floorf(dx), iy = (int)floorf(dy);
  float fx = dx - (float)ix, fy = dy - (float)iy;
  float w00 = (1 - fx) * (1 - fy), w01 = fx * (1 - fy), w10 = (1 - fx) * fy, w11 = fx * fy;
  int wide = t->width + 2 * MARGIN;
  float sum_x = 0, sum_y = 0, sum = 0, squares = 0;
  for (int row = 0; row < b->height; row++) {
    const float *restrict p = t->patch + (size_t)(b->top + row + MARGIN + iy) * wide + b->left +
                              MARGIN + ix;
    const float *restrict q = p + wide;
    size_t at = (size_t)(b->top + row) * t->width + b->left;
    const float *restrict reference = t->reference + at;
    const float *restrict gx = t->gx + at, *restrict gy = t->gy + at;
#pragma omp simd reduction(+ : sum_x, sum_y, sum, squares)
    for (int x = 0; x < b->width; x++) {
      float e = w00 * p[x] + w01 * p[x + 1] + w10 * q[x] + w11 * q[x + 1] - reference[x];
      sum_x += gx[x] * e;
      sum_y += gy[x] * e;
      sum += e;
      squares += e * e;
    }
  }
  b->dx = dx - (b->hxx * sum_x + b->hxy * sum_y);
  b->dy = dy - (b->hxy * sum_x + b->hyy * sum_y);
  float count = (float)(b->width * b->height), mean = sum / count;
  return sqrtf(fmaxf(0, squares / count - mean * mean));
}

struct frame_motion {
  float step_x, step_y; /* since the frame before, samples */
  float confidence;
  float residual;
  float reach; /* the largest displacement of a block that counts */
};

/* The value that half of the weight lies below. */
static float weighted_median(const float *values, const float *weights, int count, float total) {
  float best = 0, below_best = INFINITY;
  for (int i = 0; i < count; i++) {
    float below = 0;
    for (int j = 0; j < count; j++)
      if (values[j] <= values[i]) below += weights[j];
    if (below >= 0.5f * total && below < below_best) {
      below_best = below;
      best = values[i];
    }
  }
  return best;
}

/* A block that jumped found something else, or its own place again: its step is no motion. One
 * that goes another way than most is something before the patch. */
static const float JUMP = 0.7f, STRAY = 1.0f; /* samples */

static int is_stray(const struct block *b, float middle_x, float middle_y) {
  float allowed = STRAY + 0.5f * hypotf(middle_x, middle_y);
  return hypotf(b->dx - middle_x, b->dy - middle_y) > allowed;
}

static struct frame_motion move_blocks(struct tracker *t) {
  float steps_x[MAX_BLOCKS], steps_y[MAX_BLOCKS], weights[MAX_BLOCKS], residuals[MAX_BLOCKS];
  float x[MAX_BLOCKS], y[MAX_BLOCKS];
  int count = t->block_count;
  float total = 0, residual = 0;
  struct frame_motion motion = {0};
  for (int i = 0; i < count; i++) {
    struct block *b = &t->blocks[i];
    float before_x = b->dx, before_y = b->dy;
    for (int k = 0; k < ITERATIONS; k++) residuals[i] = step_block(t, b);
    steps_x[i] = b->dx - before_x;
    steps_y[i] = b->dy - before_y;
    x[i] = b->dx, y[i] = b->dy;
    weights[i] = b->certainty * b->trust;
    total += weights[i];
    residual += weights[i] * residuals[i];
  }
  if (!(total > 0)) return motion;
  residual /= total;
  float middle_x = weighted_median(x, weights, count, total);
  float middle_y = weighted_median(y, weights, count, total);
  float step_x = weighted_median(steps_x, weights, count, total);
  float step_y = weighted_median(steps_y, weights, count, total);
  float spread = 0, agreed = 0;
  for (int i = 0; i < count; i++) {
    struct block *b = &t->blocks[i];
    float off = hypotf(steps_x[i] - step_x, steps_y[i] - step_y);
    spread += weights[i] * fminf(off * off, 1);
    if (weights[i] > 0.02f * total)
      motion.reach = fmaxf(motion.reach, fmaxf(fabsf(b->dx), fabsf(b->dy)));
    if (off > JUMP || residuals[i] > 2.5f * residual + 2)
      b->trust = LEAST_TRUST;
    else if (is_stray(b, middle_x, middle_y))
      b->trust += 0.3f * (LEAST_TRUST - b->trust);
    else
      b->trust += RECOVERY * (1 - b->trust);
    /* Weights that do not depend on this frame's noise: the steps add up to a position. */
    float weight = b->certainty * b->trust;
    agreed += weight;
    motion.step_x += weight * steps_x[i];
    motion.step_y += weight * steps_y[i];
  }
  spread = sqrtf(spread / total);
  /* The standard error of the mean where the noise is as large as the residual. A quiet breath
   * moves half a sample. */
  float error = fmaxf(residual, 0.3f) / sqrtf(total);
  motion.step_x /= agreed;
  motion.step_y /= agreed;
  motion.residual = residual;
  motion.confidence = 1 / (1 + (error / 0.1f) * (error / 0.1f)) /
                      (1 + (spread / 0.35f) * (spread / 0.35f));
  return motion;
}

int tracker_measure(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                    const struct ph_regions *regions, struct ph_motion_result *result) {
  int status = PH_OK;
  double confidence = 0;
  if (t->unit && (t->picture_width != g->width || t->picture_height != g->height)) {
    forget(t);
    t->renew = 1;
  }
  if (t->block_count > 0) {
    take_patch(t, y, g);
    struct frame_motion motion = move_blocks(t);
    if (t->fit == 0) t->fit = motion.residual; /* the first frame after the reference: pure noise */
    int jump = hypotf(motion.step_x, motion.step_y) > 2.5f;
    int misfit = motion.residual > 2.5f * t->fit + 2.5f;
    t->poor = misfit ? t->poor + 1 : 0;
    if (!jump) {
      t->x += motion.step_x * (float)t->unit;
      t->y += motion.step_y * (float)t->unit;
      confidence = misfit ? 0.3 * motion.confidence : motion.confidence;
    }
    if (jump || t->poor >= POOR_FRAMES || motion.reach > MARGIN - 1.5f) t->renew = 1;
  }
  if (t->renew && t->rectangle[2] > 0 && t->rectangle[3] > 0) status = take_reference(t, y, g, regions);
  result->dx = t->x;
  result->dy = t->y;
  result->confidence = confidence;
  return status;
}

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

struct block {
  int left, top, width, height; /* in the patch */
  float hxx, hxy, hyy;          /* inverse of the damped structure tensor */
  float certainty;              /* of the vertical motion: 1 / (H^-1)yy */
  float dx, dy;                 /* displacement from the reference, samples */
  float trust;                  /* 0..1, slow: falls where the block does not fit any more */
};

struct tracker {
  float rectangle[4]; /* as asked for, in pixels; width 0: nothing to follow */
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

void tracker_place(struct tracker *tracker, const float *rectangle) {
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
  block->certainty = fmaxf(0, across / (xx + bare) - 2 * bare);
  block->dx = block->dy = 0;
  block->trust = 1;
}

static int take_reference(struct tracker *t, const uint8_t *y, const struct ph_geometry *g) {
  t->renew = 0;
  forget(t);
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

static struct frame_motion move_blocks(struct tracker *t) {
  float steps_x[MAX_BLOCKS], steps_y[MAX_BLOCKS], weights[MAX_BLOCKS], residuals[MAX_BLOCKS];
  float total = 0, mean_x = 0, mean_y = 0, residual = 0;
  struct frame_motion motion = {0};
  for (int i = 0; i < t->block_count; i++) {
    struct block *b = &t->blocks[i];
    float before_x = b->dx, before_y = b->dy;
    for (int k = 0; k < ITERATIONS; k++) residuals[i] = step_block(t, b);
    steps_x[i] = b->dx - before_x;
    steps_y[i] = b->dy - before_y;
    weights[i] = b->certainty * b->trust;
    total += weights[i];
    mean_x += weights[i] * steps_x[i];
    mean_y += weights[i] * steps_y[i];
    residual += weights[i] * residuals[i];
  }
  if (!(total > 0)) return motion;
  mean_x /= total, mean_y /= total, residual /= total;
  /* Once more, with less of those that disagree. */
  float spread = 0, agreed = 0, robust_x = 0, robust_y = 0;
  for (int i = 0; i < t->block_count; i++) {
    struct block *b = &t->blocks[i];
    float off_x = steps_x[i] - mean_x, off_y = steps_y[i] - mean_y;
    float off = off_x * off_x + off_y * off_y;
    float w = weights[i] / (1 + off / (0.15f * 0.15f));
    spread += weights[i] * off;
    agreed += w;
    robust_x += w * steps_x[i];
    robust_y += w * steps_y[i];
    float fits = residuals[i] > 2.5f * residual + 2 || off > 1 ? 0.0f : 1.0f;
    b->trust += 0.1f * (fmaxf(fits, 0.02f) - b->trust);
    float reach = fmaxf(fabsf(b->dx), fabsf(b->dy));
    if (weights[i] > 0.02f * total) motion.reach = fmaxf(motion.reach, reach);
  }
  spread = sqrtf(spread / total);
  /* The standard error that noise as large as the residual gives; smoothing makes neighbours
   * share their noise, which doubles it. */
  float error = 2 * fmaxf(residual, 0.3f) / sqrtf(total);
  motion.step_x = robust_x / agreed;
  motion.step_y = robust_y / agreed;
  motion.residual = residual;
  motion.confidence = 1 / (1 + (error / 0.03f) * (error / 0.03f)) /
                      (1 + (spread / 0.25f) * (spread / 0.25f));
  return motion;
}

int tracker_measure(struct tracker *t, const uint8_t *y, const struct ph_geometry *g,
                    struct ph_motion_result *result) {
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
  if (t->renew && t->rectangle[2] > 0 && t->rectangle[3] > 0) status = take_reference(t, y, g);
  result->dx = t->x;
  result->dy = t->y;
  result->confidence = confidence;
  return status;
}

#include <math.h>

#include "motion_internal.h"

enum { ITERATIONS = 2 };

static const float NOISE = 1.5f;           /* levels, after smoothing */
static const float NOISE_GRADIENT = 0.35f; /* what it adds to a squared gradient */
static const float OWN_MOTION = 0.05f;     /* samples */

/* How much a block counts that does not fit, and how it wins its weight back, a frame. */
static const float LEAST_TRUST = 0.02f, RECOVERY = 0.05f;

static void prepare_block(struct patch *t, struct block *block) {
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

/* The share of a rectangle of the picture that counts, 0..1. */
static float share_of(const struct cover *cover, int x, int y, int width, int height) {
  if (cover->weights == NULL) return 1;
  int cell_x = cover->cell_width, cell_y = cover->cell_height;
  uint64_t sum = 0, count = 0;
  for (int row = y / cell_y; row < cover->rows && row * cell_y < y + height; row++)
    for (int column = x / cell_x; column < cover->columns && column * cell_x < x + width;
         column++, count++)
      sum += cover->weights[(size_t)row * cover->columns + column];
  return count ? (float)sum / (255.0f * (float)count) : 0;
}

static int between(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

int blocks_cut(struct block *blocks, struct patch *t, const struct cover *cover) {
  int across = between(t->width / 16, 1, 8), down = between(t->height / 12, 1, MAX_BLOCKS / 8);
  int unit = t->unit;
  struct block *block = blocks;
  for (int j = 0; j < down; j++)
    for (int i = 0; i < across; i++, block++) {
      block->left = t->width * i / across, block->top = t->height * j / down;
      block->width = t->width * (i + 1) / across - block->left;
      block->height = t->height * (j + 1) / down - block->top;
      prepare_block(t, block);
      block->certainty *=
          share_of(cover, unit * (t->left + block->left), unit * (t->top + block->top),
                   unit * block->width, unit * block->height);
    }
  return across * down;
}

/* One step of Gauss and Newton; returns the residual's standard deviation in levels. */
static float step_block(const struct patch *t, struct block *b) {
  float limit = MARGIN - 1.01f;
  float dx = fmaxf(-limit, fminf(limit, b->dx)), dy = fmaxf(-limit, fminf(limit, b->dy));
  int ix = (int)floorf(dx), iy = (int)floorf(dy);
  float fx = dx - (float)ix, fy = dy - (float)iy;
  float w00 = (1 - fx) * (1 - fy), w01 = fx * (1 - fy), w10 = (1 - fx) * fy, w11 = fx * fy;
  int wide = t->width + 2 * MARGIN;
  float sum_x = 0, sum_y = 0, sum = 0, squares = 0;
  for (int row = 0; row < b->height; row++) {
    const float *restrict p =
        t->now + (size_t)(b->top + row + MARGIN + iy) * wide + b->left + MARGIN + ix;
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

struct frame_motion blocks_move(struct block *blocks, int count, const struct patch *t) {
  float steps_x[MAX_BLOCKS], steps_y[MAX_BLOCKS], weights[MAX_BLOCKS], residuals[MAX_BLOCKS];
  float x[MAX_BLOCKS], y[MAX_BLOCKS];
  float total = 0, residual = 0;
  struct frame_motion motion = {0};
  for (int i = 0; i < count; i++) {
    struct block *b = &blocks[i];
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
    struct block *b = &blocks[i];
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
  motion.confidence =
      1 / (1 + (error / 0.1f) * (error / 0.1f)) / (1 + (spread / 0.35f) * (spread / 0.35f));
  return motion;
}

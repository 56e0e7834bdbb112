#include <math.h>

#include "motion_internal.h"

enum { ITERATIONS = 2 };

static const float NOISE = 1.5f;           /* in levels, after the binomial filter */
static const float NOISE_GRADIENT = 0.35f; /* its contribution to a squared gradient */
static const float BLOCK_MOTION = 0.05f;   /* independent motion of a block, in samples */

/* The trust of a block that does not match, and its recovery per frame. */
static const float MIN_TRUST = 0.02f, TRUST_RECOVERY = 0.05f;

static void prepare_block(struct patch *t, struct block *block) {
  float sum_x = 0, sum_y = 0;
  int count = block->width * block->height;
  for (int row = block->top; row < block->top + block->height; row++)
    for (int x = block->left; x < block->left + block->width; x++) {
      sum_x += t->gx[(size_t)row * t->width + x];
      sum_y += t->gy[(size_t)row * t->width + x];
    }
  /* Gradients with zero mean are insensitive to a change of brightness. */
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
  /* An edge determines only the motion across it; the damping suppresses the motion along it. */
  float damping = 0.01f * (xx + yy) + 0.05f * (float)count;
  float a = xx + damping, d = yy + damping, determinant = a * d - xy * xy;
  block->hxx = d / determinant;
  block->hxy = -xy / determinant;
  block->hyy = a / determinant;
  float regularization = 0.05f * (float)count;
  float across = (xx + regularization) * (yy + regularization) - xy * xy;
  float gradient = fmaxf(0, across / (xx + regularization) - NOISE_GRADIENT * (float)count);
  /* The variance of a block's motion is the sum of its noise and of its independent motion, which
   * limits the weight of sharp edges. */
  block->precision = gradient / (NOISE * NOISE + BLOCK_MOTION * BLOCK_MOTION * gradient);
  block->dx = block->dy = 0;
  block->trust = 1;
}

/* Returns the mean weight of a rectangle of the image, 0..1. */
static float mean_coverage(const struct coverage *coverage, int x, int y, int width, int height) {
  if (coverage->weights == NULL) return 1;
  int cell_x = coverage->cell_width, cell_y = coverage->cell_height;
  uint64_t sum = 0, count = 0;
  for (int row = y / cell_y; row < coverage->rows && row * cell_y < y + height; row++)
    for (int column = x / cell_x; column < coverage->columns && column * cell_x < x + width;
         column++, count++)
      sum += coverage->weights[(size_t)row * coverage->columns + column];
  return count ? (float)sum / (255.0f * (float)count) : 0;
}

static int clamp(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

int blocks_init(struct block *blocks, struct patch *t, const struct coverage *coverage) {
  int columns = clamp(t->width / 16, 1, 8), rows = clamp(t->height / 12, 1, MAX_BLOCKS / 8);
  int unit = t->unit;
  struct block *block = blocks;
  for (int j = 0; j < rows; j++)
    for (int i = 0; i < columns; i++, block++) {
      block->left = t->width * i / columns, block->top = t->height * j / rows;
      block->width = t->width * (i + 1) / columns - block->left;
      block->height = t->height * (j + 1) / rows - block->top;
      prepare_block(t, block);
      block->precision *=
          mean_coverage(coverage, unit * (t->left + block->left), unit * (t->top + block->top),
                        unit * block->width, unit * block->height);
    }
  return columns * rows;
}

/* Performs one Gauss-Newton step. Returns the standard deviation of the residual, in levels. */
static float step_block(const struct patch *t, struct block *b) {
  float limit = MARGIN - 1.01f;
  float dx = fmaxf(-limit, fminf(limit, b->dx)), dy = fmaxf(-limit, fminf(limit, b->dy));
  int ix = (int)floorf(dx), iy = (int)floorf(dy);
  float fx = dx - (float)ix, fy = dy - (float)iy;
  float w00 = (1 - fx) * (1 - fy), w01 = fx * (1 - fy), w10 = (1 - fx) * fy, w11 = fx * fy;
  int stride = t->width + 2 * MARGIN;
  float sum_x = 0, sum_y = 0, sum = 0, squares = 0;
  for (int row = 0; row < b->height; row++) {
    const float *restrict p =
        t->current + (size_t)(b->top + row + MARGIN + iy) * stride + b->left + MARGIN + ix;
    const float *restrict q = p + stride;
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

/* Returns the weighted median. */
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

/* A block whose step deviates by more than MAX_STEP has lost or regained its match. A block whose
 * displacement deviates by more than MAX_DEVIATION is probably an object in front of the patch. */
static const float MAX_STEP = 0.7f, MAX_DEVIATION = 1.0f; /* samples */

static int is_outlier(const struct block *b, float median_x, float median_y) {
  float allowed = MAX_DEVIATION + 0.5f * hypotf(median_x, median_y);
  return hypotf(b->dx - median_x, b->dy - median_y) > allowed;
}

struct frame_motion blocks_update(struct block *blocks, int count, const struct patch *t) {
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
    weights[i] = b->precision * b->trust;
    total += weights[i];
    residual += weights[i] * residuals[i];
  }
  if (!(total > 0)) return motion;
  residual /= total;
  float median_x = weighted_median(x, weights, count, total);
  float median_y = weighted_median(y, weights, count, total);
  float step_x = weighted_median(steps_x, weights, count, total);
  float step_y = weighted_median(steps_y, weights, count, total);
  float spread = 0, trusted = 0;
  for (int i = 0; i < count; i++) {
    struct block *b = &blocks[i];
    float deviation = hypotf(steps_x[i] - step_x, steps_y[i] - step_y);
    spread += weights[i] * fminf(deviation * deviation, 1);
    if (weights[i] > 0.02f * total)
      motion.max_displacement = fmaxf(motion.max_displacement, fmaxf(fabsf(b->dx), fabsf(b->dy)));
    if (deviation > MAX_STEP || residuals[i] > 2.5f * residual + 2)
      b->trust = MIN_TRUST;
    else if (is_outlier(b, median_x, median_y))
      b->trust += 0.3f * (MIN_TRUST - b->trust);
    else
      b->trust += TRUST_RECOVERY * (1 - b->trust);
    /* The weights do not depend on this frame's noise, so the steps add up to a displacement. */
    float weight = b->precision * b->trust;
    trusted += weight;
    motion.step_x += weight * steps_x[i];
    motion.step_y += weight * steps_y[i];
  }
  spread = sqrtf(spread / total);
  /* The standard error of the mean, with the residual as the noise. For comparison, a shallow
   * breath moves the patch by half a sample. */
  float error = fmaxf(residual, 0.3f) / sqrtf(total);
  motion.step_x /= trusted;
  motion.step_y /= trusted;
  motion.residual = residual;
  motion.confidence =
      1 / (1 + (error / 0.1f) * (error / 0.1f)) / (1 + (spread / 0.35f) * (spread / 0.35f));
  return motion;
}

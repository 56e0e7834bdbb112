/* Masks: fading to a new layout, and motion compensation between layouts. */
#include <math.h>
#include <string.h>

#include "regions_internal.h"

int is_empty(const struct bounds *b) { return b->right <= b->left || b->bottom <= b->top; }

void extend_bounds(struct bounds *bounds, const struct bounds *other) {
  if (is_empty(other)) return;
  if (is_empty(bounds)) {
    *bounds = *other;
    return;
  }
  if (other->left < bounds->left) bounds->left = other->left;
  if (other->top < bounds->top) bounds->top = other->top;
  if (other->right > bounds->right) bounds->right = other->right;
  if (other->bottom > bounds->bottom) bounds->bottom = other->bottom;
}

static struct shift shift_of_cells(double x, double y) {
  int x256 = (int)lrint(x * 256), y256 = (int)lrint(y * 256);
  return (struct shift){x256 >> 8, y256 >> 8, x256 & 255, y256 & 255};
}

void shift_row(const struct ph_regions *regions, const struct mask *mask, const struct shift *shift,
               int row, int left, int right, uint8_t *out) {
  const struct bounds *b = &mask->bounds;
  int lower = row - shift->y, upper = lower - 1;
  int part_low = lower >= b->top && lower < b->bottom ? 256 - shift->part_y : 0;
  int part_up = upper >= b->top && upper < b->bottom ? shift->part_y : 0;
  const uint8_t *a = mask->current + (size_t)(part_low ? lower : b->top) * regions->columns;
  const uint8_t *c = mask->current + (size_t)(part_up ? upper : b->top) * regions->columns;
  int part_x = shift->part_x, before = 0;
  int start = left - shift->x - 1; /* the left neighbor of the first cell */
  if (start >= b->left && start < b->right) before = part_low * a[start] + part_up * c[start];
  for (int x = left; x < right; x++) {
    int from = x - shift->x, here = 0;
    if (from >= b->left && from < b->right) here = part_low * a[from] + part_up * c[from];
    out[x - left] = (uint8_t)(((256 - part_x) * here + part_x * before + 32768) >> 16);
    before = here;
  }
}

struct bounds shifted_bounds(const struct ph_regions *regions, const struct mask *mask,
                             const struct shift *shift) {
  struct bounds b = {mask->bounds.left + shift->x, mask->bounds.top + shift->y,
                     mask->bounds.right + shift->x + 1, mask->bounds.bottom + shift->y + 1};
  if (b.left < 0) b.left = 0;
  if (b.top < 0) b.top = 0;
  if (b.right > regions->columns) b.right = regions->columns;
  if (b.bottom > regions->rows) b.bottom = regions->rows;
  return b;
}

struct shift current_shift(const struct ph_regions *regions) {
  double cell_x = regions->geometry.width / regions->columns;
  double cell_y = regions->geometry.height / regions->rows;
  return shift_of_cells(regions->shift_x / cell_x, regions->shift_y / cell_y);
}

static void clear(const struct ph_regions *regions, uint8_t *weights, const struct bounds *b) {
  if (is_empty(b)) return;
  for (int row = b->top; row < b->bottom; row++)
    memset(weights + (size_t)row * regions->columns + b->left, 0, (size_t)(b->right - b->left));
}

void apply_mask_shift(const struct ph_regions *regions, struct mask *mask) {
  clear(regions, mask->target, &mask->bounds);
  mask->target_bounds = (struct bounds){0};
  if (!mask->follows_motion || is_empty(&mask->bounds)) return;
  struct shift shift = current_shift(regions);
  struct bounds b = shifted_bounds(regions, mask, &shift);
  for (int row = b.top; row < b.bottom && !is_empty(&b); row++)
    shift_row(regions, mask, &shift, row, b.left, b.right,
              mask->target + (size_t)row * regions->columns + b.left);
  uint8_t *before = mask->current;
  mask->current = mask->target;
  mask->target = before;
  clear(regions, mask->target, &mask->bounds);
  mask->bounds = b;
}

/* Moves the weights toward their targets. Returns nonzero if any differed. */
static int fade_row(uint8_t *restrict current, const uint8_t *restrict target, int count,
                    int step) {
  int differs = 0;
  for (int i = 0; i < count; i++) {
    int difference = target[i] - current[i];
    int change = difference > step ? step : difference < -step ? -step : difference;
    current[i] = (uint8_t)(current[i] + change);
    differs |= difference;
  }
  return differs;
}

void fade_mask(const struct ph_regions *regions, struct mask *mask) {
  if (!mask->fading) return;
  struct bounds b = mask->bounds;
  int differs = 0;
  for (int row = b.top; row < b.bottom && !is_empty(&b); row++) {
    size_t at = (size_t)row * regions->columns + b.left;
    differs |= fade_row(mask->current + at, mask->target + at, b.right - b.left, regions->fade);
  }
  if (differs) return;
  mask->fading = 0;
  mask->bounds = mask->target_bounds;
}

/* Masks: how they fade into a new layout, and how they go with the face between layouts. */
#include <math.h>
#include <string.h>

#include "regions_internal.h"

int is_empty(const struct bounds *b) { return b->right <= b->left || b->bottom <= b->top; }

void widen(struct bounds *bounds, const struct bounds *by) {
  if (is_empty(by)) return;
  if (is_empty(bounds)) {
    *bounds = *by;
    return;
  }
  if (by->left < bounds->left) bounds->left = by->left;
  if (by->top < bounds->top) bounds->top = by->top;
  if (by->right > bounds->right) bounds->right = by->right;
  if (by->bottom > bounds->bottom) bounds->bottom = by->bottom;
}

static struct carry carry_of(double x, double y) {
  int x256 = (int)lrint(x * 256), y256 = (int)lrint(y * 256);
  return (struct carry){x256 >> 8, y256 >> 8, x256 & 255, y256 & 255};
}

void carry_row(const struct ph_regions *regions, const struct mask *mask, const struct carry *carry,
               int row, int left, int right, uint8_t *out) {
  const struct bounds *b = &mask->bounds;
  int lower = row - carry->y, upper = lower - 1;
  int part_low = lower >= b->top && lower < b->bottom ? 256 - carry->part_y : 0;
  int part_up = upper >= b->top && upper < b->bottom ? carry->part_y : 0;
  const uint8_t *a = mask->current + (size_t)(part_low ? lower : b->top) * regions->columns;
  const uint8_t *c = mask->current + (size_t)(part_up ? upper : b->top) * regions->columns;
  int part_x = carry->part_x, before = 0;
  int start = left - carry->x - 1; /* the cell that the first one gets a part of */
  if (start >= b->left && start < b->right) before = part_low * a[start] + part_up * c[start];
  for (int x = left; x < right; x++) {
    int from = x - carry->x, here = 0;
    if (from >= b->left && from < b->right) here = part_low * a[from] + part_up * c[from];
    out[x - left] = (uint8_t)(((256 - part_x) * here + part_x * before + 32768) >> 16);
    before = here;
  }
}

struct bounds carried_bounds(const struct ph_regions *regions, const struct mask *mask,
                             const struct carry *carry) {
  struct bounds b = {mask->bounds.left + carry->x, mask->bounds.top + carry->y,
                     mask->bounds.right + carry->x + 1, mask->bounds.bottom + carry->y + 1};
  if (b.left < 0) b.left = 0;
  if (b.top < 0) b.top = 0;
  if (b.right > regions->columns) b.right = regions->columns;
  if (b.bottom > regions->rows) b.bottom = regions->rows;
  return b;
}

struct carry carry_now(const struct ph_regions *regions) {
  double cell_x = regions->geometry.width / regions->columns;
  double cell_y = regions->geometry.height / regions->rows;
  return carry_of(regions->shift_x / cell_x, regions->shift_y / cell_y);
}

static void clear(const struct ph_regions *regions, uint8_t *weights, const struct bounds *b) {
  if (is_empty(b)) return;
  for (int row = b->top; row < b->bottom; row++)
    memset(weights + (size_t)row * regions->columns + b->left, 0, (size_t)(b->right - b->left));
}

void settle_mask(const struct ph_regions *regions, struct mask *mask) {
  clear(regions, mask->target, &mask->bounds);
  mask->target_bounds = (struct bounds){0};
  if (!mask->carried || is_empty(&mask->bounds)) return;
  struct carry carry = carry_now(regions);
  struct bounds b = carried_bounds(regions, mask, &carry);
  for (int row = b.top; row < b.bottom && !is_empty(&b); row++)
    carry_row(regions, mask, &carry, row, b.left, b.right,
              mask->target + (size_t)row * regions->columns + b.left);
  uint8_t *before = mask->current;
  mask->current = mask->target;
  mask->target = before;
  clear(regions, mask->target, &mask->bounds);
  mask->bounds = b;
}

/* Moves the weights toward their targets; says whether any still differs. */
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

/* Masks between layouts, against references that take the definitions literally. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../regions_internal.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

enum { COLUMNS = 20, ROWS = 14 };

static int same(const struct bounds *a, const struct bounds *b) {
  return a->left == b->left && a->top == b->top && a->right == b->right && a->bottom == b->bottom;
}

static void test_bounds(void) {
  static const struct bounds empty[] = {
      {0}, {5, 3, 5, 9}, {5, 3, 4, 9}, {5, 3, 8, 3}, {5, 3, 8, 2}};
  for (int i = 0; i < 5; i++) CHECK(is_empty(&empty[i]), "%d", i);
  struct bounds one = {5, 3, 6, 4};
  CHECK(!is_empty(&one), "one cell");
  static const struct {
    struct bounds a, b, both;
  } cases[] = {
      {{2, 3, 8, 9}, {0}, {2, 3, 8, 9}},          {{0}, {2, 3, 8, 9}, {2, 3, 8, 9}},
      {{2, 3, 8, 9}, {3, 4, 7, 8}, {2, 3, 8, 9}}, {{3, 4, 7, 8}, {2, 3, 8, 9}, {2, 3, 8, 9}},
      {{2, 5, 6, 9}, {4, 3, 8, 7}, {2, 3, 8, 9}}, {{4, 3, 8, 7}, {2, 5, 6, 9}, {2, 3, 8, 9}},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct bounds bounds = cases[i].a;
    extend_bounds(&bounds, &cases[i].b);
    CHECK(same(&bounds, &cases[i].both), "case %zu: %d %d %d %d", i, bounds.left, bounds.top,
          bounds.right, bounds.bottom);
  }
}

/* Regions with a grid of COLUMNS by ROWS cells of `size` pixels. */
static struct ph_regions *create_grid(int size) {
  struct ph_regions *regions = ph_regions_create();
  struct ph_geometry g = {
      COLUMNS * size, ROWS * size, COLUMNS * size, COLUMNS * size, size - 1, size - 1, 0, 0};
  static const uint8_t chroma;
  CHECK(fit_grid(regions, &g, &chroma) == PH_OK, "%s", ph_error_message());
  return regions;
}

/* Gives a mask random weights inside of its bounds. */
static void fill_mask(struct ph_regions *regions, struct mask *mask, struct bounds bounds) {
  mask->bounds = bounds;
  memset(mask->current, 0, COLUMNS * ROWS);
  for (int row = bounds.top; row < bounds.bottom; row++)
    for (int x = bounds.left; x < bounds.right; x++)
      mask->current[row * regions->columns + x] = (uint8_t)random_bits();
}

static int weight_at(const uint8_t *weights, int x, int y) {
  return x < 0 || y < 0 || x >= COLUMNS || y >= ROWS ? 0 : weights[y * COLUMNS + x];
}

/* The weight at a cell of a mask that was moved by `shift`, by bilinear interpolation. */
static int shifted_weight(const uint8_t *weights, const struct shift *shift, int x, int y) {
  int left = x - shift->x, top = y - shift->y, px = shift->part_x, py = shift->part_y;
  int sum = (256 - px) * (256 - py) * weight_at(weights, left, top) +
            px * (256 - py) * weight_at(weights, left - 1, top) +
            (256 - px) * py * weight_at(weights, left, top - 1) +
            px * py * weight_at(weights, left - 1, top - 1);
  return (sum + 32768) / 65536;
}

static const struct bounds all_bounds[] = {{3, 2, 12, 9}, {0, 0, COLUMNS, ROWS}, {5, 6, 6, 7}};
static const struct shift shifts[] = {{0, 0, 0, 0},    {2, 1, 0, 0},       {-3, -2, 0, 0},
                                      {0, 0, 100, 0},  {0, 0, 0, 200},     {1, -1, 37, 211},
                                      {-2, 3, 255, 1}, {14, 10, 128, 128}, {-15, -11, 64, 64}};
enum { BOUNDS = 3, SHIFTS = sizeof shifts / sizeof *shifts };

static void test_shifts(void) {
  struct ph_regions *regions = create_grid(1);
  struct mask *mask = &regions->masks[2];
  for (int i = 0; i < BOUNDS * SHIFTS; i++) {
    const struct shift *shift = &shifts[i % SHIFTS];
    fill_mask(regions, mask, all_bounds[i / SHIFTS]);
    struct bounds b = shifted_bounds(regions, mask, shift);
    CHECK(b.left >= 0 && b.top >= 0 && b.right <= COLUMNS && b.bottom <= ROWS, "outside");
    for (int row = 0; row < ROWS; row++) {
      uint8_t found[COLUMNS];
      memset(found, 77, sizeof found);
      shift_row(regions, mask, shift, row, 1, COLUMNS - 1, found + 1);
      CHECK(found[0] == 77 && found[COLUMNS - 1] == 77, "written outside of the row");
      for (int x = 1; x < COLUMNS - 1; x++) {
        int expected = shifted_weight(mask->current, shift, x, row);
        CHECK(found[x] == expected, "shift %d at %d,%d: %d, not %d", i, x, row, found[x], expected);
        int inside = x >= b.left && x < b.right && row >= b.top && row < b.bottom;
        CHECK(inside || expected == 0, "shift %d: %d,%d is outside of the bounds", i, x, row);
      }
    }
  }
  /* The bounds are not larger than necessary. */
  mask->bounds = (struct bounds){3, 2, 12, 9};
  struct bounds b = shifted_bounds(regions, mask, &(struct shift){2, -1, 9, 9});
  CHECK(same(&b, &(struct bounds){5, 1, 15, 9}), "%d %d %d %d", b.left, b.top, b.right, b.bottom);
  ph_regions_destroy(regions);
}

static void test_current_shift(void) {
  static const struct {
    int size;
    double x, y;
    struct shift shift;
  } cases[] = {{1, 0, 0, {0, 0, 0, 0}},
               {1, 2.5, 1.25, {2, 1, 128, 64}},
               {1, -0.75, -3, {-1, -3, 64, 0}},
               {2, 3, -1, {1, -1, 128, 128}},
               {2, 0.5, 7, {0, 3, 64, 128}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct ph_regions *regions = create_grid(cases[i].size);
    regions->shift_x = cases[i].x;
    regions->shift_y = cases[i].y;
    struct shift found = current_shift(regions), expected = cases[i].shift;
    CHECK(memcmp(&found, &expected, sizeof found) == 0, "case %zu: %d %d %d %d", i, found.x,
          found.y, found.part_x, found.part_y);
    ph_regions_destroy(regions);
  }
}

/* A new layout fades in from where the mask is: its current weights are moved there. */
static void test_apply(void) {
  for (int i = 0; i < BOUNDS * SHIFTS; i++)
    for (int follows = 0; follows < 2; follows++) {
      const struct shift *shift = &shifts[i % SHIFTS];
      struct ph_regions *regions = create_grid(1);
      struct mask *mask = &regions->masks[0];
      fill_mask(regions, mask, all_bounds[i / SHIFTS]);
      struct bounds before_bounds = mask->bounds;
      mask->target_bounds = before_bounds;
      mask->follows_motion = follows;
      regions->shift_x = shift->x + shift->part_x / 256.0;
      regions->shift_y = shift->y + shift->part_y / 256.0;
      uint8_t before[COLUMNS * ROWS];
      memcpy(before, mask->current, sizeof before);
      memcpy(mask->target, mask->current, sizeof before);
      apply_mask_shift(regions, mask);
      CHECK(is_empty(&mask->target_bounds), "the target still has bounds");
      CHECK(follows || same(&mask->bounds, &before_bounds), "the bounds moved");
      for (int k = 0; k < COLUMNS * ROWS; k++) {
        int x = k % COLUMNS, y = k / COLUMNS;
        int expected = follows ? shifted_weight(before, shift, x, y) : before[k];
        CHECK(mask->current[k] == expected, "shift %d, %d,%d: %d, not %d", i, x, y,
              mask->current[k], expected);
        CHECK(mask->target[k] == 0, "shift %d, %d,%d: the target is %d", i, x, y, mask->target[k]);
      }
      ph_regions_destroy(regions);
    }
}

static void test_fading(void) {
  struct ph_regions *regions = create_grid(1);
  struct mask *mask = &regions->masks[0];
  const struct bounds bounds = {2, 1, 8, 6}, target = {3, 2, 5, 4};
  fill_mask(regions, mask, bounds);
  mask->target_bounds = target;
  for (int row = target.top; row < target.bottom; row++)
    for (int x = target.left; x < target.right; x++)
      mask->target[row * COLUMNS + x] = (uint8_t)random_bits();
  regions->fade = 100;
  uint8_t before[COLUMNS * ROWS];
  memcpy(before, mask->current, sizeof before);
  fade_mask(regions, mask);
  CHECK(memcmp(before, mask->current, sizeof before) == 0, "a mask that does not fade");
  mask->fading = 1;
  for (int frame = 1; frame <= 3; frame++) {
    fade_mask(regions, mask);
    for (int k = 0; k < COLUMNS * ROWS; k++) {
      int difference = mask->target[k] - before[k], limit = 100 * frame;
      int change = difference > limit ? limit : difference < -limit ? -limit : difference;
      CHECK(mask->current[k] == before[k] + change, "frame %d, cell %d: %d", frame, k,
            mask->current[k]);
    }
    CHECK(mask->fading && same(&mask->bounds, &bounds), "frame %d", frame);
  }
  fade_mask(regions, mask);
  CHECK(!mask->fading && same(&mask->bounds, &target), "it has reached its target");
  /* An empty mask ends at once. */
  regions->masks[1].fading = 1;
  fade_mask(regions, &regions->masks[1]);
  CHECK(!regions->masks[1].fading, "an empty mask");
  ph_regions_destroy(regions);
}

/* The luma of a cell is the sum of its samples. */
static void test_luma(void) {
  for (int k = 0; k < 5; k++) {
    struct picture_kind kind = {k & 1, k >> 1 & 1, 0, 0, k == 4};
    struct picture p = picture_create(21, 15, kind);
    struct ph_regions *regions = ph_regions_create();
    int shift_x = shift_x_of(&p.geometry, p.u), shift_y = shift_y_of(&p.geometry, p.u);
    CHECK(shift_x == (k == 4 ? 1 : kind.shift_x) && shift_y == (k == 4 ? 1 : kind.shift_y),
          "the cells of kind %d are %d by %d", k, 1 << shift_x, 1 << shift_y);
    CHECK(fit_grid(regions, &p.geometry, p.u) == PH_OK, "%s", ph_error_message());
    CHECK(regions->columns == 21 >> shift_x && regions->rows == 15 >> shift_y, "%d by %d cells",
          regions->columns, regions->rows);
    gather_luma(regions, p.y, shift_x, shift_y, regions->luma);
    for (int i = 0; i < regions->columns * regions->rows; i++) {
      int x = i % regions->columns << shift_x, y = i / regions->columns << shift_y, sum = 0;
      for (int j = 0; j < 1 << (shift_x + shift_y); j++)
        sum += p.y[(y + (j >> shift_x)) * p.geometry.y_stride + x + (j & ((1 << shift_x) - 1))];
      CHECK(regions->luma[i] == sum, "kind %d, cell %d: %d, not %d", k, i, regions->luma[i], sum);
    }
    ph_regions_destroy(regions);
    picture_free(&p);
  }
}

void test_masks(void) {
  test_bounds();
  test_shifts();
  test_current_shift();
  test_apply();
  test_fading();
  test_luma();
}

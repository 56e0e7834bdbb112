/* Rasterization of shapes to masks, and classification of their cells as skin. */
#include <math.h>
#include <string.h>

#include "regions_internal.h"

/* Returns the share of a cell inside of an edge. `inside` is the distance of the cell's center from
 * the edge, `cell` the size of the cell across the edge, both in pixels. */
static float share_inside(float inside, float cell) {
  float share = 0.5f + inside / cell;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* Faster than hypotf, whose overflow checks are not needed: coordinates are bounded. */
static float length(float x, float y) { return sqrtf(x * x + y * y); }

/* Returns the share of a cell that a shape covers, 0..1. */
static float shape_coverage(const struct ph_shape *s, float x, float y, float cell_x,
                            float cell_y) {
  float a = length(s->ax, s->ay), b = length(s->bx, s->by);
  float p = ((x - s->cx) * s->ax + (y - s->cy) * s->ay) / (a * a);
  float q = ((x - s->cx) * s->bx + (y - s->cy) * s->by) / (b * b);
  if (s->kind == PH_ELLIPSE)
    return share_inside((1 - length(p, q)) * (a < b ? a : b), 0.5f * (cell_x + cell_y));
  float cell_a = (fabsf(s->ax) * cell_x + fabsf(s->ay) * cell_y) / a;
  float cell_b = (fabsf(s->bx) * cell_x + fabsf(s->by) * cell_y) / b;
  return share_inside((1 - fabsf(p)) * a, cell_a) * share_inside((1 - fabsf(q)) * b, cell_b);
}

static struct bounds shape_bounds(const struct ph_regions *regions, const struct ph_shape *s,
                                  float cell_x, float cell_y) {
  float half_x = fabsf(s->ax) + fabsf(s->bx), half_y = fabsf(s->ay) + fabsf(s->by);
  struct bounds b = {
      (int)floorf((s->cx - half_x) / cell_x) - 1, (int)floorf((s->cy - half_y) / cell_y) - 1,
      (int)ceilf((s->cx + half_x) / cell_x) + 1, (int)ceilf((s->cy + half_y) / cell_y) + 1};
  if (b.left < 0) b.left = 0;
  if (b.top < 0) b.top = 0;
  if (b.right > regions->columns) b.right = regions->columns;
  if (b.bottom > regions->rows) b.bottom = regions->rows;
  return b;
}

/* The reference color of a face: medians, and the spread of the chroma around them. */
struct skin {
  float y, u, v;
  float spread_u, spread_v; /* 0 for grayscale images */
};

struct histogram {
  uint32_t bins[256], count;
};

static int quantile(const struct histogram *h, double share) {
  uint32_t rank = (uint32_t)(share * h->count), cumulated = 0;
  for (int i = 0; i < 256; i++) {
    cumulated += h->bins[i];
    if (cumulated > rank) return i;
  }
  return 255;
}

/* Estimates the standard deviation by the interquartile range, 1.35 sigma if normal. */
static float spread(const struct histogram *h) {
  float width = (float)(quantile(h, 0.75) - quantile(h, 0.25)) / 1.35f;
  return width < 2.5f ? 2.5f : width;
}

/* Chosen. Cells darker than this share of the bright cells (80th percentile) are not a reference:
 * they are hair or deep shadow. */
static const float MIN_REFERENCE_BRIGHTNESS = 0.4f;

struct reference_histograms {
  struct histogram y, u, v;
};

/* Adds the cells of a reference shape that are at least as bright as `min_luma`. */
static void add_reference_cells(const struct ph_regions *regions, const struct planes *planes,
                                const struct ph_shape *shape, float cell_x, float cell_y,
                                float min_luma, struct reference_histograms *histograms) {
  struct bounds b = shape_bounds(regions, shape, cell_x, cell_y);
  for (int row = b.top; row < b.bottom; row++)
    for (int column = b.left; column < b.right; column++) {
      float cx = ((float)column + 0.5f) * cell_x, cy = ((float)row + 0.5f) * cell_y;
      int luma =
          regions->layout_luma[(size_t)row * regions->columns + column] / planes->cell_pixels;
      if ((float)luma < min_luma || shape_coverage(shape, cx, cy, cell_x, cell_y) < 0.5f) continue;
      histograms->y.bins[luma]++;
      histograms->y.count++;
      if (!planes->u) continue;
      histograms->u.bins[planes->u[(size_t)row * planes->stride + column]]++;
      histograms->v.bins[planes->v[(size_t)row * planes->stride + column]]++;
      histograms->u.count = histograms->v.count = histograms->y.count;
    }
}

static struct skin measure_skin(const struct ph_regions *regions, const struct planes *planes,
                                const struct ph_shape *shapes, int count, float cell_x,
                                float cell_y) {
  struct reference_histograms all = {0}, bright = {0};
  for (int i = 0; i < count; i++)
    if (shapes[i].skin_reference)
      add_reference_cells(regions, planes, &shapes[i], cell_x, cell_y, 0, &all);
  if (all.y.count == 0) return (struct skin){0};
  float offset = planes->luma_offset;
  float min_luma =
      offset + MIN_REFERENCE_BRIGHTNESS * fmaxf(0, (float)quantile(&all.y, 0.8) - offset);
  for (int i = 0; i < count; i++)
    if (shapes[i].skin_reference)
      add_reference_cells(regions, planes, &shapes[i], cell_x, cell_y, min_luma, &bright);
  struct skin skin = {.y = (float)quantile(&bright.y, 0.5) - offset};
  if (bright.u.count > 0) {
    skin.u = (float)quantile(&bright.u, 0.5);
    skin.v = (float)quantile(&bright.v, 0.5);
    skin.spread_u = spread(&bright.u);
    skin.spread_v = spread(&bright.v);
  }
  return skin;
}

/* Returns 1 up to `full`, 0 from `none` on, and linear values between, so that no cell flickers at
 * a threshold. */
static float ramp(float value, float full, float none) {
  if (value <= full) return 1;
  if (value >= none) return 0;
  return (none - value) / (none - full);
}

/* Returns the similarity of a cell to the reference color of the face, 0..1. Shadows and highlights
 * with the color of skin are accepted; hair, eyebrows and beards are much darker, reflections on
 * glasses much brighter. The thresholds are chosen. */
static float skin_similarity(const struct skin *skin, float y, float u, float v) {
  if (skin->y <= 0) return 1;
  float similarity = ramp(skin->y / fmaxf(y, 1), 1.9f, 2.6f) * ramp(y / skin->y, 1.6f, 2.1f);
  if (skin->spread_u > 0) {
    float du = (u - skin->u) / skin->spread_u, dv = (v - skin->v) / skin->spread_v;
    similarity *= ramp(sqrtf(du * du + dv * dv), 2.5f, 4.0f);
  }
  return similarity;
}

static void rasterize_shape(struct ph_regions *regions, const struct ph_shape *s,
                            const struct skin *skin, const struct planes *planes, float cell_x,
                            float cell_y) {
  struct mask *mask = &regions->masks[s->region];
  struct bounds b = shape_bounds(regions, s, cell_x, cell_y);
  mask->follows_motion |= s->follows_motion;
  if (!s->subtract) extend_bounds(&mask->target_bounds, &b);
  for (int row = b.top; row < b.bottom; row++)
    for (int column = b.left; column < b.right; column++) {
      size_t at = (size_t)row * regions->columns + column;
      float cx = ((float)column + 0.5f) * cell_x, cy = ((float)row + 0.5f) * cell_y;
      float share = shape_coverage(s, cx, cy, cell_x, cell_y);
      if (share <= 0) continue;
      if (s->subtract) {
        mask->target[at] = (uint8_t)lrintf((float)mask->target[at] * (1 - share));
        continue;
      }
      if (s->skin) {
        size_t chroma = (size_t)row * planes->stride + column;
        float luma = (float)regions->layout_luma[at] / (float)planes->cell_pixels;
        share *=
            skin_similarity(skin, luma - planes->luma_offset, planes->u ? planes->u[chroma] : 0,
                            planes->u ? planes->v[chroma] : 0);
      }
      uint8_t weight = (uint8_t)lrintf(255 * share);
      if (weight > mask->target[at]) mask->target[at] = weight;
    }
}

static int is_valid_shape(const struct ph_shape *s) {
  float values[6] = {s->cx, s->cy, s->ax, s->ay, s->bx, s->by};
  for (int i = 0; i < 6; i++)
    if (!(fabsf(values[i]) < 1e6f)) return 0;
  return s->region >= 0 && s->region < PH_REGION_COUNT && hypotf(s->ax, s->ay) > 0.01f &&
         hypotf(s->bx, s->by) > 0.01f;
}

int ph_regions_layout(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                      const uint8_t *v, const struct ph_geometry *geometry,
                      const struct ph_shape *shapes, int count, const float *face, int fade) {
  int status = check_geometry(y, u, v, geometry);
  if (status) return status;
  if (!regions || count < 0 || (count > 0 && !shapes) || !face)
    return ph_fail(PH_ERR_ARGUMENT,
                   "Cannot lay out the regions: a pointer is NULL or the count is negative");
  for (int i = 0; i < count; i++)
    if (!is_valid_shape(&shapes[i]))
      return ph_fail(PH_ERR_ARGUMENT,
                     "Cannot lay out the regions: shape %d has an invalid region, size or position",
                     i);
  if ((status = fit_grid(regions, geometry, u))) return status;
  int shift_x = shift_x_of(geometry, u), shift_y = shift_y_of(geometry, u);
  float cell_x = (float)(1 << shift_x), cell_y = (float)(1 << shift_y);
  regions->geometry = *geometry;
  gather_luma(regions, y, shift_x, shift_y, regions->layout_luma);
  regions->fade = fade < 1 ? 1 : fade > 255 ? 255 : fade;
  memcpy(regions->face, face, sizeof regions->face);
  struct planes planes = {u, v, geometry->uv_stride, 1 << (shift_x + shift_y),
                          geometry->limited ? 16 : 0};
  struct skin skin = measure_skin(regions, &planes, shapes, count, cell_x, cell_y);
  for (int i = 0; i < PH_REGION_COUNT; i++) {
    apply_mask_shift(regions, &regions->masks[i]);
    regions->masks[i].fading = 1;
    regions->masks[i].follows_motion = 0;
  }
  regions->shift_x = regions->shift_y = 0;
  for (int i = 0; i < count; i++)
    rasterize_shape(regions, &shapes[i], &skin, &planes, cell_x, cell_y);
  for (int i = 0; i < PH_REGION_COUNT; i++)
    extend_bounds(&regions->masks[i].bounds, &regions->masks[i].target_bounds);
  return PH_OK;
}

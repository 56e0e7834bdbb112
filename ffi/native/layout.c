/* Layout: from shapes to masks, and which of their cells are skin. */
#include <math.h>
#include <string.h>

#include "regions_internal.h"

/* The share of a cell on this side of an edge that is `inside` pixels away from its centre, where
 * the cell is `cell` pixels long across the edge. */
static float share_inside(float inside, float cell) {
  float share = 0.5f + inside / cell;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* Without hypotf's care for overflow: places are checked, and this runs for every cell. */
static float length(float x, float y) { return sqrtf(x * x + y * y); }

/* How much of a cell a shape covers, 0..1. */
static float coverage(const struct ph_shape *s, float x, float y, float cell_x, float cell_y) {
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

/* The usual colour of a face: medians, and how far it spreads around them. */
struct skin {
  float y, u, v;
  float spread_u, spread_v; /* 0 where the picture is grey */
};

struct histogram {
  uint32_t bins[256], count;
};

static int quantile(const struct histogram *h, double share) {
  uint32_t wanted = (uint32_t)(share * h->count), seen = 0;
  for (int i = 0; i < 256; i++) {
    seen += h->bins[i];
    if (seen > wanted) return i;
  }
  return 255;
}

/* Half of the values lie between the quartiles; as a standard deviation, if they were normal. */
static float spread(const struct histogram *h) {
  float width = (float)(quantile(h, 0.75) - quantile(h, 0.25)) / 1.35f;
  return width < 2.5f ? 2.5f : width;
}

/* Cells much darker than the brighter ones are no skin, or none that tells anything. */
static const float DARKEST_CORE = 0.4f;

struct core {
  struct histogram y, u, v;
};

/* Adds the cells of the core shapes that are at least as bright as `darkest`. */
static void count_core(const struct ph_regions *regions, const struct planes *planes,
                       const struct ph_shape *shape, float cell_x, float cell_y, float darkest,
                       struct core *core) {
  struct bounds b = shape_bounds(regions, shape, cell_x, cell_y);
  for (int row = b.top; row < b.bottom; row++)
    for (int column = b.left; column < b.right; column++) {
      float cx = ((float)column + 0.5f) * cell_x, cy = ((float)row + 0.5f) * cell_y;
      int luma = regions->luma_seen[(size_t)row * regions->columns + column] / planes->cell_pixels;
      if ((float)luma < darkest || coverage(shape, cx, cy, cell_x, cell_y) < 0.5f) continue;
      core->y.bins[luma]++;
      core->y.count++;
      if (!planes->u) continue;
      core->u.bins[planes->u[(size_t)row * planes->stride + column]]++;
      core->v.bins[planes->v[(size_t)row * planes->stride + column]]++;
      core->u.count = core->v.count = core->y.count;
    }
}

static struct skin usual_skin(const struct ph_regions *regions, const struct planes *planes,
                              const struct ph_shape *shapes, int count, float cell_x,
                              float cell_y) {
  struct core all = {0}, bright = {0};
  for (int i = 0; i < count; i++)
    if (shapes[i].core) count_core(regions, planes, &shapes[i], cell_x, cell_y, 0, &all);
  if (all.y.count == 0) return (struct skin){0};
  float offset = planes->luma_offset;
  float darkest = offset + DARKEST_CORE * fmaxf(0, (float)quantile(&all.y, 0.8) - offset);
  for (int i = 0; i < count; i++)
    if (shapes[i].core) count_core(regions, planes, &shapes[i], cell_x, cell_y, darkest, &bright);
  struct skin skin = {.y = (float)quantile(&bright.y, 0.5) - offset};
  if (bright.u.count > 0) {
    skin.u = (float)quantile(&bright.u, 0.5);
    skin.v = (float)quantile(&bright.v, 0.5);
    skin.spread_u = spread(&bright.u);
    skin.spread_v = spread(&bright.v);
  }
  return skin;
}

/* 1 within `full`, 0 from `none` on, and a straight line between: no pixel flickers at an edge. */
static float ramp(float value, float full, float none) {
  if (value <= full) return 1;
  if (value >= none) return 0;
  return (none - value) / (none - full);
}

/* How much a cell looks like the face's own skin, 0..1. Shadow and shine are skin too, as long as
 * they keep its colour; hair, brows and beards are much darker, glasses shine much brighter. */
static float skin_likeness(const struct skin *skin, float y, float u, float v) {
  if (skin->y <= 0) return 1;
  float likeness = ramp(skin->y / fmaxf(y, 1), 1.9f, 2.6f) * ramp(y / skin->y, 1.6f, 2.1f);
  if (skin->spread_u > 0) {
    float du = (u - skin->u) / skin->spread_u, dv = (v - skin->v) / skin->spread_v;
    likeness *= ramp(sqrtf(du * du + dv * dv), 2.5f, 4.0f);
  }
  return likeness;
}

static void draw_shape(struct ph_regions *regions, const struct ph_shape *s,
                       const struct skin *skin, const struct planes *planes, float cell_x,
                       float cell_y) {
  struct mask *mask = &regions->masks[s->region];
  struct bounds b = shape_bounds(regions, s, cell_x, cell_y);
  mask->carried |= s->carried;
  if (!s->subtract) widen(&mask->target_bounds, &b);
  for (int row = b.top; row < b.bottom; row++)
    for (int column = b.left; column < b.right; column++) {
      size_t at = (size_t)row * regions->columns + column;
      float cx = ((float)column + 0.5f) * cell_x, cy = ((float)row + 0.5f) * cell_y;
      float share = coverage(s, cx, cy, cell_x, cell_y);
      if (share <= 0) continue;
      if (s->subtract) {
        mask->target[at] = (uint8_t)lrintf((float)mask->target[at] * (1 - share));
        continue;
      }
      if (s->skin) {
        size_t chroma = (size_t)row * planes->stride + column;
        float luma = (float)regions->luma_seen[at] / (float)planes->cell_pixels;
        share *= skin_likeness(skin, luma - planes->luma_offset, planes->u ? planes->u[chroma] : 0,
                               planes->u ? planes->v[chroma] : 0);
      }
      uint8_t weight = (uint8_t)lrintf(255 * share);
      if (weight > mask->target[at]) mask->target[at] = weight;
    }
}

static int usable_shape(const struct ph_shape *s) {
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
    return ph_fail(PH_ERR_ARGUMENT, "Cannot lay out regions without shapes");
  for (int i = 0; i < count; i++)
    if (!usable_shape(&shapes[i]))
      return ph_fail(PH_ERR_ARGUMENT, "Cannot lay out regions: shape %d has no size or place", i);
  if ((status = fit_grid(regions, geometry, u))) return status;
  int shift_x = shift_x_of(geometry, u), shift_y = shift_y_of(geometry, u);
  float cell_x = (float)(1 << shift_x), cell_y = (float)(1 << shift_y);
  regions->geometry = *geometry;
  gather_luma(regions, y, shift_x, shift_y, regions->luma_seen);
  regions->fade = fade < 1 ? 1 : fade > 255 ? 255 : fade;
  memcpy(regions->face, face, sizeof regions->face);
  struct planes planes = {u, v, geometry->uv_stride, 1 << (shift_x + shift_y),
                          geometry->limited ? 16 : 0};
  struct skin skin = usual_skin(regions, &planes, shapes, count, cell_x, cell_y);
  for (int i = 0; i < PH_REGION_COUNT; i++) {
    settle_mask(regions, &regions->masks[i]);
    regions->masks[i].fading = 1;
    regions->masks[i].carried = 0;
  }
  regions->shift_x = regions->shift_y = 0;
  for (int i = 0; i < count; i++) draw_shape(regions, &shapes[i], &skin, &planes, cell_x, cell_y);
  for (int i = 0; i < PH_REGION_COUNT; i++)
    widen(&regions->masks[i].bounds, &regions->masks[i].target_bounds);
  return PH_OK;
}

#include "regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "regions_internal.h"

/* Everything is measured on a grid of cells: one sample of chroma and the luma under it. In a
 * grey picture a cell is 2 by 2 pixels of luma. */

/* A region's weights, one a cell, 0..255; outside of its bounds they are 0. */
struct bounds {
  int left, top, right, bottom; /* in cells; empty where right <= left */
};

struct mask {
  uint8_t *current, *target;
  struct bounds bounds; /* outside of them both are 0 */
  struct bounds target_bounds;
  int fading;  /* 1 while they differ */
  int carried; /* 1: goes with the carrier */
};

struct ph_regions {
  struct ph_geometry geometry; /* of the newest picture; width 0 before the first */
  int columns, rows;           /* of the grid */
  struct mask masks[PH_REGION_COUNT];
  uint16_t *luma, *luma_before; /* per cell: the sum of its pixels' luma */
  uint16_t *luma_seen;          /* the same, of the picture that the layout looks at */
  int has_before;
  float face[4];
  int fade;
  double carrier_x, carrier_y; /* its newest position */
  double shift_x, shift_y;     /* how far it has carried the masks since the layout */
  uint8_t *row, *grey;         /* one row of cells: carried weights; chroma of grey */
  struct tracker *trackers[PH_MOTION_COUNT];
};

struct ph_regions *ph_regions_create(void) {
  struct ph_regions *regions = calloc(1, sizeof *regions);
  if (!regions) return NULL;
  for (int i = 0; i < PH_MOTION_COUNT; i++) {
    regions->trackers[i] = tracker_create();
    if (!regions->trackers[i]) {
      ph_regions_destroy(regions);
      return NULL;
    }
  }
  return regions;
}

static void free_grid(struct ph_regions *regions) {
  for (int i = 0; i < PH_REGION_COUNT; i++) {
    free(regions->masks[i].current);
    free(regions->masks[i].target);
    regions->masks[i] = (struct mask){0};
  }
  free(regions->luma);
  free(regions->luma_before);
  free(regions->luma_seen);
  free(regions->row);
  free(regions->grey);
  regions->row = regions->grey = NULL;
  regions->luma = regions->luma_before = regions->luma_seen = NULL;
  regions->geometry.width = 0;
  regions->has_before = 0;
}

void ph_regions_destroy(struct ph_regions *regions) {
  if (!regions) return;
  free_grid(regions);
  for (int i = 0; i < PH_MOTION_COUNT; i++) tracker_destroy(regions->trackers[i]);
  free(regions);
}

/* Chroma of a grey picture is not there: its cells are as in 4:2:0. */
static int shift_x_of(const struct ph_geometry *g, const uint8_t *u) { return u ? g->shift_x : 1; }
static int shift_y_of(const struct ph_geometry *g, const uint8_t *u) { return u ? g->shift_y : 1; }

/* Makes the grid fit the picture; a picture of another shape starts anew. */
static int fit_grid(struct ph_regions *regions, const struct ph_geometry *g, const uint8_t *u) {
  int columns = g->width >> shift_x_of(g, u), rows = g->height >> shift_y_of(g, u);
  if (regions->geometry.width == g->width && regions->geometry.height == g->height &&
      regions->columns == columns && regions->rows == rows)
    return PH_OK;
  free_grid(regions);
  size_t cells = (size_t)columns * rows;
  regions->luma = calloc(cells, sizeof *regions->luma);
  regions->luma_before = calloc(cells, sizeof *regions->luma_before);
  regions->luma_seen = calloc(cells, sizeof *regions->luma_seen);
  regions->row = calloc((size_t)columns, 1);
  regions->grey = malloc((size_t)columns);
  int whole = regions->luma && regions->luma_before && regions->luma_seen && regions->row &&
              regions->grey;
  if (regions->grey) memset(regions->grey, 128, (size_t)columns);
  for (int i = 0; i < PH_REGION_COUNT; i++) {
    regions->masks[i].current = calloc(cells, 1);
    regions->masks[i].target = calloc(cells, 1);
    whole = whole && regions->masks[i].current && regions->masks[i].target;
  }
  if (!whole) {
    free_grid(regions);
    return ph_fail(PH_ERR_MEMORY, "Cannot measure a picture: no memory for its masks");
  }
  regions->geometry = *g;
  regions->columns = columns;
  regions->rows = rows;
  return PH_OK;
}

/* The luma of each cell, as the sum of its pixels. */
static void gather_luma(const struct ph_regions *regions, const uint8_t *y, int shift_x,
                        int shift_y, uint16_t *luma) {
  int stride = regions->geometry.y_stride;
  for (int row = 0; row < regions->rows; row++) {
    const uint8_t *restrict first = y + ((size_t)row << shift_y) * stride;
    const uint8_t *restrict second = first + stride;
    uint16_t *restrict out = luma + (size_t)row * regions->columns;
    int columns = regions->columns;
    if (shift_x && shift_y)
      for (int x = 0; x < columns; x++)
        out[x] = (uint16_t)(first[2 * x] + first[2 * x + 1] + second[2 * x] + second[2 * x + 1]);
    else if (shift_x)
      for (int x = 0; x < columns; x++) out[x] = (uint16_t)(first[2 * x] + first[2 * x + 1]);
    else if (shift_y)
      for (int x = 0; x < columns; x++) out[x] = (uint16_t)(first[x] + second[x]);
    else
      for (int x = 0; x < columns; x++) out[x] = first[x];
  }
}

/* ---- Masks ---- */

/* The share of a cell on this side of an edge that is `inside` pixels away from its centre, where
 * the cell is `cell` pixels long across the edge. */
static float share_inside(float inside, float cell) {
  float share = 0.5f + inside / cell;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* How much of a cell a shape covers, 0..1. */
static float coverage(const struct ph_shape *s, float x, float y, float cell_x, float cell_y) {
  float a = hypotf(s->ax, s->ay), b = hypotf(s->bx, s->by);
  float p = ((x - s->cx) * s->ax + (y - s->cy) * s->ay) / (a * a);
  float q = ((x - s->cx) * s->bx + (y - s->cy) * s->by) / (b * b);
  if (s->kind == PH_ELLIPSE)
    return share_inside((1 - hypotf(p, q)) * fminf(a, b), 0.5f * (cell_x + cell_y));
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

struct planes {
  const uint8_t *u, *v;
  int stride;
  int cell_pixels;
  float luma_offset;
};

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

static int is_empty(const struct bounds *b) { return b->right <= b->left || b->bottom <= b->top; }

static void widen(struct bounds *bounds, const struct bounds *by) {
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

/* Where a mask lies when it is carried `x`, `y` cells: whole cells, and parts of 256. */
struct carry {
  int x, y;
  int part_x, part_y;
};

static struct carry carry_of(double x, double y) {
  int x256 = (int)lrint(x * 256), y256 = (int)lrint(y * 256);
  return (struct carry){x256 >> 8, y256 >> 8, x256 & 255, y256 & 255};
}

/* The weights of a mask's row after it was carried, for the cells from `left` to `right`. */
static void carry_row(const struct ph_regions *regions, const struct mask *mask,
                      const struct carry *carry, int row, int left, int right, uint8_t *out) {
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

/* The bounds of a carried mask, as far as they lie in the grid. */
static struct bounds carried_bounds(const struct ph_regions *regions, const struct mask *mask,
                                    const struct carry *carry) {
  struct bounds b = {mask->bounds.left + carry->x, mask->bounds.top + carry->y,
                     mask->bounds.right + carry->x + 1, mask->bounds.bottom + carry->y + 1};
  if (b.left < 0) b.left = 0;
  if (b.top < 0) b.top = 0;
  if (b.right > regions->columns) b.right = regions->columns;
  if (b.bottom > regions->rows) b.bottom = regions->rows;
  return b;
}

static struct carry carry_now(const struct ph_regions *regions) {
  double cell_x = regions->geometry.width / regions->columns;
  double cell_y = regions->geometry.height / regions->rows;
  return carry_of(regions->shift_x / cell_x, regions->shift_y / cell_y);
}

static void clear(const struct ph_regions *regions, uint8_t *weights, const struct bounds *b) {
  if (is_empty(b)) return;
  for (int row = b->top; row < b->bottom; row++)
    memset(weights + (size_t)row * regions->columns + b->left, 0, (size_t)(b->right - b->left));
}

/* Puts a mask where it was carried to, so that a new layout can fade in from there. */
static void settle_mask(const struct ph_regions *regions, struct mask *mask) {
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
  for (int i = 0; i < count; i++)
    draw_shape(regions, &shapes[i], &skin, &planes, cell_x, cell_y);
  for (int i = 0; i < PH_REGION_COUNT; i++)
    widen(&regions->masks[i].bounds, &regions->masks[i].target_bounds);
  return PH_OK;
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

/* ---- Measuring ---- */

/* A carrier that is less sure than this leaves the masks where they are: its noise would jitter
 * them. */
static const double CARRYING_CONFIDENCE = 0.2;

struct clip_limits {
  int scale_luma, offset_luma, rv, gu, gv, bu; /* in 1/1024 */
};

static struct clip_limits clip_limits_of(const struct ph_geometry *g, int cell_pixels) {
  struct color_coefficients c = color_coefficients(g);
  return (struct clip_limits){
      (int)lrintf(c.luma * 1024 / (float)cell_pixels), (int)lrintf(c.luma * c.luma_offset * 1024),
      (int)lrintf(c.rv * 1024), (int)lrintf(c.gu * 1024), (int)lrintf(c.gv * 1024),
      (int)lrintf(c.bu * 1024)};
}

/* Encoding blurs the end of the scale a little: the last levels count as clipped. */
enum { CLIP_HIGH = 252 * 1024, CLIP_LOW = 3 * 1024 };

static void measure_row(const uint8_t *restrict weight, const uint16_t *restrict luma,
                        const uint8_t *restrict u, const uint8_t *restrict v, int count,
                        const struct clip_limits *limits, uint32_t *restrict sums) {
  uint32_t w = 0, sy = 0, su = 0, sv = 0, cells = 0, clipped = 0;
  struct clip_limits k = *limits;
  for (int i = 0; i < count; i++) {
    uint32_t here = weight[i];
    w += here;
    sy += here * luma[i];
    su += here * u[i];
    sv += here * v[i];
    int yy = luma[i] * k.scale_luma - k.offset_luma, uu = u[i] - 128, vv = v[i] - 128;
    int red = yy + k.rv * vv, green = yy - k.gu * uu - k.gv * vv, blue = yy + k.bu * uu;
    int high = red > green ? red : green;
    high = high > blue ? high : blue;
    int counts = here >= 128;
    cells += (uint32_t)counts;
    clipped += (uint32_t)(counts & ((high >= CLIP_HIGH) | (high <= CLIP_LOW)));
  }
  sums[0] = w, sums[1] = sy, sums[2] = su, sums[3] = sv, sums[4] = cells, sums[5] = clipped;
}

static void fade_mask(const struct ph_regions *regions, struct mask *mask) {
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

static void measure_mask(struct ph_regions *regions, struct mask *mask, const struct planes *planes,
                         struct ph_region_result *result) {
  *result = (struct ph_region_result){0};
  fade_mask(regions, mask);
  struct bounds b = mask->bounds;
  if (is_empty(&b)) return;
  struct carry carry = {0};
  if (mask->carried) {
    carry = carry_now(regions);
    b = carried_bounds(regions, mask, &carry);
    if (is_empty(&b)) return;
  }
  int count = b.right - b.left;
  struct clip_limits limits = clip_limits_of(&regions->geometry, planes->cell_pixels);
  uint64_t totals[6] = {0};
  for (int row = b.top; row < b.bottom; row++) {
    size_t at = (size_t)row * regions->columns + b.left;
    size_t chroma = (size_t)row * planes->stride + b.left;
    const uint8_t *weights = mask->current + at;
    if (mask->carried) {
      carry_row(regions, mask, &carry, row, b.left, b.right, regions->row);
      weights = regions->row;
    }
    uint32_t sums[6]; /* a row of 8,192 cells stays under 2^32: 255 * 1020 * 8192 */
    measure_row(weights, regions->luma + at, planes->u ? planes->u + chroma : regions->grey,
                planes->u ? planes->v + chroma : regions->grey, count, &limits, sums);
    for (int i = 0; i < 6; i++) totals[i] += sums[i];
  }
  result->weight = (double)totals[0];
  result->sum_y = (double)totals[1] / planes->cell_pixels;
  result->sum_u = (double)totals[2];
  result->sum_v = (double)totals[3];
  result->pixels = (double)totals[4] * planes->cell_pixels;
  result->clipped = (double)totals[5] * planes->cell_pixels;
}

/* Carries the masks on, where the motion is known well enough. */
static void carry_masks(struct ph_regions *regions, const struct ph_motion_result *carrier) {
  if (carrier->confidence < CARRYING_CONFIDENCE) return;
  regions->shift_x += carrier->dx - regions->carrier_x;
  regions->shift_y += carrier->dy - regions->carrier_y;
  regions->carrier_x = carrier->dx;
  regions->carrier_y = carrier->dy;
}

/* Mean and clipped share of the luma; of a tall picture every second or third row is enough. */
static void measure_whole(const uint8_t *y, const struct ph_geometry *g,
                          struct ph_frame_result *result) {
  int step = g->height / 240 > 1 ? g->height / 240 : 1, rows = 0;
  int low = g->limited ? 18 : 3, high = g->limited ? 233 : 252;
  uint64_t sum = 0, clipped = 0;
  for (int row = 0; row < g->height; row += step, rows++) {
    const uint8_t *line = y + (size_t)row * g->y_stride;
    uint32_t row_sum = 0, row_clipped = 0;
    for (int x = 0; x < g->width; x++) {
      row_sum += line[x];
      row_clipped += (line[x] <= low) | (line[x] >= high);
    }
    sum += row_sum;
    clipped += row_clipped;
  }
  struct color_coefficients c = color_coefficients(g);
  double pixels = (double)rows * g->width;
  double mean = ((double)sum / pixels - c.luma_offset) * c.luma;
  result->brightness = mean < 0 ? 0 : mean > 255 ? 255 : mean;
  result->clipped = (double)clipped / pixels;
}

static double measure_change(const struct ph_regions *regions, int cell_pixels, int shift_x,
                             int shift_y) {
  if (!regions->has_before) return 0;
  const float *face = regions->face;
  struct bounds b = {0, 0, regions->columns, regions->rows};
  if (face[2] > 0 && face[3] > 0) {
    int left = (int)face[0] >> shift_x, top = (int)face[1] >> shift_y;
    int right = (int)(face[0] + face[2]) >> shift_x, bottom = (int)(face[1] + face[3]) >> shift_y;
    if (left > b.left) b.left = left;
    if (top > b.top) b.top = top;
    if (right < b.right) b.right = right;
    if (bottom < b.bottom) b.bottom = bottom;
  }
  if (b.right <= b.left || b.bottom <= b.top) return 0;
  uint64_t sum = 0;
  for (int row = b.top; row < b.bottom; row++) {
    const uint16_t *restrict now = regions->luma + (size_t)row * regions->columns;
    const uint16_t *restrict before = regions->luma_before + (size_t)row * regions->columns;
    uint32_t row_sum = 0;
    for (int x = b.left; x < b.right; x++) row_sum += (uint32_t)abs(now[x] - before[x]);
    sum += row_sum;
  }
  double cells = (double)(b.right - b.left) * (b.bottom - b.top);
  return (double)sum / cells / cell_pixels * color_coefficients(&regions->geometry).luma;
}

int ph_regions_measure(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                       const uint8_t *v, const struct ph_geometry *geometry,
                       struct ph_frame_result *result) {
  int status = check_geometry(y, u, v, geometry);
  if (status) return status;
  if (!regions || !result) return ph_fail(PH_ERR_ARGUMENT, "Cannot measure into nothing");
  if ((status = fit_grid(regions, geometry, u))) return status;
  regions->geometry = *geometry;
  int shift_x = shift_x_of(geometry, u), shift_y = shift_y_of(geometry, u);
  uint16_t *swap = regions->luma;
  regions->luma = regions->luma_before;
  regions->luma_before = swap;
  gather_luma(regions, y, shift_x, shift_y, regions->luma);

  struct planes planes = {u, v, geometry->uv_stride, 1 << (shift_x + shift_y),
                          geometry->limited ? 16 : 0};
  for (int i = 0; i < PH_MOTION_COUNT; i++) {
    status = tracker_measure(regions->trackers[i], y, geometry, regions, &result->motions[i]);
    if (status) return status;
  }
  carry_masks(regions, &result->motions[PH_CARRIER]);
  result->shift_x = regions->shift_x;
  result->shift_y = regions->shift_y;
  for (int i = 0; i < PH_REGION_COUNT; i++)
    measure_mask(regions, &regions->masks[i], &planes, &result->regions[i]);
  measure_whole(y, geometry, result);
  result->motion = measure_change(regions, planes.cell_pixels, shift_x, shift_y);
  regions->has_before = 1;
  return PH_OK;
}

float region_share(const struct ph_regions *regions, int region, int x, int y, int width,
                   int height) {
  if (regions->geometry.width == 0 || width <= 0 || height <= 0) return 0;
  int cell_x = regions->geometry.width / regions->columns;
  int cell_y = regions->geometry.height / regions->rows;
  const uint8_t *target = regions->masks[region].target;
  uint64_t sum = 0, count = 0;
  for (int row = y / cell_y; row < regions->rows && row * cell_y < y + height; row++)
    for (int column = x / cell_x; column < regions->columns && column * cell_x < x + width;
         column++, count++)
      sum += target[(size_t)row * regions->columns + column];
  return count ? (float)sum / (255.0f * (float)count) : 0;
}

int ph_regions_follow(struct ph_regions *regions, int motion, const float *rectangle, int region) {
  if (!regions || !rectangle || motion < 0 || motion >= PH_MOTION_COUNT || region < -1 ||
      region >= PH_REGION_COUNT)
    return ph_fail(PH_ERR_ARGUMENT, "Cannot follow motion %d", motion);
  for (int i = 0; i < 4; i++)
    if (!(fabsf(rectangle[i]) < 1e6f))
      return ph_fail(PH_ERR_ARGUMENT, "Cannot follow motion %d: it has no place", motion);
  tracker_place(regions->trackers[motion], rectangle, region);
  return PH_OK;
}

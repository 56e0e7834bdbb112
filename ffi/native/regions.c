#include "regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "regions_internal.h"

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
  free(regions->previous_luma);
  free(regions->layout_luma);
  free(regions->row);
  free(regions->gray_chroma);
  regions->row = regions->gray_chroma = NULL;
  regions->luma = regions->previous_luma = regions->layout_luma = NULL;
  regions->geometry.width = 0;
  regions->has_previous = 0;
}

void ph_regions_destroy(struct ph_regions *regions) {
  if (!regions) return;
  free_grid(regions);
  for (int i = 0; i < PH_MOTION_COUNT; i++) tracker_destroy(regions->trackers[i]);
  free(regions);
}

int shift_x_of(const struct ph_geometry *g, const uint8_t *u) { return u ? g->shift_x : 1; }
int shift_y_of(const struct ph_geometry *g, const uint8_t *u) { return u ? g->shift_y : 1; }

int fit_grid(struct ph_regions *regions, const struct ph_geometry *g, const uint8_t *u) {
  int columns = g->width >> shift_x_of(g, u), rows = g->height >> shift_y_of(g, u);
  if (regions->geometry.width == g->width && regions->geometry.height == g->height &&
      regions->columns == columns && regions->rows == rows)
    return PH_OK;
  free_grid(regions);
  size_t cells = (size_t)columns * rows;
  regions->luma = calloc(cells, sizeof *regions->luma);
  regions->previous_luma = calloc(cells, sizeof *regions->previous_luma);
  regions->layout_luma = calloc(cells, sizeof *regions->layout_luma);
  regions->row = calloc((size_t)columns, 1);
  regions->gray_chroma = malloc((size_t)columns);
  int allocated = regions->luma && regions->previous_luma && regions->layout_luma && regions->row &&
                  regions->gray_chroma;
  if (regions->gray_chroma) memset(regions->gray_chroma, 128, (size_t)columns);
  for (int i = 0; i < PH_REGION_COUNT; i++) {
    regions->masks[i].current = calloc(cells, 1);
    regions->masks[i].target = calloc(cells, 1);
    allocated = allocated && regions->masks[i].current && regions->masks[i].target;
  }
  if (!allocated) {
    free_grid(regions);
    return ph_fail(PH_ERR_MEMORY, "Cannot measure the image: out of memory");
  }
  regions->geometry = *g;
  regions->columns = columns;
  regions->rows = rows;
  return PH_OK;
}

void gather_luma(const struct ph_regions *regions, const uint8_t *y, int shift_x, int shift_y,
                 uint16_t *luma) {
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

/* Chosen. Below this confidence the masks stay where they are: noise would make them jitter. */
static const double MIN_MASK_MOTION_CONFIDENCE = 0.2;

struct clip_limits {
  int scale_luma, offset_luma, rv, gu, gv, bu; /* in 1/1024 */
};

static struct clip_limits clip_limits_of(const struct ph_geometry *g, int cell_pixels) {
  struct color_coefficients c = color_coefficients(g);
  return (struct clip_limits){(int)lrintf(c.luma * 1024 / (float)cell_pixels),
                              (int)lrintf(c.luma * c.luma_offset * 1024),
                              (int)lrintf(c.rv * 1024),
                              (int)lrintf(c.gu * 1024),
                              (int)lrintf(c.gv * 1024),
                              (int)lrintf(c.bu * 1024)};
}

/* Compression blurs clipped areas a little, so the outermost levels count as clipped too. */
enum { CLIP_HIGH = 252 * 1024, CLIP_LOW = 3 * 1024 };

static void measure_row(const uint8_t *restrict weight, const uint16_t *restrict luma,
                        const uint8_t *restrict u, const uint8_t *restrict v, int count,
                        const struct clip_limits *limits, uint32_t *restrict sums) {
  uint32_t w = 0, sy = 0, su = 0, sv = 0, cells = 0, clipped = 0;
  struct clip_limits k = *limits;
  for (int i = 0; i < count; i++) {
    uint32_t cell_weight = weight[i];
    w += cell_weight;
    sy += cell_weight * luma[i];
    su += cell_weight * u[i];
    sv += cell_weight * v[i];
    int yy = luma[i] * k.scale_luma - k.offset_luma, uu = u[i] - 128, vv = v[i] - 128;
    int red = yy + k.rv * vv, green = yy - k.gu * uu - k.gv * vv, blue = yy + k.bu * uu;
    int high = red > green ? red : green;
    high = high > blue ? high : blue;
    int counts = cell_weight >= 128;
    cells += (uint32_t)counts;
    clipped += (uint32_t)(counts & ((high >= CLIP_HIGH) | (high <= CLIP_LOW)));
  }
  sums[0] = w, sums[1] = sy, sums[2] = su, sums[3] = sv, sums[4] = cells, sums[5] = clipped;
}

static void measure_mask(struct ph_regions *regions, struct mask *mask, const struct planes *planes,
                         struct ph_region_result *result) {
  *result = (struct ph_region_result){0};
  fade_mask(regions, mask);
  struct bounds b = mask->bounds;
  if (is_empty(&b)) return;
  struct shift shift = {0};
  if (mask->follows_motion) {
    shift = current_shift(regions);
    b = shifted_bounds(regions, mask, &shift);
    if (is_empty(&b)) return;
  }
  int count = b.right - b.left;
  struct clip_limits limits = clip_limits_of(&regions->geometry, planes->cell_pixels);
  uint64_t totals[6] = {0};
  for (int row = b.top; row < b.bottom; row++) {
    size_t at = (size_t)row * regions->columns + b.left;
    size_t chroma = (size_t)row * planes->stride + b.left;
    const uint8_t *weights = mask->current + at;
    if (mask->follows_motion) {
      shift_row(regions, mask, &shift, row, b.left, b.right, regions->row);
      weights = regions->row;
    }
    uint32_t sums[6]; /* no overflow: 255 * 1020 * 8192 cells < 2^32 */
    measure_row(weights, regions->luma + at, planes->u ? planes->u + chroma : regions->gray_chroma,
                planes->u ? planes->v + chroma : regions->gray_chroma, count, &limits, sums);
    for (int i = 0; i < 6; i++) totals[i] += sums[i];
  }
  result->weight = (double)totals[0];
  result->sum_y = (double)totals[1] / planes->cell_pixels;
  result->sum_u = (double)totals[2];
  result->sum_v = (double)totals[3];
  result->pixels = (double)totals[4] * planes->cell_pixels;
  result->clipped = (double)totals[5] * planes->cell_pixels;
}

/* Moves the masks with the motion, if its confidence is high enough. */
static void update_mask_shift(struct ph_regions *regions, const struct ph_motion_result *motion) {
  if (motion->confidence < MIN_MASK_MOTION_CONFIDENCE) return;
  regions->shift_x += motion->dx - regions->mask_motion_x;
  regions->shift_y += motion->dy - regions->mask_motion_y;
  regions->mask_motion_x = motion->dx;
  regions->mask_motion_y = motion->dy;
}

/* Measures the mean and the clipped share of the luma. In tall images some rows are skipped. */
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
  if (!regions->has_previous) return 0;
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
    const uint16_t *restrict before = regions->previous_luma + (size_t)row * regions->columns;
    uint32_t row_sum = 0;
    for (int x = b.left; x < b.right; x++) row_sum += (uint32_t)abs(now[x] - before[x]);
    sum += row_sum;
  }
  double cells = (double)(b.right - b.left) * (b.bottom - b.top);
  return (double)sum / cells / cell_pixels * color_coefficients(&regions->geometry).luma;
}

/* Returns the weights of a region for motion tracking; -1: the whole image. */
static struct coverage coverage_of(const struct ph_regions *regions, int region) {
  return (struct coverage){region < 0 ? NULL : regions->masks[region].target, regions->columns,
                           regions->rows, regions->geometry.width / regions->columns,
                           regions->geometry.height / regions->rows};
}

int ph_regions_measure(struct ph_regions *regions, const uint8_t *y, const uint8_t *u,
                       const uint8_t *v, const struct ph_geometry *geometry,
                       struct ph_frame_result *result) {
  int status = check_geometry(y, u, v, geometry);
  if (status) return status;
  if (!regions || !result)
    return ph_fail(PH_ERR_ARGUMENT, "Cannot measure the image: a pointer is NULL");
  if ((status = fit_grid(regions, geometry, u))) return status;
  regions->geometry = *geometry;
  int shift_x = shift_x_of(geometry, u), shift_y = shift_y_of(geometry, u);
  uint16_t *swap = regions->luma;
  regions->luma = regions->previous_luma;
  regions->previous_luma = swap;
  gather_luma(regions, y, shift_x, shift_y, regions->luma);

  struct planes planes = {u, v, geometry->uv_stride, 1 << (shift_x + shift_y),
                          geometry->limited ? 16 : 0};
  for (int i = 0; i < PH_MOTION_COUNT; i++) {
    struct coverage coverage = coverage_of(regions, regions->tracked_regions[i]);
    status = tracker_measure(regions->trackers[i], y, geometry, &coverage, &result->motions[i]);
    if (status) return status;
  }
  update_mask_shift(regions, &result->motions[PH_MASK_MOTION]);
  result->shift_x = regions->shift_x;
  result->shift_y = regions->shift_y;
  for (int i = 0; i < PH_REGION_COUNT; i++)
    measure_mask(regions, &regions->masks[i], &planes, &result->regions[i]);
  measure_whole(y, geometry, result);
  result->motion = measure_change(regions, planes.cell_pixels, shift_x, shift_y);
  regions->has_previous = 1;
  return PH_OK;
}

int ph_regions_track(struct ph_regions *regions, int motion, const float *rectangle, int region) {
  if (!regions || !rectangle || motion < 0 || motion >= PH_MOTION_COUNT || region < -1 ||
      region >= PH_REGION_COUNT)
    return ph_fail(PH_ERR_ARGUMENT, "Cannot track motion %d: an argument is out of range", motion);
  for (int i = 0; i < 4; i++)
    if (!(fabsf(rectangle[i]) < 1e6f))
      return ph_fail(PH_ERR_ARGUMENT, "Cannot track motion %d: its rectangle is not finite",
                     motion);
  tracker_set_rectangle(regions->trackers[motion], rectangle);
  regions->tracked_regions[motion] = region;
  return PH_OK;
}

/* What ph_regions_measure returns: means, clipped pixels, brightness and the luma difference. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../regions_internal.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

/* Upright rectangle from its edges. */
static struct ph_shape rectangle(int region, float left, float top, float right, float bottom) {
  return (struct ph_shape){.region = region,
                           .cx = (left + right) / 2,
                           .cy = (top + bottom) / 2,
                           .ax = (right - left) / 2,
                           .by = (bottom - top) / 2};
}

static const float no_face[4] = {0, 0, 0, 0};

static void lay_out(struct ph_regions *regions, const struct picture *p,
                    const struct ph_shape *shapes, int count, const float *face) {
  int status = ph_regions_layout(regions, p->y, p->u, p->v, &p->geometry, shapes, count, face, 255);
  CHECK(status == PH_OK, "%s", ph_error_message());
}

static struct ph_frame_result measure(struct ph_regions *regions, const struct picture *p) {
  struct ph_frame_result result;
  memset(&result, 0xff, sizeof result);
  int status = ph_regions_measure(regions, p->y, p->u, p->v, &p->geometry, &result);
  CHECK(status == PH_OK, "%s", ph_error_message());
  return result;
}

static void check_near(double found, double expected, double tolerance, const char *what) {
  CHECK(fabs(found - expected) <= tolerance, "%s: %.6f, not %.6f", what, found, expected);
}

static const struct picture_kind kinds[] = {{0, 0, 0, 0, 0}, {1, 0, 1, 1, 0}, {1, 1, 0, 0, 0},
                                            {0, 1, 0, 1, 0}, {0, 0, 0, 0, 1}, {1, 1, 1, 0, 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The region's edges lie between cells, so that all weights are 0 or 255. */
static void test_means(void) {
  for (int k = 0; k < KINDS; k++) {
    struct picture p = picture_create(64, 48, kinds[k]);
    struct ph_regions *regions = ph_regions_create();
    struct ph_shape shapes[] = {rectangle(5, 8, 6, 40, 30), rectangle(2, 0, 0, 64, 48)};
    lay_out(regions, &p, shapes, 2, no_face);
    struct ph_frame_result result = measure(regions, &p);
    double y = 0, u = 0, v = 0;
    for (int row = 6; row < 30; row++)
      for (int x = 8; x < 40; x++) {
        y += p.y[row * p.geometry.y_stride + x];
        u += picture_chroma(&p, x, row, 1);
        v += picture_chroma(&p, x, row, 2);
      }
    const struct ph_region_result *r = &result.regions[5];
    double pixels = 32 * 24;
    check_near(r->sum_y / r->weight, y / pixels, 1e-9, "Y");
    check_near(r->sum_u / r->weight, u / pixels, 1e-9, "U");
    check_near(r->sum_v / r->weight, v / pixels, 1e-9, "V");
    check_near(r->pixels, pixels, 0, "pixels");
    check_near(result.regions[2].pixels, 64 * 48, 0, "pixels of the whole image");
    check_near(result.regions[0].weight + result.regions[0].pixels, 0, 0, "no region");
    ph_regions_destroy(regions);
    picture_free(&p);
  }
}

/* A cell counts as pixels from half of its weight on. */
static void test_counted_cells(void) {
  struct picture p = picture_create(32, 16, (struct picture_kind){1, 1, 0, 0, 0});
  struct ph_regions *regions = ph_regions_create();
  /* The cells on the left edge are covered by 0.6, those on the right by 0.4. */
  struct ph_shape shape = rectangle(0, 4.8f, 4, 20.8f, 12);
  lay_out(regions, &p, &shape, 1, no_face);
  struct ph_frame_result result = measure(regions, &p);
  check_near(result.regions[0].weight, 4 * (153 + 7 * 255 + 102), 0, "weight");
  check_near(result.regions[0].pixels, 4 * 8 * 4, 0, "pixels");
  ph_regions_destroy(regions);
  picture_free(&p);
}

/* A pixel is clipped if its largest color channel is in the outermost levels. */
static void test_clipped_colors(void) {
  static const struct {
    int limited, bt709, y, u, v, clipped;
    const char *name;
  } cases[] = {
      {0, 0, 252, 128, 128, 1, "white"},
      {0, 0, 251, 128, 128, 0, "light gray"},
      {0, 0, 3, 128, 128, 1, "black"},
      {0, 0, 4, 128, 128, 0, "dark gray"},
      {1, 0, 233, 128, 128, 1, "limited white"},
      {1, 0, 232, 128, 128, 0, "limited light gray"},
      {1, 0, 18, 128, 128, 1, "limited black"},
      {1, 0, 19, 128, 128, 0, "limited dark gray"},
      {0, 0, 150, 128, 201, 1, "red"},
      {0, 0, 150, 128, 200, 0, "less red"},
      {0, 0, 150, 186, 128, 1, "blue"},
      {0, 0, 150, 185, 128, 0, "less blue"},
      {0, 0, 150, 31, 31, 1, "green"},
      {0, 0, 150, 32, 32, 0, "less green"},
      {0, 1, 150, 128, 193, 1, "red, 709"},
      {0, 1, 150, 128, 192, 0, "less red, 709"},
      {0, 1, 150, 183, 128, 1, "blue, 709"},
      {0, 1, 150, 182, 128, 0, "less blue, 709"},
      {0, 1, 200, 48, 48, 1, "green, 709"},
      {0, 1, 200, 49, 49, 0, "less green, 709"},
      {1, 1, 145, 128, 185, 1, "limited red, 709"},
      {1, 1, 145, 128, 184, 0, "less limited red"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int shift = 0; shift < 2; shift++) {
      struct picture_kind kind = {shift, shift, cases[i].limited, cases[i].bt709, 0};
      struct picture p = picture_create(16, 16, kind);
      picture_fill_all(&p, 128, 128, 128);
      picture_fill(&p, 0, 0, 4, 16, cases[i].y, cases[i].u, cases[i].v);
      struct ph_regions *regions = ph_regions_create();
      struct ph_shape shape = rectangle(3, 0, 0, 16, 16);
      lay_out(regions, &p, &shape, 1, no_face);
      struct ph_frame_result result = measure(regions, &p);
      check_near(result.regions[3].clipped, cases[i].clipped ? 64 : 0, 0, cases[i].name);
      ph_regions_destroy(regions);
      picture_free(&p);
    }
}

static void test_brightness(void) {
  static const struct {
    int limited, y;
    double brightness, clipped;
  } cases[] = {{0, 3, 3, 1},       {0, 4, 4, 0},       {0, 251, 251, 0},     {0, 252, 252, 1},
               {1, 18, 2.3288, 1}, {1, 19, 3.4932, 0}, {1, 232, 251.507, 0}, {1, 233, 252.671, 1},
               {1, 0, 0, 1},       {1, 255, 255, 1}};
  struct ph_regions *regions = ph_regions_create();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct picture p = picture_create(16, 12, (struct picture_kind){1, 1, cases[i].limited, 0, 0});
    picture_fill_all(&p, cases[i].y, 128, 128);
    struct ph_frame_result result = measure(regions, &p);
    check_near(result.brightness, cases[i].brightness, 1e-3, "brightness");
    check_near(result.clipped, cases[i].clipped, 0, "clipped");
    picture_free(&p);
  }
  /* Of a tall image every second or third row counts. */
  static const int heights[][2] = {{479, 1}, {480, 2}, {719, 2}, {720, 3}};
  for (int i = 0; i < 4; i++) {
    int height = heights[i][0], step = heights[i][1], rows = 0;
    struct picture p = picture_create(6, height, (struct picture_kind){0, 0, 0, 0, 1});
    double sum = 0, clipped = 0;
    for (int row = 0; row < height; row += step, rows++)
      for (int x = 0; x < 6; x++) {
        int value = p.y[row * p.geometry.y_stride + x];
        sum += value;
        clipped += value <= 3 || value >= 252;
      }
    struct ph_frame_result result = measure(regions, &p);
    check_near(result.brightness, sum / (6 * rows), 1e-9, "brightness of a tall image");
    check_near(result.clipped, clipped / (6 * rows), 1e-9, "clipped share of a tall image");
    picture_free(&p);
  }
  ph_regions_destroy(regions);
}

/* The luma changes by 3 in the left part of the image, and by -7 in its lower part. */
static void test_change(void) {
  static const struct {
    float face[4];
    double change;
    const char *name;
  } cases[] = {
      {{0, 0, 0, 0}, (3 * 16 * 24 + 7 * 64 * 24) / (64.0 * 48), "the whole image"},
      {{0, 0, 20, 0}, (3 * 16 * 24 + 7 * 64 * 24) / (64.0 * 48), "a face without height"},
      {{0, 0, 0, 20}, (3 * 16 * 24 + 7 * 64 * 24) / (64.0 * 48), "a face without width"},
      {{8, 4, 16, 12}, 1.5, "half of the left part"},
      {{8, 20, 16, 8}, (3 * 8 * 4 + 7 * 16 * 4) / (16.0 * 8), "both parts"},
      {{20, 4, 8, 12}, 0, "no part"},
      {{-8, -4, 16, 12}, 3, "beyond the upper left corner"},
      {{56, 40, 20, 20}, 7, "beyond the lower right corner"},
      {{70, 10, 8, 8}, 0, "right of the image"},
      {{-20, 10, 8, 8}, 0, "left of the image"},
      {{10, 50, 8, 8}, 0, "below the image"},
      {{10, -20, 8, 8}, 0, "above the image"},
  };
  for (int k = 0; k < KINDS; k++)
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      struct picture p = picture_create(64, 48, kinds[k]);
      struct ph_regions *regions = ph_regions_create();
      picture_fill_all(&p, 100, 128, 128);
      lay_out(regions, &p, NULL, 0, cases[i].face);
      check_near(measure(regions, &p).motion, 0, 0, "the first image");
      picture_fill(&p, 0, 0, 16, 24, 103, 128, 128);
      picture_fill(&p, 0, 24, 64, 48, 93, 128, 128);
      double scale = kinds[k].limited ? 255.0 / 219 : 1;
      check_near(measure(regions, &p).motion, cases[i].change * scale, 1e-5, cases[i].name);
      check_near(measure(regions, &p).motion, 0, 0, "the same image again");
      ph_regions_destroy(regions);
      picture_free(&p);
    }
}

/* An image of another size has no previous one, and no masks. */
static void test_sizes(void) {
  static const int sizes[][2] = {{64, 48}, {66, 48}, {66, 50}, {64, 48}};
  struct ph_regions *regions = ph_regions_create();
  struct ph_shape shape = rectangle(1, 0, 0, 200, 200);
  for (int i = 0; i < 4; i++) {
    struct picture p =
        picture_create(sizes[i][0], sizes[i][1], (struct picture_kind){1, 1, 0, 0, 0});
    picture_fill_all(&p, 50 * i, 128, 128);
    struct ph_frame_result result = measure(regions, &p);
    check_near(result.motion, 0, 0, "the first image of a size");
    check_near(result.regions[1].pixels, 0, 0, "pixels before the layout");
    lay_out(regions, &p, &shape, 1, no_face);
    picture_fill_all(&p, 50 * i + 5, 128, 128);
    result = measure(regions, &p);
    check_near(result.motion, 5, 1e-9, "the second image of a size");
    check_near(result.regions[1].pixels, sizes[i][0] * sizes[i][1], 0, "pixels");
    picture_free(&p);
  }
  /* So has one of the same size with other cells. */
  struct picture p = picture_create(64, 48, (struct picture_kind){1, 0, 0, 0, 0});
  check_near(measure(regions, &p).regions[1].pixels, 0, 0, "pixels with other cells");
  picture_free(&p);
  ph_regions_destroy(regions);
}

/* The layout of another image does not change the luma difference between the frames. */
static void test_layout_between(void) {
  struct picture p = picture_create(64, 48, (struct picture_kind){1, 1, 0, 0, 0});
  struct ph_regions *regions = ph_regions_create();
  picture_fill_all(&p, 100, 128, 128);
  measure(regions, &p);
  picture_fill_all(&p, 150, 128, 128);
  lay_out(regions, &p, NULL, 0, no_face);
  picture_fill_all(&p, 107, 128, 128);
  check_near(measure(regions, &p).motion, 7, 1e-9, "motion");
  ph_regions_destroy(regions);
  picture_free(&p);
}

static double texture(double x, double y) {
  return 128 + 30 * sin(0.33 * x) * cos(0.29 * y) + 25 * sin(0.19 * x + 0.23 * y);
}

static void paint_texture(struct picture *p, double dx, double dy) {
  const struct ph_geometry *g = &p->geometry;
  for (int y = 0; y < g->height; y++)
    for (int x = 0; x < g->width; x++)
      p->y[y * g->y_stride + x] = (uint8_t)lrint(texture(x + 0.5 - dx, y + 0.5 - dy));
}

/* The masks move with motion 1 while its confidence is high, from the last layout on. */
static void test_mask_motion(void) {
  struct picture p = picture_create(160, 120, (struct picture_kind){1, 1, 0, 0, 0});
  struct ph_regions *regions = ph_regions_create();
  const float patch[4] = {30, 20, 90, 80};
  struct ph_shape shapes[] = {rectangle(0, 60, 50, 80, 70), rectangle(1, 60, 50, 80, 70)};
  shapes[0].follows_motion = 1;
  paint_texture(&p, 0, 0);
  picture_fill(&p, 60, 50, 80, 70, p.y[0], 90, 160);
  paint_texture(&p, 0, 0);
  lay_out(regions, &p, shapes, 2, no_face);
  CHECK(ph_regions_track(regions, 1, patch, -1) == PH_OK, "%s", ph_error_message());
  measure(regions, &p);
  struct ph_frame_result result = {0};
  for (int i = 1; i <= 10; i++) {
    paint_texture(&p, 0.4 * i, -0.3 * i);
    result = measure(regions, &p);
  }
  check_near(result.shift_x, 4, 0.1, "shift");
  check_near(result.shift_y, -3, 0.1, "shift");
  check_near(result.motions[1].dx, result.shift_x, 1e-9, "displacement");
  /* The fixed mask still has the chroma of its place, the moving one that of its new place. */
  double u = result.regions[1].sum_u / result.regions[1].weight;
  check_near(u, 90, 1e-9, "U of the fixed mask");
  CHECK(result.regions[0].sum_u / result.regions[0].weight > 95, "the mask did not move");
  check_near(result.regions[0].weight, result.regions[1].weight, 600, "weight");
  /* A new layout starts at its own place; the displacement goes on. */
  lay_out(regions, &p, shapes, 2, no_face);
  paint_texture(&p, 4.5, -3);
  result = measure(regions, &p);
  check_near(result.shift_x, 0.5, 0.1, "shift after the layout");
  check_near(result.shift_y, 0, 0.1, "shift after the layout");
  check_near(result.motions[1].dx, 4.5, 0.1, "displacement after the layout");
  /* Without confidence the masks stay. */
  double before = result.shift_x;
  picture_fill_all(&p, 128, 128, 128);
  for (int i = 0; i < 3; i++) result = measure(regions, &p);
  check_near(result.shift_x, before, 0.05, "shift without texture");
  ph_regions_destroy(regions);
  picture_free(&p);
}

/* A motion is measured only under the mask of its region. */
static void test_motion_region(void) {
  struct picture p = picture_create(320, 120, (struct picture_kind){1, 1, 0, 0, 0});
  struct ph_regions *regions = ph_regions_create();
  struct ph_shape shape = rectangle(6, 160, 0, 320, 120);
  const float patch[4] = {20, 20, 280, 80};
  double dy[2] = {0};
  for (int limited = 0; limited < 2; limited++) {
    paint_texture(&p, 0, 0);
    lay_out(regions, &p, &shape, 1, no_face);
    CHECK(ph_regions_track(regions, 0, patch, limited ? 6 : -1) == PH_OK, "%s", ph_error_message());
    double before = measure(regions, &p).motions[0].dy;
    for (int i = 1; i <= 5; i++) {
      /* The left half moves down, the right half up. */
      for (int y = 0; y < 120; y++)
        for (int x = 0; x < 320; x++)
          p.y[y * p.geometry.y_stride + x] =
              (uint8_t)lrint(texture(x + 0.5, y + 0.5 - (x < 160 ? 0.3 : -0.3) * i));
      dy[limited] = measure(regions, &p).motions[0].dy - before;
    }
  }
  check_near(dy[1], -1.5, 0.1, "motion under the mask");
  CHECK(dy[0] > -1.3, "motion of the whole patch: %f", dy[0]);
  ph_regions_destroy(regions);
  picture_free(&p);
}

static void test_arguments(void) {
  struct picture p = picture_create(64, 48, (struct picture_kind){1, 1, 0, 0, 0});
  struct ph_regions *regions = ph_regions_create();
  struct ph_frame_result result;
  const uint8_t *y = p.y, *u = p.u, *v = p.v;
  CHECK(ph_regions_measure(NULL, y, u, v, &p.geometry, &result) == PH_ERR_ARGUMENT, "no regions");
  CHECK(ph_regions_measure(regions, y, u, v, &p.geometry, NULL) == PH_ERR_ARGUMENT, "no result");
  CHECK(ph_regions_measure(regions, y, NULL, v, &p.geometry, &result) == PH_ERR_ARGUMENT, "no U");
  float r[4] = {0, 0, 20, 20};
  CHECK(ph_regions_track(NULL, 0, r, -1) == PH_ERR_ARGUMENT, "no regions");
  CHECK(ph_regions_track(regions, 0, NULL, -1) == PH_ERR_ARGUMENT, "no rectangle");
  static const int cases[][3] = {{0, -1, PH_OK},           {1, 6, PH_OK},
                                 {-1, 0, PH_ERR_ARGUMENT}, {2, 0, PH_ERR_ARGUMENT},
                                 {0, -2, PH_ERR_ARGUMENT}, {0, 7, PH_ERR_ARGUMENT}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int status = ph_regions_track(regions, cases[i][0], r, cases[i][1]);
    CHECK(status == cases[i][2], "motion %d, region %d: %d", cases[i][0], cases[i][1], status);
  }
  for (int i = 0; i < 4; i++) {
    static const struct {
      float value;
      int status;
    } values[] = {{0.9e6f, PH_OK},
                  {-0.9e6f, PH_OK},
                  {1.1e6f, PH_ERR_ARGUMENT},
                  {-1.1e6f, PH_ERR_ARGUMENT},
                  {NAN, PH_ERR_ARGUMENT}};
    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
      float changed[4] = {0, 0, 20, 20};
      changed[i] = values[k].value;
      int status = ph_regions_track(regions, 0, changed, -1);
      CHECK(status == values[k].status, "%g: %d", changed[i], status);
    }
  }
  ph_regions_destroy(regions);
  ph_regions_destroy(NULL);
  picture_free(&p);
}

void test_region_measurement(void) {
  test_means();
  test_counted_cells();
  test_clipped_colors();
  test_brightness();
  test_change();
  test_sizes();
  test_layout_between();
  test_mask_motion();
  test_motion_region();
  test_arguments();
}

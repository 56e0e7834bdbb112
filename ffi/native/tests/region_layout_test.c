/* The masks that ph_regions_layout draws: the covered share of each cell, and the similarity of its
 * color to the skin. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../regions_internal.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

static const float no_face[4] = {0, 0, 0, 0};

static struct ph_shape upright(int kind, float left, float top, float right, float bottom) {
  return (struct ph_shape){.region = 0,
                           .kind = kind,
                           .cx = (left + right) / 2,
                           .cy = (top + bottom) / 2,
                           .ax = (right - left) / 2,
                           .by = (bottom - top) / 2};
}

static struct ph_shape rotated(int kind, float cx, float cy, float a, float b, float angle) {
  return (struct ph_shape){.region = 0,
                           .kind = kind,
                           .cx = cx,
                           .cy = cy,
                           .ax = a * cosf(angle),
                           .ay = a * sinf(angle),
                           .bx = -b * sinf(angle),
                           .by = b * cosf(angle)};
}

static int lay_out(struct ph_regions *regions, const struct picture *p,
                   const struct ph_shape *shapes, int count) {
  return ph_regions_layout(regions, p->y, p->u, p->v, &p->geometry, shapes, count, no_face, 255);
}

/* The share of a cell that a shape covers, by 16 by 16 points. */
static double covered(const struct ph_shape *s, double x, double y, double width, double height) {
  int inside = 0;
  for (int i = 0; i < 256; i++) {
    double dx = x + width * (i % 16 + 0.5) / 16 - s->cx;
    double dy = y + height * (i / 16 + 0.5) / 16 - s->cy;
    double p = (dx * s->ax + dy * s->ay) / (s->ax * s->ax + s->ay * s->ay);
    double q = (dx * s->bx + dy * s->by) / (s->bx * s->bx + s->by * s->by);
    inside += s->kind == PH_ELLIPSE ? p * p + q * q < 1 : fabs(p) < 1 && fabs(q) < 1;
  }
  return inside / 256.0;
}

/* Compares the mask of one shape with the covered share of each cell. */
static void check_coverage(const struct ph_shape *shape, struct picture_kind kind, double tolerance,
                           const char *what) {
  struct picture p = picture_create(62, 46, kind);
  struct ph_regions *regions = ph_regions_create();
  CHECK(lay_out(regions, &p, shape, 1) == PH_OK, "%s", ph_error_message());
  int width = 62 / regions->columns, height = 46 / regions->rows;
  double sum = 0, expected_sum = 0;
  int wrong = 0;
  for (int row = 0; row < regions->rows; row++)
    for (int column = 0; column < regions->columns; column++) {
      double expected = covered(shape, column * width, row * height, width, height);
      double found = regions->masks[0].target[row * regions->columns + column] / 255.0;
      sum += found, expected_sum += expected;
      if (fabs(found - expected) <= tolerance || wrong++) continue;
      CHECK(0, "%s: %.3f, not %.3f, of cell %d,%d is covered", what, found, expected, column, row);
    }
  CHECK(fabs(sum - expected_sum) < 0.02 * expected_sum + 0.3, "%s: area %.2f, not %.2f", what, sum,
        expected_sum);
  ph_regions_destroy(regions);
  picture_free(&p);
}

static void test_coverage(void) {
  static const struct picture_kind kinds[] = {
      {0, 0, 0, 0, 0}, {1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}, {1, 1, 0, 0, 0}, {0, 0, 0, 0, 1}};
  for (int k = 0; k < 5; k++) {
    struct ph_shape shapes[] = {
        upright(PH_RECTANGLE, 8, 6, 40, 30),
        upright(PH_RECTANGLE, 8.6f, 6.3f, 40.7f, 31.1f),
        /* Beyond the edges of the image. */
        upright(PH_RECTANGLE, -20, 20.5f, 30, 100),
        upright(PH_RECTANGLE, 30.4f, -50, 90, 10.2f),
        upright(PH_RECTANGLE, -50, -50, 100, 100),
        upright(PH_RECTANGLE, 70, 10, 90, 20),
        upright(PH_RECTANGLE, 10, 50, 30, 60),
        upright(PH_RECTANGLE, -30, -30, -8, -8),
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      check_coverage(&shapes[i], kinds[k], 0.08, "an upright rectangle");
    struct ph_shape tilted = rotated(PH_RECTANGLE, 30, 22, 20, 9, 0.5f);
    check_coverage(&tilted, kinds[k], 0.3, "a tilted rectangle");
    tilted = rotated(PH_RECTANGLE, 28, 24, 7, 19, 2.4f);
    check_coverage(&tilted, kinds[k], 0.3, "a tilted rectangle");
    struct ph_shape circle = upright(PH_ELLIPSE, 11, 4, 47, 40);
    check_coverage(&circle, kinds[k], 0.25, "a circle");
    struct ph_shape ellipse = rotated(PH_ELLIPSE, 30, 22, 21, 15, 0.6f);
    check_coverage(&ellipse, kinds[k], 0.35, "a tilted ellipse");
    ellipse = rotated(PH_ELLIPSE, 26, 25, 14, 20, -0.9f);
    check_coverage(&ellipse, kinds[k], 0.35, "a tilted ellipse");
  }
}

static int weight_at(const struct ph_regions *regions, int region, int column, int row) {
  return regions->masks[region].target[row * regions->columns + column];
}

/* Shapes of one region are united; a subtracted shape removes its share of those before it. */
static void test_union(void) {
  struct picture p = picture_create(32, 16, (struct picture_kind){0});
  struct ph_regions *regions = ph_regions_create();
  struct ph_shape shapes[] = {
      upright(PH_RECTANGLE, 2, 2, 10.5f, 10),   upright(PH_RECTANGLE, 6, 4, 14.25f, 12),
      upright(PH_RECTANGLE, 4.25f, 0, 8, 6),    upright(PH_RECTANGLE, 7.75f, 5.5f, 9, 7),
      upright(PH_RECTANGLE, 20, 2, 24.75f, 10),
  };
  shapes[2].subtract = 1;
  shapes[4].region = 4;
  CHECK(lay_out(regions, &p, shapes, 5) == PH_OK, "%s", ph_error_message());
  static const int expected[][3] = {
      {2, 2, 255},                /* the first shape */
      {10, 3, 128}, {10, 5, 255}, /* its edge, and that in the second */
      {14, 8, 64},                /* the edge of the second */
      {4, 3, 64},   {5, 3, 0},    /* the edge of the subtracted one, and its inside */
      {5, 8, 255},                /* below it */
      {7, 5, 32},                 /* added after it: a half of a quarter */
      {16, 5, 0},                 /* no shape */
  };
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    int found = weight_at(regions, 0, expected[i][0], expected[i][1]);
    CHECK(abs(found - expected[i][2]) <= 1, "%d,%d: %d, not %d", expected[i][0], expected[i][1],
          found, expected[i][2]);
  }
  CHECK(weight_at(regions, 4, 22, 5) == 255 && abs(weight_at(regions, 4, 24, 5) - 191) <= 1,
        "another region");
  CHECK(weight_at(regions, 4, 5, 8) == 0 && weight_at(regions, 0, 22, 5) == 0, "regions are mixed");
  ph_regions_destroy(regions);
  picture_free(&p);
}

/* The colors of the cells in the right half, of which region 1 keeps what resembles the left half. */
struct sample_color {
  int y, u, v;
  double weight; /* 0..1 */
};

/* Lays out an image whose left half is the reference, of two colors: those from row `split` on are
 * `lower`. Checks the weight of each sample color. */
static void check_skin(struct picture_kind kind, const int upper[3], const int lower[3], int split,
                       const struct sample_color *samples, int count, const char *what) {
  struct picture p = picture_create(64, 40, kind);
  picture_fill(&p, 0, 0, 32, split, upper[0], upper[1], upper[2]);
  if (split < 40) picture_fill(&p, 0, split, 32, 40, lower[0], lower[1], lower[2]);
  for (int i = 0; i < count; i++)
    picture_fill(&p, 32 + 2 * i, 0, 34 + 2 * i, 40, samples[i].y, samples[i].u, samples[i].v);
  struct ph_shape shapes[] = {upright(PH_RECTANGLE, 0, 0, 32, 40),
                              upright(PH_RECTANGLE, 0, 0, 64, 40)};
  shapes[0].skin_reference = 1;
  shapes[1].region = 1;
  shapes[1].skin = 1;
  struct ph_regions *regions = ph_regions_create();
  CHECK(lay_out(regions, &p, shapes, 2) == PH_OK, "%s", ph_error_message());
  int width = 64 / regions->columns;
  for (int i = 0; i < count; i++) {
    double found = weight_at(regions, 1, (32 + 2 * i) / width, 5) / 255.0;
    CHECK(fabs(found - samples[i].weight) < 0.012, "%s: Y %d, U %d, V %d: %.3f, not %.3f", what,
          samples[i].y, samples[i].u, samples[i].v, found, samples[i].weight);
  }
  CHECK(weight_at(regions, 0, 4, 4) == 255, "the reference itself is not masked");
  ph_regions_destroy(regions);
  picture_free(&p);
}

static void test_skin_luma(void) {
  /* The reference luma is 100. Darker cells count fully to 1/1.9 of it and not from 1/2.6 on;
   * brighter ones fully to 1.6 times and not from 2.1 on. */
  static const struct sample_color samples[] = {
      {100, 110, 150, 1},    {53, 110, 150, 1},    {50, 110, 150, 0.857}, {45, 110, 150, 0.540},
      {40, 110, 150, 0.143}, {38, 110, 150, 0},    {0, 110, 150, 0},      {159, 110, 150, 1},
      {170, 110, 150, 0.8},  {185, 110, 150, 0.5}, {200, 110, 150, 0.2},  {211, 110, 150, 0},
  };
  enum { COUNT = sizeof samples / sizeof *samples };
  static const int color[3] = {100, 110, 150};
  check_skin((struct picture_kind){0}, color, color, 40, samples, COUNT, "luma");
  struct sample_color limited[COUNT], gray[COUNT];
  static const int limited_color[3] = {116, 110, 150};
  for (int i = 0; i < COUNT; i++) {
    limited[i] = gray[i] = samples[i];
    limited[i].y += 16;
  }
  for (int shift = 0; shift < 2; shift++) {
    struct picture_kind kind = {shift, shift, 1, 1, 0};
    check_skin(kind, limited_color, limited_color, 40, limited, COUNT, "limited luma");
  }
  check_skin((struct picture_kind){0, 0, 0, 0, 1}, color, color, 40, gray, COUNT, "gray");
}

static void test_skin_chroma(void) {
  /* With chroma of one value, its spread counts as 2.5: full up to 6.25, none from 10 on. */
  static const struct sample_color samples[] = {
      {100, 116, 150, 1}, {100, 117, 150, 0.8},   {100, 118, 150, 0.533}, {100, 120, 150, 0},
      {100, 104, 150, 1}, {100, 102, 150, 0.533}, {100, 110, 156, 1},     {100, 110, 158, 0.533},
      {100, 110, 160, 0}, {100, 110, 142, 0.533}, {100, 115, 145, 0.781}, {100, 103, 143, 0.027},
  };
  enum { COUNT = sizeof samples / sizeof *samples };
  static const int color[3] = {100, 110, 150};
  check_skin((struct picture_kind){0}, color, color, 40, samples, COUNT, "chroma");
  check_skin((struct picture_kind){1, 1, 0, 0, 0}, color, color, 40, samples, COUNT, "4:2:0");
}

static void test_skin_spread(void) {
  /* U has two values at a distance of 27, so that its spread is 27 / 1.35 = 20; its median is the
   * more frequent one, 100. V has one value. */
  static const struct sample_color samples[] = {
      {100, 149, 150, 1}, {100, 160, 150, 0.667}, {100, 170, 150, 0.333}, {100, 181, 150, 0},
      {100, 51, 150, 1},  {100, 40, 150, 0.667},  {100, 100, 157, 0.8},   {100, 100, 160, 0},
      {100, 130, 155, 1}, {100, 140, 156, 0.584},
  };
  static const int upper[3] = {100, 100, 150}, lower[3] = {100, 127, 150};
  check_skin((struct picture_kind){0}, upper, lower, 24, samples, 10, "spread of U");
  struct sample_color exchanged[10];
  for (int i = 0; i < 10; i++)
    exchanged[i] =
        (struct sample_color){100, samples[i].v - 40, samples[i].u + 30, samples[i].weight};
  static const int upper_v[3] = {100, 110, 130}, lower_v[3] = {100, 110, 157};
  check_skin((struct picture_kind){0}, upper_v, lower_v, 24, exchanged, 10, "spread of V");
}

/* Cells darker than 0.4 of the 80th percentile are hair or shadow, not a reference. */
static void test_skin_shadow(void) {
  static const struct {
    int dark, rows_bright;
    double weight; /* of luma 100, whose reference is either 100 or the dark one */
  } cases[] = {{38, 16, 1}, {42, 16, 0}, {38, 9, 1}, {38, 7, 0}, {42, 21, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const int bright[3] = {100, 110, 150}, dark[3] = {cases[i].dark, 110, 150};
    struct sample_color sample = {100, 110, 150, cases[i].weight};
    check_skin((struct picture_kind){0}, bright, dark, cases[i].rows_bright, &sample, 1, "shadow");
    const int bright16[3] = {116, 110, 150}, dark16[3] = {cases[i].dark + 16, 110, 150};
    sample.y = 116;
    check_skin((struct picture_kind){0, 0, 1, 0, 0}, bright16, dark16, cases[i].rows_bright,
               &sample, 1, "limited shadow");
  }
}

/* Without a reference all colors count; so do they if the reference is black. */
static void test_no_reference(void) {
  struct picture p = picture_create(32, 16, (struct picture_kind){0});
  struct ph_regions *regions = ph_regions_create();
  struct ph_shape shape = upright(PH_RECTANGLE, 0, 0, 32, 16);
  shape.skin = 1;
  CHECK(lay_out(regions, &p, &shape, 1) == PH_OK, "%s", ph_error_message());
  for (int i = 0; i < 32 * 16; i++)
    CHECK(regions->masks[0].target[i] == 255, "cell %d: %d", i, regions->masks[0].target[i]);
  ph_regions_destroy(regions);
  picture_free(&p);
}

/* Only cells that a reference covers by half or more are part of it. */
static void test_reference_edges(void) {
  struct picture p = picture_create(32, 16, (struct picture_kind){0});
  picture_fill_all(&p, 200, 128, 128);
  picture_fill(&p, 8, 0, 9, 16, 80, 128, 128);
  struct ph_regions *regions = ph_regions_create();
  for (int i = 0; i < 2; i++) {
    /* The columns beside the dark one are covered by 0.45, or by 0.55. */
    float edge = i ? 0.55f : 0.45f;
    struct ph_shape shapes[] = {upright(PH_RECTANGLE, 8 - edge, 0, 9 + edge, 16),
                                upright(PH_RECTANGLE, 0, 0, 32, 16)};
    shapes[0].skin_reference = 1;
    shapes[1].region = 1;
    shapes[1].skin = 1;
    CHECK(lay_out(regions, &p, shapes, 2) == PH_OK, "%s", ph_error_message());
    int found = weight_at(regions, 1, 20, 8);
    CHECK(found == (i ? 255 : 0), "bright cells beside the reference: %d", found);
  }
  ph_regions_destroy(regions);
  picture_free(&p);
}

static void test_flags(void) {
  struct picture p = picture_create(32, 16, (struct picture_kind){0});
  struct ph_regions *regions = ph_regions_create();
  struct ph_shape shapes[] = {upright(PH_RECTANGLE, 2, 2, 8, 8), upright(PH_RECTANGLE, 4, 2, 9, 8),
                              upright(PH_RECTANGLE, 4, 2, 9, 8)};
  shapes[0].follows_motion = 1;
  shapes[2].region = 3;
  lay_out(regions, &p, shapes, 3);
  CHECK(regions->masks[0].follows_motion == 1 && regions->masks[3].follows_motion == 0,
        "a region follows the motion if one of its shapes does");
  lay_out(regions, &p, shapes + 1, 2);
  CHECK(regions->masks[0].follows_motion == 0, "until the next layout");
  ph_regions_destroy(regions);
  picture_free(&p);
}

/* Each frame moves the weights by at most `fade`, from 1 to 255. */
static void test_fade(void) {
  static const int cases[][2] = {{0, 1}, {-3, 1}, {1, 1}, {51, 51}, {255, 255}, {300, 255}};
  for (int i = 0; i < 6; i++) {
    struct picture p = picture_create(32, 16, (struct picture_kind){0});
    struct ph_regions *regions = ph_regions_create();
    struct ph_shape shape = upright(PH_RECTANGLE, 4, 4, 8, 8);
    struct ph_frame_result result;
    ph_regions_layout(regions, p.y, p.u, p.v, &p.geometry, &shape, 1, no_face, cases[i][0]);
    int expected = 0;
    for (int frame = 0; frame < 8; frame++) {
      ph_regions_measure(regions, p.y, p.u, p.v, &p.geometry, &result);
      expected = expected + cases[i][1] > 255 ? 255 : expected + cases[i][1];
      CHECK(result.regions[0].weight == 16 * expected, "fade %d, frame %d: %g", cases[i][0], frame,
            result.regions[0].weight);
    }
    /* A layout without the shape fades out, and the last one is forgotten. */
    ph_regions_layout(regions, p.y, p.u, p.v, &p.geometry, NULL, 0, no_face, 255);
    ph_regions_measure(regions, p.y, p.u, p.v, &p.geometry, &result);
    CHECK(result.regions[0].weight == 0, "%g", result.regions[0].weight);
    ph_regions_destroy(regions);
    picture_free(&p);
  }
}

static void test_arguments(void) {
  struct picture p = picture_create(32, 16, (struct picture_kind){1, 1, 0, 0, 0});
  struct ph_regions *regions = ph_regions_create();
  struct ph_shape shape = upright(PH_RECTANGLE, 4, 4, 8, 8);
  const struct ph_geometry *g = &p.geometry;
  CHECK(ph_regions_layout(NULL, p.y, p.u, p.v, g, &shape, 1, no_face, 1) == PH_ERR_ARGUMENT, "r");
  CHECK(ph_regions_layout(regions, p.y, p.u, p.v, g, NULL, 1, no_face, 1) == PH_ERR_ARGUMENT, "s");
  CHECK(ph_regions_layout(regions, p.y, p.u, p.v, g, &shape, -1, no_face, 1) == PH_ERR_ARGUMENT,
        "a negative count");
  CHECK(ph_regions_layout(regions, p.y, p.u, p.v, g, &shape, 1, NULL, 1) == PH_ERR_ARGUMENT, "f");
  CHECK(ph_regions_layout(regions, NULL, p.u, p.v, g, &shape, 1, no_face, 1) == PH_ERR_ARGUMENT,
        "no image");
  CHECK(ph_regions_layout(regions, p.y, p.u, p.v, g, NULL, 0, no_face, 1) == PH_OK, "no shapes");
  static const struct {
    int region, status;
  } numbers[] = {{0, PH_OK}, {6, PH_OK}, {-1, PH_ERR_ARGUMENT}, {7, PH_ERR_ARGUMENT}};
  for (int i = 0; i < 4; i++) {
    struct ph_shape shapes[] = {shape, shape};
    shapes[1].region = numbers[i].region;
    int status = lay_out(regions, &p, shapes, 2);
    CHECK(status == numbers[i].status, "region %d: %d", numbers[i].region, status);
    CHECK(status == PH_OK || strstr(ph_error_message(), "shape 1 ") != NULL, "%s",
          ph_error_message());
  }
  for (int field = 0; field < 6; field++) {
    static const struct {
      float value;
      int status;
    } values[] = {{0.9e6f, PH_OK},
                  {-0.9e6f, PH_OK},
                  {1.1e6f, PH_ERR_ARGUMENT},
                  {-1.1e6f, PH_ERR_ARGUMENT},
                  {NAN, PH_ERR_ARGUMENT}};
    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
      struct ph_shape changed = shape;
      float *fields[] = {&changed.cx, &changed.cy, &changed.ax,
                         &changed.ay, &changed.bx, &changed.by};
      *fields[field] = values[k].value;
      int status = lay_out(regions, &p, &changed, 1);
      CHECK(status == values[k].status, "field %d, %g: %d", field, *fields[field], status);
    }
  }
  for (int axis = 0; axis < 4; axis++)
    for (int large = 0; large < 2; large++) {
      struct ph_shape thin = shape;
      float length = large ? 0.011f : 0.009f;
      if (axis < 2) thin.ax = axis == 0 ? length : 0, thin.ay = axis == 1 ? length : 0;
      if (axis >= 2) thin.bx = axis == 2 ? length : 0, thin.by = axis == 3 ? length : 0;
      int status = lay_out(regions, &p, &thin, 1);
      CHECK(status == (large ? PH_OK : PH_ERR_ARGUMENT), "an axis of %g: %d", length, status);
    }
  ph_regions_destroy(regions);
  picture_free(&p);
}

void test_region_layouts(void) {
  test_coverage();
  test_union();
  test_skin_luma();
  test_skin_chroma();
  test_skin_spread();
  test_skin_shadow();
  test_no_reference();
  test_reference_edges();
  test_flags();
  test_fade();
  test_arguments();
}

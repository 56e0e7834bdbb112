/* ph_resample_rgb against a reference that takes the definition literally. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../regions_internal.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

enum { SCALE = 2, OFFSET = -3 };

/* The pixels from `low` to `high`; less than one pixel is the one under the center. */
static void pixels_of(double start, double step, int index, int size, int span[2]) {
  span[0] = step < 1 ? (int)floor(start + step * (index + 0.5)) : (int)(start + step * index);
  span[1] = step < 1 ? span[0] + 1 : (int)(start + step * (index + 1));
  if (span[0] < 0) span[0] = 0;
  if (span[1] > size) span[1] = size;
}

static double plane_mean(const uint8_t *plane, int stride, const int x[2], const int y[2]) {
  double sum = 0;
  for (int row = y[0]; row < y[1]; row++)
    for (int column = x[0]; column < x[1]; column++) sum += plane[row * stride + column];
  return sum / ((x[1] - x[0]) * (y[1] - y[0]));
}

/* Computes the upright result: `columns` by `rows` colors, 0..255. */
static void reference(const struct picture *p, const float *from, int columns, int rows,
                      double *out) {
  const struct ph_geometry *g = &p->geometry;
  for (int row = 0; row < rows; row++)
    for (int column = 0; column < columns; column++, out += 3) {
      int x[2], y[2];
      pixels_of(from[0], from[2] / columns, column, g->width, x);
      pixels_of(from[1], from[3] / rows, row, g->height, y);
      out[0] = out[1] = out[2] = 0;
      if (x[1] <= x[0] || y[1] <= y[0]) continue;
      double luma = plane_mean(p->y, g->y_stride, x, y), u = 128, v = 128;
      if (p->u) {
        int cx[2] = {x[0] >> g->shift_x, ((x[1] - 1) >> g->shift_x) + 1};
        int cy[2] = {y[0] >> g->shift_y, ((y[1] - 1) >> g->shift_y) + 1};
        u = plane_mean(p->u, g->uv_stride, cx, cy);
        v = plane_mean(p->v, g->uv_stride, cx, cy);
      }
      picture_rgb(g, luma, u, v, out);
      for (int c = 0; c < 3; c++) out[c] = fmin(255, fmax(0, out[c]));
    }
}

/* Rotates an image by a quarter turn counterclockwise: the right side comes out on top. */
static void rotate(double *image, int *columns, int *rows) {
  double *rotated = malloc(sizeof(double) * 3 * (size_t)(*columns * *rows));
  for (int row = 0; row < *columns; row++)
    for (int column = 0; column < *rows; column++)
      memcpy(rotated + 3 * (row * *rows + column),
             image + 3 * (column * *columns + *columns - 1 - row), 3 * sizeof(double));
  memcpy(image, rotated, sizeof(double) * 3 * (size_t)(*columns * *rows));
  free(rotated);
  int swap = *columns;
  *columns = *rows, *rows = swap;
}

/* `columns` and `rows` are those of the upright result. */
static void check_resampled(const struct picture *p, const float *from, int columns, int rows,
                            int turns) {
  size_t values = 3 * (size_t)(columns * rows);
  double *expected = malloc(values * sizeof *expected);
  float *found = malloc(values * sizeof *found); /* exact size, for AddressSanitizer */
  reference(p, from, columns, rows, expected);
  for (int i = 0; i < (turns & 3); i++) rotate(expected, &columns, &rows);
  int status = ph_resample_rgb(p->y, p->u, p->v, &p->geometry, from, turns, columns, rows, SCALE,
                               OFFSET, found);
  CHECK(status == PH_OK, "%s", ph_error_message());
  for (size_t i = 0; i < values; i++) {
    double value = expected[i] * SCALE + OFFSET;
    if (fabs(found[i] - value) < 0.05) continue;
    CHECK(0, "%gx%g at %g,%g to %dx%d, turned %d: value %zu is %g, not %g", from[2], from[3],
          from[0], from[1], columns, rows, turns, i, found[i], value);
    break;
  }
  free(expected);
  free(found);
}

static void test_values(void) {
  static const struct picture_kind kinds[] = {{0, 0, 0, 0, 0}, {1, 0, 1, 0, 0}, {1, 1, 0, 1, 0},
                                              {0, 1, 1, 1, 0}, {0, 0, 1, 0, 1}, {1, 1, 0, 0, 1}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct picture p = picture_create(41, 29, kinds[i]);
    for (int turns = 0; turns < 4; turns++) {
      check_resampled(&p, (float[]){0, 0, 40, 28}, 20, 7, turns);
      check_resampled(&p, (float[]){3, 5, 21, 12}, 7, 12, turns);
      /* Beyond each edge everything is black. */
      check_resampled(&p, (float[]){-4, -6, 60, 48}, 20, 12, turns);
      check_resampled(&p, (float[]){35, 20, 12, 18}, 6, 9, turns);
      check_resampled(&p, (float[]){50, 3, 8, 8}, 4, 4, turns);
      check_resampled(&p, (float[]){3, -20, 8, 8}, 4, 4, turns);
      /* Enlarged twice and four times. */
      check_resampled(&p, (float[]){2, 1, 6, 5}, 12, 20, turns);
      check_resampled(&p, (float[]){-2, 26, 6, 5}, 24, 10, turns);
    }
    check_resampled(&p, (float[]){3, 5, 21, 12}, 7, 12, 5);
    check_resampled(&p, (float[]){3, 5, 21, 12}, 7, 12, -1);
    picture_free(&p);
  }
}

static void test_clamping(void) {
  /* Y, U and V whose red, green and blue exceed the range on either side. */
  static const int colors[][3] = {{255, 128, 255}, {0, 128, 0},     {255, 0, 0},
                                  {0, 255, 255},   {255, 255, 128}, {0, 0, 128}};
  struct picture p = picture_create(8, 8, (struct picture_kind){0});
  for (size_t i = 0; i < sizeof colors / sizeof *colors; i++) {
    picture_fill_all(&p, colors[i][0], colors[i][1], colors[i][2]);
    check_resampled(&p, (float[]){0, 0, 8, 8}, 2, 2, 0);
  }
  picture_free(&p);
}

/* Resamples with one argument replaced. */
struct arguments {
  int width, height, y_stride, uv_stride, shift_x, shift_y;
  int has_y, has_u, has_v, has_geometry, has_from, has_out;
  float from[4];
  int columns, rows;
};

static int status_of(struct arguments a) {
  static uint8_t pixels[1 << 20];
  static float out[3 * 64 * 64];
  struct ph_geometry g = {.width = a.width,
                          .height = a.height,
                          .y_stride = a.y_stride,
                          .uv_stride = a.uv_stride,
                          .shift_x = a.shift_x,
                          .shift_y = a.shift_y};
  return ph_resample_rgb(a.has_y ? pixels : NULL, a.has_u ? pixels : NULL, a.has_v ? pixels : NULL,
                         a.has_geometry ? &g : NULL, a.has_from ? a.from : NULL, 0, a.columns,
                         a.rows, 1, 0, a.has_out ? out : NULL);
}

static const struct arguments valid = {.width = 40,
                                       .height = 30,
                                       .y_stride = 40,
                                       .uv_stride = 20,
                                       .shift_x = 1,
                                       .shift_y = 1,
                                       .has_y = 1,
                                       .has_u = 1,
                                       .has_v = 1,
                                       .has_geometry = 1,
                                       .has_from = 1,
                                       .has_out = 1,
                                       .from = {0, 0, 8, 8},
                                       .columns = 4,
                                       .rows = 4};

#define CHECK_STATUS(expected, assignment)                                                         \
  do {                                                                                             \
    struct arguments a = valid;                                                                    \
    assignment;                                                                                    \
    int status = status_of(a);                                                                     \
    CHECK(status == (expected), #assignment ": %d, not %d", status, expected);                     \
    CHECK(status == PH_OK || strncmp(ph_error_message(), "Cannot re", 9) == 0, #assignment ": %s", \
          ph_error_message());                                                                     \
  } while (0)

static void test_arguments(void) {
  CHECK_STATUS(PH_OK, a = valid);
  CHECK_STATUS(PH_OK, (a.width = 2, a.uv_stride = 1));
  CHECK_STATUS(PH_OK, a.height = 2);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.width = 1);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.height = 1);
  CHECK_STATUS(PH_OK, (a.width = a.y_stride = a.uv_stride = 16384));
  CHECK_STATUS(PH_ERR_ARGUMENT, (a.width = a.y_stride = a.uv_stride = 16385));
  CHECK_STATUS(PH_OK, (a.height = 16384));
  CHECK_STATUS(PH_ERR_ARGUMENT, (a.height = 16385));
  CHECK_STATUS(PH_ERR_ARGUMENT, a.has_y = 0);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.has_u = 0);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.has_v = 0);
  CHECK_STATUS(PH_OK, (a.has_u = a.has_v = 0, a.uv_stride = 0));
  CHECK_STATUS(PH_ERR_ARGUMENT, a.has_geometry = 0);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.has_from = 0);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.has_out = 0);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.y_stride = 39);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.uv_stride = 19);
  CHECK_STATUS(PH_OK, (a.width = a.y_stride = 39));
  CHECK_STATUS(PH_ERR_ARGUMENT, (a.width = a.y_stride = 39, a.uv_stride = 19));
  CHECK_STATUS(PH_ERR_ARGUMENT, a.shift_x = 0);
  CHECK_STATUS(PH_OK, (a.shift_x = 0, a.uv_stride = 40));
  CHECK_STATUS(PH_ERR_ARGUMENT, a.shift_x = 2);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.shift_y = 2);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.shift_y = -1);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.columns = 0);
  CHECK_STATUS(PH_ERR_ARGUMENT, a.rows = 0);
  CHECK_STATUS(PH_OK, a.columns = a.rows = 1);
  for (int i = 0; i < 4; i++) {
    CHECK_STATUS(PH_ERR_ARGUMENT, a.from[i] = NAN);
    CHECK_STATUS(PH_ERR_ARGUMENT, a.from[i] = 1.1e6f);
    CHECK_STATUS(PH_OK, a.from[i] = 0.9e6f);
    CHECK_STATUS(i < 2 ? PH_OK : PH_ERR_ARGUMENT, a.from[i] = -0.9e6f);
    CHECK_STATUS(PH_ERR_ARGUMENT, a.from[i] = -1.1e6f);
    CHECK_STATUS(i < 2 ? PH_OK : PH_ERR_ARGUMENT, a.from[i] = 0);
  }
}

void test_resampling(void) {
  test_values();
  test_clamping();
  test_arguments();
}

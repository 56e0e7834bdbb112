/* Region measurements with random images, shapes and rectangles. The planes have their exact size,
 * so that AddressSanitizer detects an access outside of them; the unit tests check the results. */
#include <math.h>
#include <stdlib.h>

#include "../regions.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

static int below(int limit) { return (int)(random_bits() % (uint32_t)limit); }

static float between(float low, float high) {
  return low + (high - low) * (float)(random_bits() % 100000) / 100000.0f;
}

struct planes_under_test {
  uint8_t *y, *u, *v;
  size_t y_bytes, uv_bytes;
  struct ph_geometry geometry;
  int grayscale;
};

static struct planes_under_test random_planes(void) {
  struct planes_under_test p = {.grayscale = below(5) == 0};
  int width = 2 + below(300), height = 2 + below(200), shift_x = below(2), shift_y = below(2);
  int columns = (width + shift_x) >> shift_x, rows = (height + shift_y) >> shift_y;
  p.geometry = (struct ph_geometry){width,   height,  width + below(5), columns + below(5),
                                    shift_x, shift_y, below(2),         below(2)};
  p.y_bytes = (size_t)(height - 1) * p.geometry.y_stride + width;
  p.uv_bytes = (size_t)(rows - 1) * p.geometry.uv_stride + columns;
  p.y = malloc(p.y_bytes);
  p.u = malloc(p.uv_bytes);
  p.v = malloc(p.uv_bytes);
  return p;
}

static void fill(struct planes_under_test *p) {
  for (size_t i = 0; i < p->y_bytes; i++) p->y[i] = (uint8_t)random_bits();
  for (size_t i = 0; i < p->uv_bytes; i++) {
    p->u[i] = (uint8_t)random_bits();
    p->v[i] = (uint8_t)random_bits();
  }
}

static struct ph_shape random_shape(void) {
  float angle = between(-3.2f, 3.2f), a = between(0.02f, 400), b = between(0.02f, 400);
  return (struct ph_shape){.region = below(PH_REGION_COUNT),
                           .kind = below(2),
                           .subtract = below(2),
                           .skin = below(2),
                           .skin_reference = below(2),
                           .follows_motion = below(2),
                           .cx = between(-100, 400),
                           .cy = between(-100, 400),
                           .ax = a * cosf(angle),
                           .ay = a * sinf(angle),
                           .bx = -b * sinf(angle),
                           .by = b * cosf(angle)};
}

static void use(struct ph_regions *regions, struct planes_under_test *p) {
  const uint8_t *u = p->grayscale ? NULL : p->u, *v = p->grayscale ? NULL : p->v;
  if (below(4) == 0) {
    struct ph_shape shapes[12];
    int count = below(12);
    for (int i = 0; i < count; i++) shapes[i] = random_shape();
    float face[4] = {between(-50, 300), between(-50, 300), between(0, 300), between(0, 300)};
    int status =
        ph_regions_layout(regions, p->y, u, v, &p->geometry, shapes, count, face, below(300));
    CHECK(status == PH_OK, "%s", ph_error_message());
  }
  if (below(4) == 0) {
    float rectangle[4] = {between(-100, 300), between(-100, 300), between(0, 300), between(0, 300)};
    CHECK(ph_regions_track(regions, below(PH_MOTION_COUNT), rectangle,
                           below(PH_REGION_COUNT + 1) - 1) == PH_OK,
          "%s", ph_error_message());
  }
  struct ph_frame_result result;
  int status = ph_regions_measure(regions, p->y, u, v, &p->geometry, &result);
  CHECK(status == PH_OK, "%s", ph_error_message());
  CHECK(isfinite(result.motions[0].dy) && isfinite(result.shift_x), "a motion is not finite");
  float *scaled = malloc(36 * 36 * 3 * sizeof(float));
  float from[4] = {between(-500, 500), between(-500, 500), between(0.01f, 900),
                   between(0.01f, 900)};
  status = ph_resample_rgb(p->y, u, v, &p->geometry, from, below(4), 1 + below(36), 1 + below(36),
                           1, 0, scaled);
  CHECK(status == PH_OK, "%s", ph_error_message());
  free(scaled);
}

void test_regions(void) {
  for (int round = 0; round < 60; round++) {
    struct ph_regions *regions = ph_regions_create();
    /* Alternating images of two sizes, so that the grid is allocated again. */
    struct planes_under_test images[2] = {random_planes(), random_planes()};
    for (int frame = 0; frame < 30; frame++) {
      struct planes_under_test *p = &images[frame / 12 % 2];
      fill(p);
      use(regions, p);
    }
    for (int i = 0; i < 2; i++) {
      free(images[i].y);
      free(images[i].u);
      free(images[i].v);
    }
    ph_regions_destroy(regions);
  }
}

/* The motion tracking: its parts against references that take the definitions literally, and the
 * tracker in scenes with a known motion. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../motion_internal.h"
#include "check.h"
#include "native_test.h"
#include "picture.h"

/* A continuous texture, so that it can be moved by fractions of a pixel: a sum of plane waves. */
enum { WAVES = 3 };
static const struct {
  double amplitude, x, y;
} waves[WAVES] = {{25, 0.21, 0.13}, {20, -0.05, 0.17}, {12, 0.31, 0.43}};

/* The sines and cosines of a coordinate in each wave, from which cloth() has the sine of the sum. */
struct phases {
  double sines[WAVES], cosines[WAVES];
};

static struct phases phases_of(double x, double y) {
  struct phases p;
  for (int k = 0; k < WAVES; k++) {
    p.sines[k] = sin(waves[k].x * x + waves[k].y * y);
    p.cosines[k] = cos(waves[k].x * x + waves[k].y * y);
  }
  return p;
}

static double cloth(const struct phases *x, const struct phases *y) {
  double value = 110;
  for (int k = 0; k < WAVES; k++)
    value += waves[k].amplitude * (x->sines[k] * y->cosines[k] + x->cosines[k] * y->sines[k]);
  return value;
}

/* What the camera sees in one frame. */
struct view {
  double dx, dy, brightness, contrast, noise;
  double hand_dy; /* motion of the right part of the image, if `has_hand` */
  int has_hand;
};

static void paint(struct picture *p, struct view view) {
  const struct ph_geometry *g = &p->geometry;
  struct phases *columns = malloc((size_t)g->width * sizeof *columns);
  for (int x = 0; x < g->width; x++) columns[x] = phases_of(x + 0.5 - view.dx, 0);
  for (int y = 0; y < g->height; y++) {
    struct phases row = phases_of(0, y + 0.5 - view.dy);
    struct phases hand_row = phases_of(0, y + 0.5 - view.hand_dy);
    for (int x = 0; x < g->width; x++) {
      const struct phases *moved = view.has_hand && x > 0.62 * g->width ? &hand_row : &row;
      double value = 110 + view.contrast * (cloth(&columns[x], moved) - 110);
      double noise = view.noise * ((double)(random_bits() % 2001) / 1000 - 1);
      value += view.brightness + noise;
      p->y[y * g->y_stride + x] = (uint8_t)lrint(value < 0 ? 0 : value > 255 ? 255 : value);
    }
  }
  free(columns);
}

static struct patch create_patch(int unit, int left, int top, int width, int height) {
  struct patch patch = {0};
  CHECK(patch_reserve(&patch, width, height) == PH_OK, "%s", ph_error_message());
  patch.unit = unit, patch.left = left, patch.top = top;
  patch.width = width, patch.height = height;
  return patch;
}

static int clamped(int value, int high) { return value < 0 ? 0 : value > high ? high : value; }

/* One sample, 1 pixel or the mean of 2 by 2; those outside of the image repeat its edge. */
static double sample_at(const struct picture *p, int unit, int x, int y) {
  const struct ph_geometry *g = &p->geometry;
  x = clamped(x, g->width / unit - 1) * unit, y = clamped(y, g->height / unit - 1) * unit;
  double sum = 0;
  for (int i = 0; i < unit * unit; i++) sum += p->y[(y + i / unit) * g->y_stride + x + i % unit];
  return sum / (unit * unit);
}

static double filtered_at(const struct picture *p, int unit, int x, int y) {
  static const int weights[3] = {1, 2, 1};
  double sum = 0;
  for (int i = 0; i < 9; i++)
    sum += weights[i % 3] * weights[i / 3] * sample_at(p, unit, x + i % 3 - 1, y + i / 3 - 1);
  return sum / 16;
}

static void check_patch(const struct picture *p, int unit, int left, int top, int width,
                        int height) {
  struct patch patch = create_patch(unit, left, top, width, height);
  patch_sample(&patch, p->y, &p->geometry);
  int stride = width + 2 * MARGIN;
  for (int i = 0; i < stride * (height + 2 * MARGIN); i++) {
    int x = left - MARGIN + i % stride, y = top - MARGIN + i / stride;
    double expected = filtered_at(p, unit, x, y);
    if (fabs(patch.current[i] - expected) < 1e-3) continue;
    CHECK(0, "unit %d, %d,%d: %f, not %f", unit, x, y, patch.current[i], expected);
    break;
  }
  patch_set_reference(&patch);
  for (int i = 0; i < width * height; i++) {
    int x = left + i % width, y = top + i / width;
    double gx = (filtered_at(p, unit, x + 1, y) - filtered_at(p, unit, x - 1, y)) / 2;
    double gy = (filtered_at(p, unit, x, y + 1) - filtered_at(p, unit, x, y - 1)) / 2;
    if (fabs(patch.reference[i] - filtered_at(p, unit, x, y)) < 1e-3 &&
        fabs(patch.gx[i] - gx) < 1e-3 && fabs(patch.gy[i] - gy) < 1e-3)
      continue;
    CHECK(0, "unit %d, %d,%d: gradient %f %f, not %f %f", unit, x, y, patch.gx[i], patch.gy[i], gx,
          gy);
    break;
  }
  free(patch.reference);
}

static void test_patches(void) {
  struct picture p = picture_create(61, 45, (struct picture_kind){0, 0, 0, 0, 1});
  check_patch(&p, 1, 20, 15, 17, 11);
  check_patch(&p, 1, 0, 0, 12, 9);
  check_patch(&p, 1, 49, 36, 12, 9);
  check_patch(&p, 1, 0, 0, 61, 45);
  check_patch(&p, 2, 9, 8, 10, 9);
  check_patch(&p, 2, 0, 0, 9, 8);
  check_patch(&p, 2, 21, 14, 9, 8);
  check_patch(&p, 2, 0, 0, 30, 22);
  picture_free(&p);
}

/* A smaller patch reuses the memory of a larger one. */
static void test_memory(void) {
  struct patch patch = create_patch(1, 0, 0, 40, 30);
  float *memory = patch.reference;
  size_t capacity = patch.capacity;
  CHECK(patch_reserve(&patch, 20, 10) == PH_OK && patch.reference == memory, "a smaller patch");
  CHECK(patch.capacity == capacity, "%zu, not %zu", patch.capacity, capacity);
  CHECK(patch.gx == memory + 200 && patch.gy == memory + 400 && patch.current == memory + 600 &&
            patch.unfiltered == patch.current + 32 * 22,
        "the arrays overlap");
  CHECK(patch.unfiltered + 34 * 24 <= memory + capacity, "the memory is too small");
  free(patch.reference);
}

static void test_partition(void) {
  static const int cases[][4] = {{8, 8, 1, 1},    {31, 23, 1, 1},   {32, 24, 2, 2},
                                 {47, 36, 2, 3},  {48, 59, 3, 4},   {127, 60, 7, 5},
                                 {128, 61, 8, 5}, {300, 200, 8, 5}, {67, 12, 4, 1}};
  struct picture p = picture_create(320, 220, (struct picture_kind){0, 0, 0, 0, 1});
  const struct coverage whole = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int width = cases[i][0], height = cases[i][1];
    struct patch patch = create_patch(1, 4, 5, width, height);
    patch_sample(&patch, p.y, &p.geometry);
    patch_set_reference(&patch);
    struct block blocks[MAX_BLOCKS];
    int count = blocks_init(blocks, &patch, &whole);
    CHECK(count == cases[i][2] * cases[i][3], "%dx%d: %d blocks", width, height, count);
    int area = 0, columns = cases[i][2];
    for (int k = 0; k < count; k++) {
      const struct block *b = &blocks[k];
      area += b->width * b->height;
      CHECK(b->left == (k % columns ? b[-1].left + b[-1].width : 0), "block %d begins at %d", k,
            b->left);
      CHECK(b->top == (k < columns ? 0 : b[-columns].top + b[-columns].height),
            "block %d begins at %d", k, b->top);
      CHECK(b->dx == 0 && b->dy == 0 && b->trust == 1, "block %d has moved", k);
    }
    CHECK(area == width * height, "%dx%d: an area of %d", width, height, area);
    free(patch.reference);
  }
  picture_free(&p);
}

/* The gradients of a block after their mean was removed, as a structure tensor. */
struct tensor {
  double xx, xy, yy;
};

static struct tensor tensor_of(const struct picture *p, const struct patch *patch,
                               const struct block *b) {
  struct tensor t = {0};
  double x_mean = 0, y_mean = 0;
  int count = b->width * b->height;
  for (int pass = 0; pass < 2; pass++)
    for (int i = 0; i < count; i++) {
      int x = patch->left + b->left + i % b->width, y = patch->top + b->top + i / b->width;
      double gx = (filtered_at(p, 1, x + 1, y) - filtered_at(p, 1, x - 1, y)) / 2;
      double gy = (filtered_at(p, 1, x, y + 1) - filtered_at(p, 1, x, y - 1)) / 2;
      if (pass == 0) {
        x_mean += gx / count, y_mean += gy / count;
      } else {
        t.xx += (gx - x_mean) * (gx - x_mean);
        t.xy += (gx - x_mean) * (gy - y_mean);
        t.yy += (gy - y_mean) * (gy - y_mean);
      }
    }
  return t;
}

static int near(double found, double expected, double relative) {
  return fabs(found - expected) <= relative * fabs(expected) + 1e-6;
}

/* The step of a block is the damped solution of the normal equations. Its weight is the inverse of
 * the variance of its vertical motion: noise of 1.5 levels, and 0.05 samples of its own. */
static void test_blocks(void) {
  struct picture p = picture_create(120, 90, (struct picture_kind){0, 0, 0, 0, 1});
  paint(&p, (struct view){.contrast = 0.3});
  struct patch patch = create_patch(1, 20, 15, 70, 50);
  patch_sample(&patch, p.y, &p.geometry);
  patch_set_reference(&patch);
  struct block blocks[MAX_BLOCKS];
  const struct coverage whole = {0};
  int count = blocks_init(blocks, &patch, &whole);
  for (int k = 0; k < count; k++) {
    const struct block *b = &blocks[k];
    struct tensor t = tensor_of(&p, &patch, b);
    double n = b->width * b->height, damping = 0.01 * (t.xx + t.yy) + 0.05 * n;
    double a = t.xx + damping, d = t.yy + damping;
    CHECK(near(b->hxx * a + b->hxy * t.xy, 1, 1e-3) && near(b->hxy * t.xy + b->hyy * d, 1, 1e-3) &&
              fabs(b->hxx * t.xy + b->hxy * d) < 1e-3,
          "block %d: %g %g %g is not the inverse", k, b->hxx, b->hxy, b->hyy);
    /* What remains of the vertical gradient after the horizontal motion is fitted. */
    double vertical = t.yy + 0.05 * n - t.xy * t.xy / (t.xx + 0.05 * n) - 0.35 * n;
    vertical = vertical > 0 ? vertical : 0;
    double precision = vertical / (2.25 + 0.0025 * vertical);
    CHECK(near(b->precision, precision, 2e-3), "block %d: precision %g, not %g", k, b->precision,
          precision);
    double mean_x = 0, mean_y = 0;
    for (int i = 0; i < b->width * b->height; i++) {
      int at = (b->top + i / b->width) * patch.width + b->left + i % b->width;
      mean_x += patch.gx[at] / n, mean_y += patch.gy[at] / n;
    }
    CHECK(fabs(mean_x) < 1e-4 && fabs(mean_y) < 1e-4, "block %d: mean gradient %g %g", k, mean_x,
          mean_y);
  }
  free(patch.reference);
  /* Without texture, the noise has no weight. */
  paint(&p, (struct view){.noise = 1});
  patch = create_patch(1, 20, 15, 70, 50);
  patch_sample(&patch, p.y, &p.geometry);
  patch_set_reference(&patch);
  count = blocks_init(blocks, &patch, &whole);
  for (int k = 0; k < count; k++)
    CHECK(blocks[k].precision == 0, "block %d: precision %g", k, blocks[k].precision);
  free(patch.reference);
  picture_free(&p);
}

/* A block counts by the mean weight of the cells under it. */
static void test_coverage(void) {
  enum { CELL_X = 4, CELL_Y = 3, COLUMNS = 60, ROWS = 60 };
  struct picture p = picture_create(240, 180, (struct picture_kind){0, 0, 0, 0, 1});
  paint(&p, (struct view){.contrast = 1});
  uint8_t *weights = malloc(COLUMNS * ROWS);
  for (int i = 0; i < COLUMNS * ROWS; i++) weights[i] = (uint8_t)random_bits();
  for (int unit = 1; unit <= 2; unit++) {
    struct patch patch = create_patch(unit, 9, 7, 80, 60);
    struct block full[MAX_BLOCKS], weighted[MAX_BLOCKS];
    const struct coverage whole = {0}, part = {weights, COLUMNS, ROWS, CELL_X, CELL_Y};
    patch_sample(&patch, p.y, &p.geometry);
    patch_set_reference(&patch);
    int count = blocks_init(full, &patch, &whole);
    patch_set_reference(&patch);
    blocks_init(weighted, &patch, &part);
    for (int k = 0; k < count; k++) {
      const struct block *b = &full[k];
      int left = unit * (9 + b->left), right = left + unit * b->width;
      int top = unit * (7 + b->top), bottom = top + unit * b->height, cells = 0;
      double sum = 0;
      for (int i = 0; i < COLUMNS * ROWS; i++) {
        int x = i % COLUMNS * CELL_X, y = i / COLUMNS * CELL_Y;
        if (x >= right || x + CELL_X <= left || y >= bottom || y + CELL_Y <= top) continue;
        sum += weights[i] / 255.0, cells++;
      }
      CHECK(near(weighted[k].precision, full[k].precision * sum / cells, 1e-3),
            "unit %d, block %d: %g, not %g", unit, k, weighted[k].precision,
            full[k].precision * sum / cells);
    }
    free(patch.reference);
  }
  /* Blocks beyond the last cell have no weight. */
  struct patch patch = create_patch(1, 100, 80, 80, 60);
  struct block blocks[MAX_BLOCKS];
  patch_sample(&patch, p.y, &p.geometry);
  patch_set_reference(&patch);
  int count = blocks_init(blocks, &patch, &(struct coverage){weights, 10, 10, CELL_X, CELL_Y});
  for (int k = 0; k < count; k++) CHECK(blocks[k].precision == 0, "%g", blocks[k].precision);
  free(patch.reference);
  free(weights);
  picture_free(&p);
}

/* Scenes with a known motion. */
struct scene {
  struct picture picture;
  struct tracker *tracker;
  struct ph_motion_result result;
};

static struct scene open_scene(int width, int height, const float *rectangle) {
  struct scene scene = {
      .picture = picture_create(width, height, (struct picture_kind){.grayscale = 1}),
      .tracker = tracker_create()};
  tracker_set_rectangle(scene.tracker, rectangle);
  return scene;
}

static void show(struct scene *scene, struct view view) {
  static const struct coverage whole = {0};
  if (view.contrast == 0) view.contrast = 1;
  paint(&scene->picture, view);
  int status = tracker_measure(scene->tracker, scene->picture.y, &scene->picture.geometry, &whole,
                               &scene->result);
  CHECK(status == PH_OK, "%s", ph_error_message());
}

static void close_scene(struct scene *scene) {
  tracker_destroy(scene->tracker);
  picture_free(&scene->picture);
}

static void check_result(const struct scene *scene, double dx, double dy, double tolerance,
                         const char *what) {
  const struct ph_motion_result *r = &scene->result;
  CHECK(fabs(r->dx - dx) < tolerance && fabs(r->dy - dy) < tolerance,
        "%s: %.4f %.4f, not %.4f %.4f", what, r->dx, r->dy, dx, dy);
}

static const float chest[4] = {30, 40, 100, 60};

static void test_displacement(void) {
  struct scene scene = open_scene(160, 120, chest);
  for (int i = 0; i < 40; i++) {
    double dx = 0.8 * sin(0.21 * i), dy = 0.6 * sin(0.17 * i);
    show(&scene, (struct view){.dx = dx, .dy = dy, .brightness = 8 * sin(0.3 * i), .noise = 2});
    check_result(&scene, dx, dy, 0.05, "a small motion");
    CHECK(scene.result.confidence > (i ? 0.7 : -1), "frame %d: %g", i, scene.result.confidence);
  }
  close_scene(&scene);
}

/* The displacement goes on when the reference is renewed: far away, or at another size or place. */
static void test_renewal(void) {
  struct scene scene = open_scene(160, 120, chest);
  for (int i = 0; i <= 60; i++) show(&scene, (struct view){.dx = -0.2 * i, .dy = 0.25 * i});
  check_result(&scene, -12, 15, 0.4, "a long way");
  struct ph_motion_result before = scene.result;
  tracker_set_rectangle(scene.tracker, (const float[]){20, 20, 90, 70});
  show(&scene, (struct view){.dx = -12, .dy = 15.3});
  check_result(&scene, before.dx, before.dy + 0.3, 0.1, "a motion during a new rectangle");
  show(&scene, (struct view){.dx = -11.5, .dy = 15.3});
  check_result(&scene, before.dx + 0.5, before.dy + 0.3, 0.1, "a motion after a new rectangle");
  before = scene.result;
  picture_free(&scene.picture);
  scene.picture = picture_create(200, 140, (struct picture_kind){.grayscale = 1});
  show(&scene, (struct view){0});
  check_result(&scene, before.dx, before.dy, 1e-9, "another size");
  CHECK(scene.result.confidence == 0, "confidence %g at another size", scene.result.confidence);
  show(&scene, (struct view){.dy = -0.4});
  check_result(&scene, before.dx, before.dy - 0.4, 0.05, "a motion at another size");
  CHECK(scene.result.confidence > 0.7, "confidence %g", scene.result.confidence);
  close_scene(&scene);
}

/* The rectangle moves with its content, so that a new reference has the same content. */
static void test_following(void) {
  struct scene scene = open_scene(160, 160, (const float[]){60, 10, 40, 30});
  /* Below a sharp line the image does not move: a patch that stays behind would see it. */
  for (int i = 0; i <= 80; i++) show(&scene, (struct view){.dy = i});
  for (int i = 0; i <= 10; i++) show(&scene, (struct view){.dy = 80 + 0.5 * i});
  CHECK(scene.result.confidence > 0.7, "confidence %g", scene.result.confidence);
  close_scene(&scene);
}

static void test_limits(void) {
  static const struct {
    float rectangle[4];
    int tracked;
  } cases[] = {{{10, 10, 8, 8}, 1},     {{10, 10, 7, 30}, 0},    {{10, 10, 30, 7}, 0},
               {{-20, -20, 28, 28}, 1}, {{-20, -20, 27, 40}, 0}, {{-20, -20, 40, 27}, 0},
               {{152, 112, 50, 50}, 1}, {{153, 100, 50, 50}, 0}, {{100, 113, 50, 50}, 0},
               {{0, 0, 1000, 1000}, 1}, {{10, 10, 0, 30}, 0},    {{10, 10, 30, 0}, 0},
               {{10, 10, -30, 30}, 0},  {{500, 10, 30, 30}, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct scene scene = open_scene(160, 120, cases[i].rectangle);
    for (int k = 0; k < 3; k++) show(&scene, (struct view){.dy = 0.1 * k});
    CHECK((scene.result.confidence > 0) == cases[i].tracked, "rectangle %zu: confidence %g", i,
          scene.result.confidence);
    close_scene(&scene);
  }
  tracker_destroy(NULL);
  /* A patch of more than 2^18 samples is not tracked. */
  for (int more = 0; more < 2; more++) {
    float large[4] = {0, 0, 470, more ? 558 : 557};
    struct scene scene = open_scene(470, 560, large);
    for (int k = 0; k < 2; k++) show(&scene, (struct view){.dy = 0.1 * k});
    CHECK((scene.result.confidence > 0) == !more, "%g rows: confidence %g", large[3],
          scene.result.confidence);
    close_scene(&scene);
  }
}

/* Images from 480 pixels on are sampled by 2 by 2 pixels; the displacement is in pixels. */
static void test_units(void) {
  for (int width = 479; width <= 480; width++) {
    struct scene scene = open_scene(width, 100, (const float[]){100, 20, 14, 60});
    for (int k = 0; k <= 4; k++) show(&scene, (struct view){.dx = 0.3 * k, .dy = -0.4 * k});
    int tracked = width < 480; /* 14 pixels are 14 or 7 samples */
    CHECK((scene.result.confidence > 0) == tracked, "%d: %g", width, scene.result.confidence);
    close_scene(&scene);
    scene = open_scene(width, 100, (const float[]){100, 20, 200, 60});
    for (int k = 0; k <= 4; k++) show(&scene, (struct view){.dx = 0.3 * k, .dy = -0.4 * k});
    check_result(&scene, 1.2, -1.6, 0.05, "in pixels");
    close_scene(&scene);
  }
}

/* A jump is not followed; the next frame is compared with a new reference. */
static void test_jump(void) {
  for (int far = 0; far < 2; far++) {
    struct scene scene = open_scene(160, 120, chest);
    double jump = far ? 3.2 : 2.2;
    for (int i = 0; i < 3; i++) show(&scene, (struct view){0});
    show(&scene, (struct view){.dy = jump});
    check_result(&scene, 0, far ? 0 : jump, 0.3, far ? "a far jump" : "a near jump");
    CHECK((scene.result.confidence == 0) == far, "confidence %g", scene.result.confidence);
    double before = scene.result.dy;
    show(&scene, (struct view){.dy = jump + 0.3});
    check_result(&scene, 0, before + 0.3, 0.1, "after a jump");
    close_scene(&scene);
  }
}

/* After another content, the reference is renewed at the fifth poor frame. */
static void test_misfit(void) {
  struct scene scene = open_scene(160, 120, chest);
  for (int i = 0; i < 4; i++) show(&scene, (struct view){.noise = 1});
  double confidences[8];
  for (int i = 0; i < 8; i++) {
    show(&scene, (struct view){.contrast = 2, .noise = 1});
    confidences[i] = scene.result.confidence;
  }
  for (int i = 0; i < 5; i++) CHECK(confidences[i] < 0.1, "frame %d: %g", i, confidences[i]);
  CHECK(confidences[5] > 0.9, "after the renewal: %g", confidences[5]);
  /* A good frame in between begins the count anew. */
  close_scene(&scene);
  scene = open_scene(160, 120, chest);
  for (int i = 0; i < 4; i++) show(&scene, (struct view){.noise = 1});
  for (int i = 0; i < 4; i++) show(&scene, (struct view){.contrast = 2, .noise = 1});
  show(&scene, (struct view){.noise = 1});
  for (int i = 0; i < 4; i++) {
    show(&scene, (struct view){.contrast = 2, .noise = 1});
    CHECK(scene.result.confidence < 0.1, "frame %d: %g", i, scene.result.confidence);
  }
  close_scene(&scene);
}

static void test_hand(void) {
  struct scene scene = open_scene(160, 120, chest);
  double worst = 0;
  for (int i = 0; i < 90; i++) {
    double dy = 0.4 * sin(0.07 * i);
    show(&scene, (struct view){.dy = dy, .has_hand = 1, .hand_dy = 0.15 * i});
    worst = fmax(worst, fabs(scene.result.dy - dy));
  }
  CHECK(worst < 0.7, "off by %g", worst);
  close_scene(&scene);
}

static void test_flat(void) {
  struct scene scene = open_scene(160, 120, chest);
  for (int i = 0; i < 10; i++) {
    show(&scene, (struct view){.contrast = 1e-9, .noise = 3});
    CHECK(scene.result.confidence < 0.3, "frame %d: %g", i, scene.result.confidence);
  }
  close_scene(&scene);
}

void test_motion(void) {
  test_patches();
  test_memory();
  test_partition();
  test_blocks();
  test_coverage();
  test_displacement();
  test_renewal();
  test_following();
  test_limits();
  test_units();
  test_jump();
  test_misfit();
  test_hand();
  test_flat();
}

#include "picture.h"

#include <stdlib.h>
#include <string.h>

static uint32_t state = 1;

uint32_t random_bits(void) {
  state = state * 1664525u + 1013904223u;
  return state >> 8;
}

static uint8_t *random_plane(int width, int height, int stride) {
  size_t bytes = (size_t)(height - 1) * stride + width;
  uint8_t *plane = malloc(bytes);
  for (size_t i = 0; i < bytes; i++) plane[i] = (uint8_t)random_bits();
  return plane;
}

struct picture picture_create(int width, int height, struct picture_kind kind) {
  struct picture p = {0};
  int columns = (width + kind.shift_x) >> kind.shift_x;
  int rows = (height + kind.shift_y) >> kind.shift_y;
  p.geometry = (struct ph_geometry){.width = width,
                                    .height = height,
                                    .y_stride = width + PICTURE_PADDING_Y,
                                    .uv_stride = columns + PICTURE_PADDING_UV,
                                    .shift_x = kind.shift_x,
                                    .shift_y = kind.shift_y,
                                    .limited = kind.limited,
                                    .bt709 = kind.bt709};
  p.y = random_plane(width, height, p.geometry.y_stride);
  if (kind.grayscale) return p;
  p.u = random_plane(columns, rows, p.geometry.uv_stride);
  p.v = random_plane(columns, rows, p.geometry.uv_stride);
  return p;
}

void picture_free(struct picture *picture) {
  free(picture->y);
  free(picture->u);
  free(picture->v);
}

static void fill_plane(uint8_t *plane, int stride, int left, int top, int right, int bottom,
                       int value) {
  for (int y = top; y < bottom; y++)
    memset(plane + (size_t)y * stride + left, value, (size_t)(right - left));
}

void picture_fill(struct picture *picture, int left, int top, int right, int bottom, int y, int u,
                  int v) {
  const struct ph_geometry *g = &picture->geometry;
  fill_plane(picture->y, g->y_stride, left, top, right, bottom, y);
  if (!picture->u) return;
  int sx = g->shift_x, sy = g->shift_y;
  fill_plane(picture->u, g->uv_stride, left >> sx, top >> sy, (right + sx) >> sx,
             (bottom + sy) >> sy, u);
  fill_plane(picture->v, g->uv_stride, left >> sx, top >> sy, (right + sx) >> sx,
             (bottom + sy) >> sy, v);
}

void picture_fill_all(struct picture *picture, int y, int u, int v) {
  picture_fill(picture, 0, 0, picture->geometry.width, picture->geometry.height, y, u, v);
}

int picture_chroma(const struct picture *picture, int x, int y, int channel) {
  const uint8_t *plane = channel == 1 ? picture->u : picture->v;
  const struct ph_geometry *g = &picture->geometry;
  return plane ? plane[(size_t)(y >> g->shift_y) * g->uv_stride + (x >> g->shift_x)] : 128;
}

void picture_rgb(const struct ph_geometry *geometry, double y, double u, double v, double rgb[3]) {
  double red = geometry->bt709 ? 0.2126 : 0.299, blue = geometry->bt709 ? 0.0722 : 0.114;
  double luma = geometry->limited ? (y - 16) * 255 / 219 : y;
  double range = geometry->limited ? 255.0 / 224 : 1;
  double cb = (u - 128) * range, cr = (v - 128) * range;
  rgb[0] = luma + 2 * (1 - red) * cr;
  rgb[2] = luma + 2 * (1 - blue) * cb;
  rgb[1] = (luma - red * rgb[0] - blue * rgb[2]) / (1 - red - blue);
}

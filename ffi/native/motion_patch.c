#include <stdlib.h>

#include "motion_internal.h"

int patch_reserve(struct patch *t, int width, int height) {
  size_t inner = (size_t)width * height;
  size_t outer = (size_t)(width + 2 * MARGIN) * (height + 2 * MARGIN);
  size_t unfiltered = (size_t)(width + 2 * MARGIN + 2) * (height + 2 * MARGIN + 2);
  size_t needed = 3 * inner + outer + unfiltered;
  if (needed > t->capacity) {
    float *memory = realloc(t->reference, needed * sizeof(float));
    if (!memory) return ph_fail(PH_ERR_MEMORY, "Cannot track the motion: out of memory");
    t->reference = memory;
    t->capacity = needed;
  }
  t->gx = t->reference + inner;
  t->gy = t->gx + inner;
  t->current = t->gy + inner;
  t->unfiltered = t->current + outer;
  return PH_OK;
}

static int clamp(int value, int low, int high) {
  return value < low ? low : value > high ? high : value;
}

void patch_sample(struct patch *t, const uint8_t *y, const struct ph_geometry *g) {
  int stride = t->width + 2 * MARGIN + 2, high = t->height + 2 * MARGIN + 2;
  int left = t->left - MARGIN - 1, top = t->top - MARGIN - 1;
  int columns = g->width / t->unit, rows = g->height / t->unit;
  for (int row = 0; row < high; row++) {
    const uint8_t *line = y + (size_t)clamp(top + row, 0, rows - 1) * t->unit * g->y_stride;
    float *out = t->unfiltered + (size_t)row * stride;
    int from = clamp(-left, 0, stride), to = clamp(columns - left, from, stride);
    if (t->unit == 1) {
      for (int x = from; x < to; x++) out[x] = line[left + x];
    } else {
      const uint8_t *second = line + g->y_stride;
      for (int x = from; x < to; x++) {
        int at = 2 * (left + x);
        out[x] = 0.25f * (float)(line[at] + line[at + 1] + second[at] + second[at + 1]);
      }
    }
    for (int x = 0; x < from; x++) out[x] = from < to ? out[from] : 0;
    for (int x = to; x < stride; x++) out[x] = from < to ? out[to - 1] : 0;
  }
  int width = stride - 2, height = high - 2;
  for (int row = 0; row < height; row++) {
    const float *restrict a = t->unfiltered + (size_t)row * stride, *restrict b = a + stride;
    const float *restrict c = b + stride;
    float *restrict out = t->current + (size_t)row * width;
    for (int x = 0; x < width; x++)
      out[x] = (a[x] + 2 * a[x + 1] + a[x + 2] + 2 * (b[x] + 2 * b[x + 1] + b[x + 2]) + c[x] +
                2 * c[x + 1] + c[x + 2]) *
               (1.0f / 16);
  }
}

void patch_set_reference(struct patch *t) {
  int stride = t->width + 2 * MARGIN;
  for (int row = 0; row < t->height; row++) {
    const float *from = t->current + (size_t)(row + MARGIN) * stride + MARGIN;
    size_t at = (size_t)row * t->width;
    for (int x = 0; x < t->width; x++) {
      t->reference[at + x] = from[x];
      t->gx[at + x] = 0.5f * (from[x + 1] - from[x - 1]);
      t->gy[at + x] = 0.5f * (from[x + stride] - from[x - stride]);
    }
  }
}

#include "../scene.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "native_test.h"
#include "picture.h"

enum { WIDTH = 23, HEIGHT = 5, SHIFT = 8, SEGMENTS = 200 };

/* All memory has its exact size, so that AddressSanitizer detects an access outside of it. */
static void test_draw(void) {
  static const int32_t weights[][4] = {{256, 0, 0, 0}, {100, 0, 156, 0}, {90, 60, 80, 26}};
  int16_t *pixels = malloc(WIDTH * HEIGHT * sizeof *pixels);
  int32_t *noise = malloc(WIDTH * sizeof *noise);
  uint8_t *out = malloc(WIDTH);
  for (int i = 0; i < WIDTH * HEIGHT; i++) pixels[i] = (int16_t)(random_bits() % 400) - 50;
  for (int i = 0; i < WIDTH; i++) noise[i] = (int32_t)(random_bits() % 2000) - 1000;
  for (int round = 0; round < SEGMENTS; round++) {
    const int32_t *w = weights[round % 3];
    int32_t first = (int32_t)(random_bits() % (WIDTH - 1));
    int32_t length = 1 + (int32_t)(random_bits() % (uint32_t)(WIDTH - 1 - first));
    int32_t source = (HEIGHT - 2) * WIDTH + first;
    struct ph_scene_segment segment = {first, length, source, first, w[0], w[1], w[2], w[3]};
    memset(out, 7, WIDTH);
    ph_scene_draw(pixels, noise, &segment, 1, WIDTH, 128, SHIFT, out);
    for (int32_t i = 0; i < WIDTH; i++) {
      int32_t at = (HEIGHT - 2) * WIDTH + i, level = 7;
      if (i >= first && i < first + length) {
        level = pixels[at] * w[0] + noise[i] + 128;
        if (w[1]) level += pixels[at + 1] * w[1] + pixels[at + WIDTH + 1] * w[3];
        if (w[2]) level += pixels[at + WIDTH] * w[2];
        level >>= SHIFT;
        level = level < 0 ? 0 : level > 255 ? 255 : level;
      }
      CHECK(out[i] == level, "segment %d at %d: %d, not %d", round, i, out[i], level);
    }
  }
  free(pixels);
  free(noise);
  free(out);
}

static void test_pulse(void) {
  const int16_t base[6] = {10, 20, 30, 40, 50, 60}, skin[6] = {64, 64, -64, 64, 128, 64};
  int16_t pixels[6] = {1, 1, 1, 1, 1, 1};
  const int32_t ranges[4] = {1, 3, 4, 5};
  ph_scene_pulse(base, skin, ranges, 2, -2, 6, pixels);
  const int16_t expected[6] = {1, 18, 32, 1, 46, 1};
  CHECK(memcmp(pixels, expected, sizeof pixels) == 0, "%d %d %d", pixels[1], pixels[2], pixels[4]);
}

void test_scenes(void) {
  test_draw();
  test_pulse();
}

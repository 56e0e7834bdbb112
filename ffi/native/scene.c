#include "scene.h"

static inline uint8_t sample(int32_t value, int32_t shift) {
  int32_t level = value >> shift;
  return (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
}

static void draw(const int16_t *restrict pixels, const int32_t *restrict noise,
                 const struct ph_scene_segment *segment, int32_t width, int32_t offset,
                 int32_t shift, uint8_t *restrict out) {
  const int16_t *restrict below = pixels + width;
  const int32_t here_weight = segment->here, next_weight = segment->next;
  const int32_t below_weight = segment->below, below_next_weight = segment->below_next;
  const int32_t length = segment->length;
  if (next_weight == 0 && below_weight == 0 && below_next_weight == 0) {
#pragma omp simd
    for (int32_t i = 0; i < length; i++) {
      out[i] = sample(pixels[i] * here_weight + noise[i] + offset, shift);
    }
  } else if (next_weight == 0 && below_next_weight == 0) {
#pragma omp simd
    for (int32_t i = 0; i < length; i++) {
      int32_t sum = pixels[i] * here_weight + below[i] * below_weight;
      out[i] = sample(sum + noise[i] + offset, shift);
    }
  } else {
#pragma omp simd
    for (int32_t i = 0; i < length; i++) {
      int32_t sum = pixels[i] * here_weight + pixels[i + 1] * next_weight +
                    below[i] * below_weight + below[i + 1] * below_next_weight;
      out[i] = sample(sum + noise[i] + offset, shift);
    }
  }
}

void ph_scene_draw(const int16_t *pixels, const int32_t *noise,
                   const struct ph_scene_segment *segments, int32_t count, int32_t width,
                   int32_t offset, int32_t shift, uint8_t *out) {
  for (int32_t i = 0; i < count; i++) {
    const struct ph_scene_segment *segment = &segments[i];
    draw(pixels + segment->source, noise + segment->noise, segment, width, offset, shift,
         out + segment->out);
  }
}

void ph_scene_pulse(const int16_t *restrict base, const int16_t *restrict skin,
                    const int32_t *ranges, int32_t count, int32_t pulse, int32_t shift,
                    int16_t *restrict pixels) {
  for (int32_t range = 0; range < count; range++) {
    const int32_t end = ranges[2 * range + 1];
#pragma omp simd
    for (int32_t i = ranges[2 * range]; i < end; i++) {
      pixels[i] = (int16_t)(base[i] + ((skin[i] * pulse) >> shift));
    }
  }
}

/* Draws the planes of the simulated camera, in fixed point. */
#ifndef PH_SCENE_H
#define PH_SCENE_H

#include <stdint.h>

#include "status.h"

/* Part of a row. Each sample is the sum of the pixel at the source, the next one and the two below
 * them, each with its weight. */
struct ph_scene_segment {
  int32_t out;                           /* index of the first sample */
  int32_t length;                        /* in samples */
  int32_t source;                        /* index of the first pixel */
  int32_t noise;                         /* index of the noise of the first sample */
  int32_t here, next, below, below_next; /* weights */
};

/* Draws `count` segments of a plane that is `width` wide. A sample is the weighted sum plus the
 * noise and `offset`, divided by 2^`shift` and limited to 0..255. */
PH_API void ph_scene_draw(const int16_t *pixels, const int32_t *noise,
                          const struct ph_scene_segment *segments, int32_t count, int32_t width,
                          int32_t offset, int32_t shift, uint8_t *out);

/* Sets `pixels` to `base` + `skin` * `pulse` / 2^`shift` within `count` ranges, each the index of
 * its first pixel and that after its last. */
PH_API void ph_scene_pulse(const int16_t *base, const int16_t *skin, const int32_t *ranges,
                           int32_t count, int32_t pulse, int32_t shift, int16_t *pixels);

#endif

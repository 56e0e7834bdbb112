/* Turns and mirrors pictures. */
#ifndef PH_TURN_H
#define PH_TURN_H

#include <stdint.h>

#include "picture.h"

/* In the order of INPUT_TRANSFORMS in src/capture/transform.ts. */
enum ph_turn {
  PH_TURN_NONE = 0,
  PH_TURN_CLOCKWISE_90,
  PH_TURN_COUNTERCLOCKWISE_90,
  PH_TURN_180,
  PH_TURN_MIRROR_HORIZONTAL,
  PH_TURN_MIRROR_VERTICAL,
  PH_TURN_COUNT
};

/* What `picture` will be once turned; its `bytes` is the room that ph_turn needs. */
struct ph_picture ph_turned(const struct ph_picture *picture, enum ph_turn turn);

/* Copies `pixels`, laid out as `picture`, to `out`, laid out as ph_turned says. */
void ph_turn(const struct ph_picture *picture, const uint8_t *pixels, enum ph_turn turn,
             uint8_t *out);

#endif

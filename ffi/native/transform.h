/* Rotates and mirrors images. */
#ifndef PH_TRANSFORM_H
#define PH_TRANSFORM_H

#include <stdint.h>

#include "image.h"

/* In the order of TRANSFORMS in ffi/camera_values.ts. */
enum ph_transform {
  PH_TRANSFORM_NONE = 0,
  PH_TRANSFORM_CLOCKWISE_90,
  PH_TRANSFORM_COUNTERCLOCKWISE_90,
  PH_TRANSFORM_CLOCKWISE_180,
  PH_TRANSFORM_MIRROR_HORIZONTAL,
  PH_TRANSFORM_MIRROR_VERTICAL,
  PH_TRANSFORM_COUNT
};

/* Returns the layout of the transformed `image`; its `bytes` is the capacity that ph_transform
 * needs. */
struct ph_image ph_transformed_layout(const struct ph_image *image, enum ph_transform transform);

/* Transforms `pixels`, in the layout of `image`, into `out`, in the layout of
 * ph_transformed_layout. */
void ph_transform(const struct ph_image *image, const uint8_t *pixels, enum ph_transform transform,
                  uint8_t *out);

#endif

/* Converts the contents of a camera's buffer to a frame: an analysis image and a JPEG. */
#ifndef PH_FRAME_CONVERTER_H
#define PH_FRAME_CONVERTER_H

#include "bytes.h"
#include "device.h"
#include "image.h"
#include "jpeg.h"
#include "jpeg_encode.h"
#include "transform.h"

struct ph_frame_settings {
  int32_t min_width; /* of the analysis image; 0: unscaled */
  enum ph_transform transform;
  int32_t jpeg_quality; /* for JPEGs that the camera does not make itself; 0: no JPEG */
};

struct ph_converted_frame {
  struct ph_image image;
  struct ph_bytes pixels, jpeg; /* jpeg.size is 0 if there is no JPEG */
};

/* Keeps its buffers from frame to frame. Initialize with zeros, then set `format` and
 * `settings`. */
struct ph_frame_converter {
  struct ph_device_format format;
  struct ph_frame_settings settings;
  struct ph_bytes captured, full, untransformed;
  struct ph_jpeg_result result; /* its message has the reason of a failure */
};

/* Copies a driver's buffer, so that it can be queued again before the conversion starts. */
int ph_frame_copy(struct ph_frame_converter *converter, const uint8_t *data, size_t size,
                  struct ph_converted_frame *frame);

/* Converts what ph_frame_copy copied. Returns PH_ERR_FORMAT if the data is damaged. */
int ph_frame_convert(struct ph_frame_converter *converter, struct ph_converted_frame *frame);

void ph_frame_converter_free(struct ph_frame_converter *converter);
void ph_converted_frame_free(struct ph_converted_frame *frame);

int ph_is_jpeg(uint32_t fourcc);

#endif

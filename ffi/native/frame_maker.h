/* Makes a frame, an analysis picture and a JPEG, from what a camera's buffer held. */
#ifndef PH_FRAME_MAKER_H
#define PH_FRAME_MAKER_H

#include "bytes.h"
#include "device.h"
#include "jpeg.h"
#include "jpeg_encode.h"
#include "picture.h"
#include "turn.h"

struct ph_frame_settings {
  int32_t least_width; /* of the picture; 0: not scaled */
  enum ph_turn turn;
  int32_t jpeg_quality; /* for JPEGs that the camera does not make itself; 0: none */
};

struct ph_made_frame {
  struct ph_picture picture;
  struct ph_bytes pixels, jpeg; /* jpeg.size is 0 where there is none */
};

/* Keeps memory from frame to frame. Begins as all zero but for `format` and `settings`. */
struct ph_frame_maker {
  struct ph_device_format format;
  struct ph_frame_settings settings;
  struct ph_bytes captured, full, turned;
  struct ph_jpeg_result result; /* its message says why a frame could not be made */
};

/* Copies a driver's buffer, so that the driver can have it back before the work begins. */
int ph_frame_copy(struct ph_frame_maker *maker, const uint8_t *data, size_t size,
                  struct ph_made_frame *frame);

/* Makes the frame from what ph_frame_copy copied for it. PH_ERR_FORMAT where it came broken. */
int ph_frame_make(struct ph_frame_maker *maker, struct ph_made_frame *frame);

void ph_frame_maker_free(struct ph_frame_maker *maker);
void ph_made_frame_free(struct ph_made_frame *frame);

int ph_is_jpeg(uint32_t fourcc);

#endif

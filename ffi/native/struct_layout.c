#include "struct_layout.h"

#include <stddef.h>

#include "camera.h"
#include "gstreamer.h"
#include "jpeg.h"
#include "jpeg_rgb.h"
#include "jpeg_shrink.h"
#include "regions.h"

/* Sizes and offsets in bytes, the same as in ffi/struct_layout.ts. */
#define LAYOUT(SIZE, FIELD)                  \
  SIZE(ph_image, 56)                         \
  FIELD(ph_image, width, 0)                  \
  FIELD(ph_image, height, 4)                 \
  FIELD(ph_image, full_width, 8)             \
  FIELD(ph_image, full_height, 12)           \
  FIELD(ph_image, y_offset, 16)              \
  FIELD(ph_image, u_offset, 20)              \
  FIELD(ph_image, v_offset, 24)              \
  FIELD(ph_image, y_stride, 28)              \
  FIELD(ph_image, uv_stride, 32)             \
  FIELD(ph_image, chroma_shift_x, 36)        \
  FIELD(ph_image, chroma_shift_y, 40)        \
  FIELD(ph_image, full_range, 44)            \
  FIELD(ph_image, bt709, 48)                 \
  FIELD(ph_image, bytes, 52)                 \
  SIZE(ph_camera_request, 32)                \
  FIELD(ph_camera_request, width, 0)         \
  FIELD(ph_camera_request, height, 4)        \
  FIELD(ph_camera_request, fps_milli, 8)     \
  FIELD(ph_camera_request, fourcc, 12)       \
  FIELD(ph_camera_request, power_line, 16)   \
  FIELD(ph_camera_request, min_width, 20)    \
  FIELD(ph_camera_request, transform, 24)    \
  FIELD(ph_camera_request, jpeg_quality, 28) \
  SIZE(ph_camera_granted, 352)               \
  FIELD(ph_camera_granted, width, 0)         \
  FIELD(ph_camera_granted, height, 4)        \
  FIELD(ph_camera_granted, fps_milli, 8)     \
  FIELD(ph_camera_granted, fourcc, 12)       \
  FIELD(ph_camera_granted, name, 16)         \
  FIELD(ph_camera_granted, bus, 48)          \
  FIELD(ph_camera_granted, driver, 80)       \
  FIELD(ph_camera_granted, message, 96)      \
  SIZE(ph_camera_frame, 360)                 \
  FIELD(ph_camera_frame, image, 0)           \
  FIELD(ph_camera_frame, jpeg_bytes, 56)     \
  FIELD(ph_camera_frame, time_us, 64)        \
  FIELD(ph_camera_frame, sequence, 72)       \
  FIELD(ph_camera_frame, lost, 80)           \
  FIELD(ph_camera_frame, damaged, 88)        \
  FIELD(ph_camera_frame, overrun, 96)        \
  FIELD(ph_camera_frame, message, 104)       \
  SIZE(ph_gst_frame, 336)                    \
  FIELD(ph_gst_frame, image, 0)              \
  FIELD(ph_gst_frame, is_jpeg, 56)           \
  FIELD(ph_gst_frame, fps_milli, 60)         \
  FIELD(ph_gst_frame, is_timed, 64)          \
  FIELD(ph_gst_frame, time_us, 72)           \
  FIELD(ph_gst_frame, message, 80)           \
  SIZE(ph_jpeg_result, 312)                  \
  FIELD(ph_jpeg_result, image, 0)            \
  FIELD(ph_jpeg_result, message, 56)         \
  SIZE(ph_jpeg_rgb, 264)                     \
  FIELD(ph_jpeg_rgb, width, 0)               \
  FIELD(ph_jpeg_rgb, height, 4)              \
  FIELD(ph_jpeg_rgb, message, 8)             \
  SIZE(ph_jpeg_shrunk, 272)                  \
  FIELD(ph_jpeg_shrunk, width, 0)            \
  FIELD(ph_jpeg_shrunk, height, 4)           \
  FIELD(ph_jpeg_shrunk, quality, 8)          \
  FIELD(ph_jpeg_shrunk, bytes, 12)           \
  FIELD(ph_jpeg_shrunk, message, 16)         \
  SIZE(ph_geometry, 32)                      \
  FIELD(ph_geometry, width, 0)               \
  FIELD(ph_geometry, height, 4)              \
  FIELD(ph_geometry, y_stride, 8)            \
  FIELD(ph_geometry, uv_stride, 12)          \
  FIELD(ph_geometry, shift_x, 16)            \
  FIELD(ph_geometry, shift_y, 20)            \
  FIELD(ph_geometry, limited, 24)            \
  FIELD(ph_geometry, bt709, 28)              \
  SIZE(ph_shape, 48)                         \
  FIELD(ph_shape, region, 0)                 \
  FIELD(ph_shape, kind, 4)                   \
  FIELD(ph_shape, subtract, 8)               \
  FIELD(ph_shape, skin, 12)                  \
  FIELD(ph_shape, skin_reference, 16)        \
  FIELD(ph_shape, follows_motion, 20)        \
  FIELD(ph_shape, cx, 24)                    \
  FIELD(ph_shape, cy, 28)                    \
  FIELD(ph_shape, ax, 32)                    \
  FIELD(ph_shape, ay, 36)                    \
  FIELD(ph_shape, bx, 40)                    \
  FIELD(ph_shape, by, 44)                    \
  SIZE(ph_region_result, 48)                 \
  FIELD(ph_region_result, weight, 0)         \
  FIELD(ph_region_result, sum_y, 8)          \
  FIELD(ph_region_result, sum_u, 16)         \
  FIELD(ph_region_result, sum_v, 24)         \
  FIELD(ph_region_result, pixels, 32)        \
  FIELD(ph_region_result, clipped, 40)       \
  SIZE(ph_motion_result, 24)                 \
  FIELD(ph_motion_result, dx, 0)             \
  FIELD(ph_motion_result, dy, 8)             \
  FIELD(ph_motion_result, confidence, 16)    \
  SIZE(ph_frame_result, 424)                 \
  FIELD(ph_frame_result, regions, 0)         \
  FIELD(ph_frame_result, motions, 336)       \
  FIELD(ph_frame_result, brightness, 384)    \
  FIELD(ph_frame_result, clipped, 392)       \
  FIELD(ph_frame_result, motion, 400)        \
  FIELD(ph_frame_result, shift_x, 408)       \
  FIELD(ph_frame_result, shift_y, 416)

#define CHECK_SIZE(tag, bytes) \
  _Static_assert(sizeof(struct tag) == (bytes), "size of struct " #tag);
#define CHECK_FIELD(tag, field, offset) \
  _Static_assert(offsetof(struct tag, field) == (offset), "offset of " #field " in struct " #tag);
LAYOUT(CHECK_SIZE, CHECK_FIELD)

#define SIZE_LINE(tag, bytes) #tag " sizeof " #bytes "\n"
#define FIELD_LINE(tag, field, offset) #tag " " #field " " #offset "\n"

const char *ph_struct_layout(void) { return LAYOUT(SIZE_LINE, FIELD_LINE); }

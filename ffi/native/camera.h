/* A camera: opened, read by a thread of its own, and handed out frame by frame.
 *
 *   ph_camera_open   negotiates, starts the thread; the caller owns the handle
 *   ph_camera_next   waits for a frame and copies it into the caller's memory
 *   ph_camera_stop   makes the present and every later ph_camera_next return at once
 *   ph_camera_close  ends the thread, gives the camera back, frees the handle
 *
 * One thread at a time may be in ph_camera_next; ph_camera_stop and ph_camera_lock may be called
 * beside it from any other. ph_camera_close comes last and alone. All but these two may wait for the
 * kernel, so none of them belongs on an event loop's thread. */
#ifndef PH_CAMERA_H
#define PH_CAMERA_H

#include <stddef.h>
#include <stdint.h>

#include "picture.h"
#include "status.h"

typedef struct ph_camera ph_camera;

/* Room for a reason, because ph_error_message() belongs to a thread that the caller may not be. */
#define PH_CAMERA_MESSAGE_SIZE 256

struct ph_camera_request {
  int32_t width, height;
  int32_t fps_milli;    /* frames in 1000 seconds */
  uint32_t fourcc;      /* as in V4L2: 'MJPG', 'YUYV'...; 0: the best that the camera has */
  int32_t power_line;   /* 0 off, 1 50 Hz, 2 60 Hz, 3 by itself; -1: as it is */
  int32_t least_width;  /* the analysis picture is scaled down to no less than this; 0: not */
  int32_t turn;         /* enum ph_turn, for the picture and the JPEG */
  int32_t jpeg_quality; /* 1..100 for JPEGs that the camera does not make itself; 0: none */
};

/* What the camera granted. Texts end in a zero byte. */
struct ph_camera_granted {
  int32_t width, height; /* of the camera, before any turn */
  int32_t fps_milli;     /* 0: the camera does not say */
  uint32_t fourcc;
  char name[32], bus[32], driver[16];
  char message[PH_CAMERA_MESSAGE_SIZE]; /* why it failed */
};

struct ph_camera_frame {
  struct ph_picture picture;
  int32_t jpeg_bytes; /* 0: there is no JPEG */
  int32_t unused;
  int64_t time_us;  /* CLOCK_MONOTONIC, when the light was seen */
  int64_t sequence; /* the camera's count since it was opened */
  /* Since the camera was opened: */
  int64_t lost;                         /* frames that the camera's own count jumped over */
  int64_t damaged;                      /* frames that came broken */
  int64_t overrun;                      /* frames for which the caller left no room */
  char message[PH_CAMERA_MESSAGE_SIZE]; /* why it failed, or why the newest damaged frame was */
};

enum { PH_CAMERA_NEEDS_ROOM = 1 };

/* Opens and starts. `path` is a video device, or a recording for tests (file_device.c).
 * PH_ERR_NO_DEVICE, PH_ERR_BUSY and PH_ERR_PERMISSION can heal; PH_ERR_FORMAT cannot. */
PH_API int ph_camera_open(const char *path, const struct ph_camera_request *request,
                          struct ph_camera_granted *granted, ph_camera **camera);

/* Waits up to `timeout_ms` for the next frame, in order.
 *
 * PH_OK: `pixels` has the picture, `jpeg` the JPEG. PH_CAMERA_NEEDS_ROOM: nothing was taken; frame
 * says how much is needed. PH_ERR_TIMEOUT: the camera was silent. PH_ERR_NO_DEVICE or
 * PH_ERR_SYSTEM: it is gone, and every later call says so too. PH_ERR_STATE: stopped. */
PH_API int ph_camera_next(ph_camera *camera, int32_t timeout_ms, uint8_t *pixels,
                          size_t pixels_capacity, uint8_t *jpeg, size_t jpeg_capacity,
                          struct ph_camera_frame *frame);

PH_API void ph_camera_stop(ph_camera *camera);

/* Holds exposure, gain, white balance and focus (1), or lets them go (0), soon after the call.
 * Closing lets them go too. */
PH_API void ph_camera_lock(ph_camera *camera, int32_t on);

/* Frees the handle. PH_ERR_TIMEOUT: the driver did not let go within 2 seconds; its memory is
 * given up, and the process had better end. */
PH_API int ph_camera_close(ph_camera *camera);

#endif

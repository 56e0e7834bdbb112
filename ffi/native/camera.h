/* A camera that a thread of its own reads, with frames that are delivered in order.
 *
 *   ph_camera_open   negotiates the format and starts the thread; the caller owns the handle
 *   ph_camera_next   waits for a frame and copies it into the caller's memory
 *   ph_camera_stop   makes the current and every later ph_camera_next return at once
 *   ph_camera_close  ends the thread, releases the camera and frees the handle
 *
 * One thread at a time may be in ph_camera_next. ph_camera_stop and ph_camera_lock may be called
 * concurrently from any other thread. ph_camera_close must be the last call, with no other call in
 * progress. All functions except stop and lock may block in the kernel, so they must not run on the
 * thread of an event loop. */
#ifndef PH_CAMERA_H
#define PH_CAMERA_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"
#include "status.h"

typedef struct ph_camera ph_camera;

/* Size of an error message inside a struct. ph_error_message() is per thread, and these functions
 * may run on another thread than the code that reads the message. */
#define PH_CAMERA_MESSAGE_SIZE 256

/* The requested settings. The camera grants the nearest that it supports. */
struct ph_camera_request {
  int32_t width, height;
  int32_t fps_milli;    /* frames per 1000 seconds */
  uint32_t fourcc;      /* V4L2 pixel format such as 'MJPG' or 'YUYV'; 0: the preferred one */
  int32_t power_line;   /* power line frequency: 0 off, 1 50 Hz, 2 60 Hz, 3 auto; -1: unchanged */
  int32_t min_width;    /* the analysis image is scaled down to at least this width; 0: unscaled */
  int32_t transform;    /* enum ph_transform, for the image and the JPEG */
  int32_t jpeg_quality; /* 1..100, for JPEGs that the camera does not make itself; 0: no JPEG */
};

/* The granted settings. Strings end with a zero byte. */
struct ph_camera_granted {
  int32_t width, height; /* of the camera's image, before the transform */
  int32_t fps_milli;     /* 0: unknown */
  uint32_t fourcc;
  char name[32], bus[32], driver[16];
  char message[PH_CAMERA_MESSAGE_SIZE]; /* the error message if opening failed */
};

struct ph_camera_frame {
  struct ph_image image;
  int32_t jpeg_bytes; /* 0: there is no JPEG */
  int32_t unused;
  int64_t time_us;  /* CLOCK_MONOTONIC time of the capture */
  int64_t sequence; /* frame number since the camera was opened */
  /* Totals since the camera was opened: */
  int64_t lost;                         /* frames missing in the camera's sequence numbers */
  int64_t damaged;                      /* frames that arrived damaged */
  int64_t overrun;                      /* frames that were dropped because the queue was full */
  char message[PH_CAMERA_MESSAGE_SIZE]; /* the error, or the reason of the last damaged frame */
};

enum { PH_CAMERA_BUFFER_TOO_SMALL = 1 };

/* Returns the error with which ph_camera_open refuses every request, such as PH_ERR_NO_DEVICE for a
 * missing device. Changes no setting of the camera. */
PH_API int ph_camera_check(const char *path);

/* Opens a camera and starts streaming. `path` is a video device, or a recording for tests
 * (file_device.c). PH_ERR_NO_DEVICE, PH_ERR_BUSY and PH_ERR_PERMISSION may be temporary;
 * PH_ERR_FORMAT is permanent. */
PH_API int ph_camera_open(const char *path, const struct ph_camera_request *request,
                          struct ph_camera_granted *granted, ph_camera **camera);

/* Waits up to `timeout_ms` for the next frame, in order.
 *
 * Returns PH_OK: `pixels` holds the image, `jpeg` the JPEG.
 * PH_CAMERA_BUFFER_TOO_SMALL: no frame was taken; `frame` has the sizes that are needed.
 * PH_ERR_TIMEOUT: no frame arrived in time.
 * PH_ERR_NO_DEVICE or PH_ERR_SYSTEM: the camera failed; every later call returns the same.
 * PH_ERR_STATE: ph_camera_stop was called. */
PH_API int ph_camera_next(ph_camera *camera, int32_t timeout_ms, uint8_t *pixels,
                          size_t pixels_capacity, uint8_t *jpeg, size_t jpeg_capacity,
                          struct ph_camera_frame *frame);

PH_API void ph_camera_stop(ph_camera *camera);

/* Locks exposure, gain, white balance and focus at their current values (1) or makes them automatic
 * again (0). The thread applies the change soon after the call. Closing unlocks them. */
PH_API void ph_camera_lock(ph_camera *camera, int32_t on);

/* Frees the handle. PH_ERR_TIMEOUT: the driver did not respond within 2 seconds; the handle's
 * memory is leaked, and the process should exit. */
PH_API int ph_camera_close(ph_camera *camera);

#endif

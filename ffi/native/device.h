/* The interface of a frame source that the camera's thread reads: a V4L2 device, or a file for
 * tests. A device must be used by one thread at a time. */
#ifndef PH_DEVICE_H
#define PH_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "raw_format.h"
#include "status.h"

/* The requested settings. The device grants the nearest that it supports. */
struct ph_device_request {
  const char *path;
  int32_t width, height;
  int32_t fps_milli;  /* frames per 1000 seconds */
  uint32_t fourcc;    /* V4L2_PIX_FMT_..., 0: the preferred one of the device */
  int32_t power_line; /* V4L2_CID_POWER_LINE_FREQUENCY_..., -1: unchanged */
};

/* The granted settings. */
struct ph_device_format {
  uint32_t fourcc;
  int32_t width, height, stride;
  int32_t fps_milli;         /* 0: unknown */
  int32_t full_range, bt709; /* of raw pixels */
  char name[32], bus[32], driver[16];
};

/* A dequeued buffer. It belongs to the caller until it is queued again. */
struct ph_device_buffer {
  const uint8_t *data;
  size_t size;
  int64_t time_us; /* CLOCK_MONOTONIC */
  uint32_t sequence;
  int32_t damaged; /* the driver set its error flag */
  uint32_t index;  /* the argument of `requeue` */
};

struct ph_device;

struct ph_device_operations {
  int (*start)(struct ph_device *);
  /* Never blocks. PH_ERR_TIMEOUT: no buffer is ready; PH_ERR_NO_DEVICE: the device is gone. */
  int (*dequeue)(struct ph_device *, struct ph_device_buffer *);
  int (*requeue)(struct ph_device *, uint32_t index);
  /* Locks exposure, gain, white balance and focus at their current values, or makes them automatic
   * again. Returns the number of controls that were changed. */
  int (*lock)(struct ph_device *, int on);
  /* Stops streaming, unmaps all buffers, unlocks the controls and frees the device. */
  void (*close)(struct ph_device *);
};

struct ph_device {
  const struct ph_device_operations *operations;
  int fd; /* readable when a buffer is ready */
  struct ph_device_format format;
};

/* Returns the error with which ph_v4l2_open refuses every request. Changes no setting. */
int ph_v4l2_check(const char *path);

/* Opens a V4L2 device without starting to stream. */
int ph_v4l2_open(const struct ph_device_request *request, struct ph_device **device);

/* Opens a recording that simulates a camera in tests; file_device.c describes the file format. It
 * plays at the requested frame rate and disconnects at its end. */
int ph_file_device_open(const struct ph_device_request *request, struct ph_device **device);

#endif

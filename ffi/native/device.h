/* What a camera's thread needs from whatever gives the frames: a V4L2 node, or a file for tests.
 *
 * A device is used by one thread at a time. */
#ifndef PH_DEVICE_H
#define PH_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "raw_format.h"
#include "status.h"

/* What the caller would like; a device grants what it can. */
struct ph_device_request {
  const char *path;
  int32_t width, height;
  int32_t fps_milli;  /* frames in 1000 seconds */
  uint32_t fourcc;    /* V4L2_PIX_FMT_..., 0: the best that the device has */
  int32_t power_line; /* V4L2_CID_POWER_LINE_FREQUENCY_..., -1: leave it */
};

/* What the device granted. */
struct ph_device_format {
  uint32_t fourcc;
  int32_t width, height, stride;
  int32_t fps_milli;         /* 0: the device does not say */
  int32_t full_range, bt709; /* of raw pixels */
  char name[32], bus[32], driver[16];
};

struct ph_device_buffer {
  const uint8_t *data;
  size_t size;
  int64_t time_us; /* CLOCK_MONOTONIC */
  uint32_t sequence;
  int32_t damaged; /* the driver says so */
  uint32_t index;  /* what to give back */
};

struct ph_device;

struct ph_device_operations {
  int (*start)(struct ph_device *);
  /* Never waits: PH_ERR_TIMEOUT where no buffer is ready, PH_ERR_NO_DEVICE once it is gone. */
  int (*dequeue)(struct ph_device *, struct ph_device_buffer *);
  int (*requeue)(struct ph_device *, uint32_t index);
  /* Holds exposure, gain, white balance and focus as they are, or lets them go again.
   * Answers how many controls the device has for it. */
  int (*lock)(struct ph_device *, int on);
  /* Stops, gives every buffer back, undoes what `lock` did, and frees the device. */
  void (*close)(struct ph_device *);
};

struct ph_device {
  const struct ph_device_operations *operations;
  int fd; /* readable when a buffer is ready */
  struct ph_device_format format;
};

/* Opens a V4L2 node, without starting it. */
int ph_v4l2_open(const struct ph_device_request *request, struct ph_device **device);

/* Opens a recording made for tests; see file_device.c for its layout. It runs at the requested
 * rate and is unplugged at its end. */
int ph_file_device_open(const struct ph_device_request *request, struct ph_device **device);

#endif

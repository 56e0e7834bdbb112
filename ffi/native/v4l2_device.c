/* A V4L2 camera: format negotiation, and streaming with memory-mapped buffers. */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "v4l2_call.h"
#include "v4l2_controls.h"

enum { BUFFERS = 4, VIDEO_MAJOR = 81 };
/* A timestamp that differs from the current time by more than this is of another clock. */
enum { MAX_AGE_US = 5 * 1000 * 1000 };

struct v4l2 {
  struct ph_device device;
  struct ph_controls controls;
  char path[256];
  int streaming;
  unsigned count;
  struct {
    void *start;
    size_t length;
  } buffers[BUFFERS];
};

/* Pixel formats by preference. JPEG is first because it can be published unchanged. */
static const uint32_t preferred_formats[] = {
    V4L2_PIX_FMT_MJPEG,  V4L2_PIX_FMT_JPEG, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_UYVY,
    V4L2_PIX_FMT_NV12,   V4L2_PIX_FMT_YVYU, V4L2_PIX_FMT_VYUY, V4L2_PIX_FMT_NV21,
    V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_Y10,  V4L2_PIX_FMT_Y12,
    V4L2_PIX_FMT_Y16,
};

static int is_jpeg(uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

static int offers(int fd, uint32_t fourcc) {
  struct v4l2_fmtdesc description = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  for (; ph_ioctl(fd, VIDIOC_ENUM_FMT, &description) == 0; description.index++) {
    if (description.pixelformat == fourcc) return 1;
  }
  return 0;
}

static uint32_t choose_format(int fd, uint32_t requested) {
  if (requested == V4L2_PIX_FMT_MJPEG && !offers(fd, requested)) requested = V4L2_PIX_FMT_JPEG;
  if (requested != 0) return offers(fd, requested) ? requested : 0;
  for (size_t i = 0; i < sizeof preferred_formats / sizeof *preferred_formats; i++) {
    if (offers(fd, preferred_formats[i])) return preferred_formats[i];
  }
  return 0;
}

static int check_capabilities(struct v4l2 *v4l2) {
  struct v4l2_capability capability;
  int error = ph_ioctl(v4l2->device.fd, VIDIOC_QUERYCAP, &capability);
  if (error != 0) return ph_camera_fail(-error, v4l2->path, "query the capabilities of");
  uint32_t capabilities = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps
                                                                         : capability.capabilities;
  if (!(capabilities & V4L2_CAP_VIDEO_CAPTURE) || !(capabilities & V4L2_CAP_STREAMING)) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: it is not a capture device with streaming: %s",
                   v4l2->path, capability.card);
  }
  struct ph_device_format *format = &v4l2->device.format;
  snprintf(format->name, sizeof format->name, "%s", (const char *)capability.card);
  snprintf(format->bus, sizeof format->bus, "%s", (const char *)capability.bus_info);
  snprintf(format->driver, sizeof format->driver, "%s", (const char *)capability.driver);
  return PH_OK;
}

static void read_colors(const struct v4l2_pix_format *pixels, struct ph_device_format *format) {
  /* Grayscale defaults to full range, like RGB. */
  const struct ph_raw_format *raw = ph_raw_format_find(pixels->pixelformat);
  int grey = raw != NULL && raw->u.step == 0;
  uint32_t matrix = pixels->ycbcr_enc != V4L2_YCBCR_ENC_DEFAULT
                        ? pixels->ycbcr_enc
                        : V4L2_MAP_YCBCR_ENC_DEFAULT(pixels->colorspace);
  uint32_t range = pixels->quantization != V4L2_QUANTIZATION_DEFAULT
                       ? pixels->quantization
                       : V4L2_MAP_QUANTIZATION_DEFAULT(grey, pixels->colorspace, matrix);
  format->bt709 = matrix == V4L2_YCBCR_ENC_709 || matrix == V4L2_YCBCR_ENC_XV709;
  format->full_range = range == V4L2_QUANTIZATION_FULL_RANGE;
}

static int negotiate_format(struct v4l2 *v4l2, const struct ph_device_request *request) {
  uint32_t fourcc = choose_format(v4l2->device.fd, request->fourcc);
  const char *name = (const char *)&request->fourcc;
  if (fourcc == 0 && request->fourcc == 0) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: it offers no supported format", v4l2->path);
  }
  if (fourcc == 0) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: it does not offer the format %.4s", v4l2->path,
                   name);
  }
  struct v4l2_format request_format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  request_format.fmt.pix.width = (uint32_t)request->width;
  request_format.fmt.pix.height = (uint32_t)request->height;
  request_format.fmt.pix.pixelformat = fourcc;
  request_format.fmt.pix.field = V4L2_FIELD_ANY;
  int error = ph_ioctl(v4l2->device.fd, VIDIOC_S_FMT, &request_format);
  if (error != 0) return ph_camera_fail(-error, v4l2->path, "set the format of");

  const struct v4l2_pix_format *granted = &request_format.fmt.pix;
  struct ph_device_format *format = &v4l2->device.format;
  if (granted->pixelformat != fourcc) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: it offers the format %.4s but did not accept it",
                   v4l2->path, (const char *)&fourcc);
  }
  if (granted->width == 0 || granted->height == 0 ||
      (uint64_t)granted->width * granted->height > PH_MAX_PIXELS) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: unsupported size: %ux%u pixels", v4l2->path,
                   granted->width, granted->height);
  }
  format->fourcc = fourcc;
  format->width = (int32_t)granted->width;
  format->height = (int32_t)granted->height;
  format->stride = (int32_t)granted->bytesperline;
  if (!is_jpeg(fourcc)) {
    int32_t min_stride = ph_raw_min_stride(ph_raw_format_find(fourcc), format->width);
    if (format->stride < min_stride) format->stride = min_stride;
  }
  read_colors(granted, format);
  return PH_OK;
}

static void negotiate_rate(struct v4l2 *v4l2, const struct ph_device_request *request) {
  struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  struct v4l2_captureparm *capture = &parameters.parm.capture;
  int32_t *fps_milli = &v4l2->device.format.fps_milli;
  *fps_milli = 0;
  if (ph_ioctl(v4l2->device.fd, VIDIOC_G_PARM, &parameters) != 0) return;
  if (capture->capability & V4L2_CAP_TIMEPERFRAME && request->fps_milli > 0) {
    capture->timeperframe.numerator = 1000;
    capture->timeperframe.denominator = (uint32_t)request->fps_milli;
    if (ph_ioctl(v4l2->device.fd, VIDIOC_S_PARM, &parameters) != 0) return;
  }
  if (capture->timeperframe.numerator > 0) {
    *fps_milli = (int32_t)((uint64_t)capture->timeperframe.denominator * 1000 /
                           capture->timeperframe.numerator);
  }
}

static int map_buffers(struct v4l2 *v4l2) {
  struct v4l2_requestbuffers request = {
      .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  int error = ph_ioctl(v4l2->device.fd, VIDIOC_REQBUFS, &request);
  if (error != 0) return ph_camera_fail(-error, v4l2->path, "request buffers from");
  if (request.count < 2) {
    return ph_fail(PH_ERR_MEMORY, "Cannot use %s: it has only %u buffers", v4l2->path,
                   request.count);
  }
  unsigned count = request.count < BUFFERS ? request.count : BUFFERS;
  for (unsigned i = 0; i < count; i++) {
    struct v4l2_buffer buffer = {
        .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    error = ph_ioctl(v4l2->device.fd, VIDIOC_QUERYBUF, &buffer);
    if (error != 0) return ph_camera_fail(-error, v4l2->path, "query the buffers of");
    void *start = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED, v4l2->device.fd,
                       buffer.m.offset);
    if (start == MAP_FAILED) return ph_camera_fail(errno, v4l2->path, "map the buffers of");
    v4l2->buffers[i].start = start;
    v4l2->buffers[i].length = buffer.length;
    v4l2->count = i + 1;
  }
  return PH_OK;
}

static int requeue(struct ph_device *device, uint32_t index) {
  struct v4l2 *v4l2 = (struct v4l2 *)device;
  struct v4l2_buffer buffer = {
      .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  int error = ph_ioctl(device->fd, VIDIOC_QBUF, &buffer);
  return error == 0 ? PH_OK : ph_camera_fail(-error, v4l2->path, "queue a buffer of");
}

static int start(struct ph_device *device) {
  struct v4l2 *v4l2 = (struct v4l2 *)device;
  int status = map_buffers(v4l2);
  for (unsigned i = 0; status == PH_OK && i < v4l2->count; i++) status = requeue(device, i);
  if (status != PH_OK) return status;
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  int error = ph_ioctl(device->fd, VIDIOC_STREAMON, &type);
  /* uvcvideo returns ENOSPC if the USB bus has too little bandwidth left. */
  if (error == -ENOSPC) {
    return ph_fail(PH_ERR_BUSY, "Cannot start %s: the USB bus has too little bandwidth left",
                   v4l2->path);
  }
  if (error != 0) return ph_camera_fail(-error, v4l2->path, "start");
  v4l2->streaming = 1;
  return PH_OK;
}

static int64_t timestamp_of(const struct v4l2_buffer *buffer) {
  int64_t now_us = ph_monotonic_us();
  if ((buffer->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) != V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC) {
    return now_us;
  }
  int64_t time_us = (int64_t)buffer->timestamp.tv_sec * 1000000 + buffer->timestamp.tv_usec;
  int64_t age_us = now_us - time_us;
  return age_us > MAX_AGE_US || age_us < -MAX_AGE_US ? now_us : time_us;
}

static int dequeue(struct ph_device *device, struct ph_device_buffer *out) {
  struct v4l2 *v4l2 = (struct v4l2 *)device;
  struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
  int error = ph_ioctl(device->fd, VIDIOC_DQBUF, &buffer);
  if (error == -EAGAIN) return PH_ERR_TIMEOUT;
  if (error != 0) return ph_camera_fail(-error, v4l2->path, "dequeue a buffer of");
  if (buffer.index >= v4l2->count) {
    return ph_fail(PH_ERR_SYSTEM, "Cannot use %s: it returned the invalid buffer %u", v4l2->path,
                   buffer.index);
  }
  size_t length = v4l2->buffers[buffer.index].length;
  *out = (struct ph_device_buffer){
      .data = v4l2->buffers[buffer.index].start,
      .size = buffer.bytesused < length ? buffer.bytesused : length,
      .time_us = timestamp_of(&buffer),
      .sequence = buffer.sequence,
      .damaged = (buffer.flags & V4L2_BUF_FLAG_ERROR) != 0,
      .index = buffer.index,
  };
  return PH_OK;
}

static int lock_controls(struct ph_device *device, int on) {
  struct v4l2 *v4l2 = (struct v4l2 *)device;
  return on ? ph_controls_lock(&v4l2->controls) : ph_controls_unlock(&v4l2->controls);
}

static void close_device(struct ph_device *device) {
  struct v4l2 *v4l2 = (struct v4l2 *)device;
  int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
  ph_controls_unlock(&v4l2->controls);
  if (v4l2->streaming) ph_ioctl(device->fd, VIDIOC_STREAMOFF, &type);
  for (unsigned i = 0; i < v4l2->count; i++) {
    munmap(v4l2->buffers[i].start, v4l2->buffers[i].length);
  }
  close(device->fd);
  free(v4l2);
}

static const struct ph_device_operations operations = {
    .start = start,
    .dequeue = dequeue,
    .requeue = requeue,
    .lock = lock_controls,
    .close = close_device,
};

/* Opens the node of a camera. Its settings stay as they are. */
static int open_node(const char *path, struct v4l2 **out) {
  struct v4l2 *v4l2 = calloc(1, sizeof *v4l2);
  if (v4l2 == NULL) return ph_fail(PH_ERR_MEMORY, "Cannot open %s: out of memory", path);
  snprintf(v4l2->path, sizeof v4l2->path, "%s", path);
  v4l2->device.operations = &operations;
  v4l2->device.fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (v4l2->device.fd < 0) {
    int error = errno;
    free(v4l2);
    return ph_camera_fail(error, path, "open the camera");
  }
  struct statx node;
  int status = PH_OK;
  if (statx(v4l2->device.fd, "", AT_EMPTY_PATH, STATX_TYPE, &node) != 0 ||
      !S_ISCHR(node.stx_mode) || node.stx_rdev_major != VIDEO_MAJOR) {
    status = ph_fail(PH_ERR_FORMAT, "Cannot use %s: it is not a video device", path);
  }
  if (status == PH_OK) status = check_capabilities(v4l2);
  if (status != PH_OK) {
    close_device(&v4l2->device);
    return status;
  }
  *out = v4l2;
  return PH_OK;
}

int ph_v4l2_check(const char *path) {
  struct v4l2 *v4l2;
  int status = open_node(path, &v4l2);
  if (status == PH_OK) close_device(&v4l2->device);
  return status;
}

int ph_v4l2_open(const struct ph_device_request *request, struct ph_device **device) {
  struct v4l2 *v4l2;
  int status = open_node(request->path, &v4l2);
  if (status != PH_OK) return status;
  status = negotiate_format(v4l2, request);
  if (status != PH_OK) {
    close_device(&v4l2->device);
    return status;
  }
  negotiate_rate(v4l2, request);
  ph_controls_prepare(&v4l2->controls, v4l2->device.fd, request->power_line);
  *device = &v4l2->device;
  return PH_OK;
}

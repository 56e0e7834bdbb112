/* A recording that simulates a camera, for tests and benchmarks: its frames are processed like
 * those of a real camera from the dequeued buffer on.
 *
 * File format, in little-endian 32-bit integers:
 *   "PHCAM1\0\0", fourcc, width, height, modes
 *   for each frame: flags, number of lost frames before it, bytes, data
 * Modes: 1 starts again at the end, 2 hangs in close, 4 hangs in open, as a driver may.
 * Flags: 1 marks the frame as damaged, 2 delivers no more frames from here on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "device.h"
#include "v4l2_call.h"

enum { HEADER_BYTES = 24, RECORD_BYTES = 12, FLAG_DAMAGED = 1, FLAG_SILENT = 2 };
enum { MODE_LOOP = 1, MODE_HANG_CLOSE = 2, MODE_HANG_OPEN = 4 };

struct file {
  struct ph_device device;
  const uint8_t *data;
  size_t size, at;
  uint32_t modes;
  int64_t period_us, next_us;
  uint32_t sequence;
};

static uint32_t read_u32(const uint8_t *bytes) {
  return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
         (uint32_t)bytes[3] << 24;
}

static int start(struct ph_device *device) {
  struct file *file = (struct file *)device;
  struct timespec period = {.tv_sec = file->period_us / 1000000,
                            .tv_nsec = file->period_us % 1000000 * 1000};
  struct itimerspec timer = {.it_interval = period, .it_value = period};
  file->next_us = ph_monotonic_us() + file->period_us;
  if (timerfd_settime(device->fd, 0, &timer, NULL) != 0) {
    return ph_camera_fail(errno, "the recording", "start");
  }
  return PH_OK;
}

static int fail_unplugged(void) {
  return ph_fail(PH_ERR_NO_DEVICE, "Cannot read from the recording: it has ended");
}

static int dequeue(struct ph_device *device, struct ph_device_buffer *out) {
  struct file *file = (struct file *)device;
  if (ph_monotonic_us() < file->next_us) {
    uint64_t expirations;
    if (read(device->fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN) {
      return ph_camera_fail(errno, "the recording", "poll");
    }
    if (ph_monotonic_us() < file->next_us) return PH_ERR_TIMEOUT;
  }
  if (file->at == file->size && file->modes & MODE_LOOP) file->at = HEADER_BYTES;
  if (file->size - file->at < RECORD_BYTES) return fail_unplugged();
  const uint8_t *record = file->data + file->at;
  size_t size = read_u32(record + 8);
  if (size > file->size - file->at - RECORD_BYTES) return fail_unplugged();
  if (read_u32(record) & FLAG_SILENT) {
    struct itimerspec never = {0};
    timerfd_settime(device->fd, 0, &never, NULL);
    return PH_ERR_TIMEOUT;
  }
  file->at += RECORD_BYTES + size;
  file->sequence += read_u32(record + 4);
  *out = (struct ph_device_buffer){
      .data = record + RECORD_BYTES,
      .size = size,
      .time_us = file->next_us,
      .sequence = file->sequence++,
      .damaged = (read_u32(record) & FLAG_DAMAGED) != 0,
  };
  file->next_us += file->period_us;
  return PH_OK;
}

static int requeue(struct ph_device *device, uint32_t index) {
  (void)device;
  (void)index;
  return PH_OK;
}

static int lock_controls(struct ph_device *device, int on) {
  (void)device;
  (void)on;
  return 0;
}

static void close_device(struct ph_device *device) {
  struct file *file = (struct file *)device;
  while (file->modes & MODE_HANG_CLOSE) pause();
  if (file->data != NULL) munmap((void *)(uintptr_t)file->data, file->size);
  if (device->fd >= 0) close(device->fd);
  free(file);
}

static const struct ph_device_operations operations = {
    .start = start,
    .dequeue = dequeue,
    .requeue = requeue,
    .lock = lock_controls,
    .close = close_device,
};

static int read_header(struct file *file, const struct ph_device_request *request) {
  static const char magic[8] = "PHCAM1\0";
  if (file->size < HEADER_BYTES || memcmp(file->data, magic, sizeof magic) != 0) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: it is not a video device", request->path);
  }
  struct ph_device_format *format = &file->device.format;
  format->fourcc = read_u32(file->data + 8);
  format->width = (int32_t)read_u32(file->data + 12);
  format->height = (int32_t)read_u32(file->data + 16);
  file->modes = read_u32(file->data + 20);
  while (file->modes & MODE_HANG_OPEN) pause();
  if (request->fourcc != 0 && request->fourcc != format->fourcc) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: it does not offer the format %.4s", request->path,
                   (const char *)&request->fourcc);
  }
  if (format->width <= 0 || format->height <= 0 ||
      (int64_t)format->width * format->height > PH_MAX_PIXELS) {
    return ph_fail(PH_ERR_FORMAT, "Cannot use %s: unsupported size: %dx%d pixels", request->path,
                   format->width, format->height);
  }
  const struct ph_raw_format *raw = ph_raw_format_find(format->fourcc);
  format->stride = raw == NULL ? 0 : ph_raw_min_stride(raw, format->width);
  format->fps_milli = request->fps_milli > 0 ? request->fps_milli : 30000;
  snprintf(format->name, sizeof format->name, "recording");
  snprintf(format->bus, sizeof format->bus, "file");
  snprintf(format->driver, sizeof format->driver, "file");
  file->period_us = (int64_t)1000000000 / format->fps_milli;
  file->at = HEADER_BYTES;
  return PH_OK;
}

int ph_file_device_open(const struct ph_device_request *request, struct ph_device **device) {
  struct file *file = calloc(1, sizeof *file);
  if (file == NULL) return ph_fail(PH_ERR_MEMORY, "Cannot open %s: out of memory", request->path);
  file->device.operations = &operations;
  file->device.fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  int source_fd = open(request->path, O_RDONLY | O_CLOEXEC);
  struct statx info;
  int status = PH_OK;
  if (file->device.fd < 0 || source_fd < 0 ||
      statx(source_fd, "", AT_EMPTY_PATH, STATX_SIZE, &info) != 0) {
    status = ph_camera_fail(errno, request->path, "open");
  } else if (info.stx_size > 0) {
    void *data = mmap(NULL, (size_t)info.stx_size, PROT_READ, MAP_PRIVATE, source_fd, 0);
    if (data == MAP_FAILED) {
      status = ph_camera_fail(errno, request->path, "map");
    } else {
      file->data = data;
      file->size = (size_t)info.stx_size;
    }
  }
  if (source_fd >= 0) close(source_fd);
  if (status == PH_OK) status = read_header(file, request);
  if (status != PH_OK) {
    close_device(&file->device);
    return status;
  }
  *device = &file->device;
  return PH_OK;
}

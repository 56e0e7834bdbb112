#include "camera.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "frame_ring.h"

/* Chosen. The camera has failed after this number of failed reads in a row. */
enum { MAX_ERRORS = 50, CLOSE_MS = 2000 };

struct ph_camera {
  struct ph_device *device; /* used by the thread only, once it runs */
  struct ph_frame_converter converter;
  pthread_t thread;
  int wake_fd;
  atomic_int stopping, lock_requested;
  int consecutive_errors, locked; /* used by the thread only */
  struct ph_frame_ring ring;
};

/* Dequeues one buffer from the device and converts it to a frame. */
static int read_frame(ph_camera *camera, short events) {
  struct ph_device *device = camera->device;
  struct ph_device_buffer buffer;
  int status = device->operations->dequeue(device, &buffer);
  if (status == PH_ERR_TIMEOUT) {
    if (!(events & (POLLERR | POLLHUP | POLLNVAL))) return PH_OK;
    status = ph_fail(PH_ERR_SYSTEM, "Cannot read from the camera: the driver reports an error");
  }
  if (status == PH_ERR_SYSTEM && ++camera->consecutive_errors < MAX_ERRORS) {
    ph_ring_count_damaged(&camera->ring, ph_error_message());
    return PH_OK;
  }
  if (status != PH_OK) return status;
  camera->consecutive_errors = 0;

  struct ph_frame_slot *slot = ph_ring_reserve(&camera->ring, buffer.sequence);
  int copied = PH_ERR_STATE;
  if (slot != NULL && !buffer.damaged) {
    copied = ph_frame_copy(&camera->converter, buffer.data, buffer.size, &slot->converted);
  }
  status = device->operations->requeue(device, buffer.index);
  if (buffer.damaged)
    ph_ring_count_damaged(&camera->ring, "The driver marked the frame as damaged");
  if (slot == NULL || buffer.damaged) return status;

  slot->time_us = buffer.time_us;
  if (copied == PH_OK && ph_frame_convert(&camera->converter, &slot->converted) == PH_OK) {
    ph_ring_commit(&camera->ring);
  } else {
    ph_ring_count_damaged(&camera->ring, camera->converter.result.message);
  }
  return status;
}

static void apply_lock_request(ph_camera *camera) {
  uint64_t count;
  if (read(camera->wake_fd, &count, sizeof count) < 0) return;
  int requested = atomic_load(&camera->lock_requested);
  if (requested == camera->locked) return;
  camera->device->operations->lock(camera->device, requested);
  camera->locked = requested;
}

static void *run(void *argument) {
  ph_camera *camera = argument;
  struct pollfd polled[] = {{camera->device->fd, POLLIN, 0}, {camera->wake_fd, POLLIN, 0}};
  int status = PH_OK;
  while (status == PH_OK && !atomic_load(&camera->stopping)) {
    if (poll(polled, 2, -1) < 0) {
      if (errno == EINTR) continue;
      status = ph_fail(PH_ERR_SYSTEM, "Cannot wait for the camera: %s", strerror(errno));
      break;
    }
    if (polled[1].revents != 0) apply_lock_request(camera);
    if (polled[0].revents != 0) status = read_frame(camera, polled[0].revents);
  }
  if (status == PH_OK) {
    ph_ring_end(&camera->ring, PH_ERR_STATE, "The camera was stopped");
  } else {
    ph_ring_end(&camera->ring, status, ph_error_message());
  }
  camera->device->operations->close(camera->device);
  return NULL;
}

static void free_camera(ph_camera *camera) {
  ph_frame_converter_free(&camera->converter);
  if (camera->wake_fd >= 0) close(camera->wake_fd);
  ph_ring_free(&camera->ring);
  free(camera);
}

/* Starts the thread with all signals blocked: they are handled by the program's own threads. */
static int start_thread(ph_camera *camera) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&camera->thread, NULL, run, camera);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (error != 0) return ph_fail(PH_ERR_SYSTEM, "Cannot start a thread: %s", strerror(error));
  pthread_setname_np(camera->thread, "camera");
  return PH_OK;
}

static ph_camera *new_camera(struct ph_device *device, const struct ph_camera_request *request) {
  ph_camera *camera = calloc(1, sizeof *camera);
  if (camera == NULL) return NULL;
  ph_ring_init(&camera->ring);
  camera->device = device;
  camera->converter.format = device->format;
  camera->converter.settings = (struct ph_frame_settings){
      request->min_width, (enum ph_transform)request->transform, request->jpeg_quality};
  camera->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return camera;
}

static int is_regular_file(const char *path) {
  struct statx node;
  return statx(AT_FDCWD, path, 0, STATX_TYPE, &node) == 0 && S_ISREG(node.stx_mode);
}

static int open_device(const char *path, const struct ph_camera_request *request,
                       struct ph_device **device) {
  struct ph_device_request device_request = {
      .path = path,
      .width = request->width,
      .height = request->height,
      .fps_milli = request->fps_milli,
      .fourcc = request->fourcc,
      .power_line = request->power_line,
  };
  return is_regular_file(path) ? ph_file_device_open(&device_request, device)
                               : ph_v4l2_open(&device_request, device);
}

static int open_camera(const char *path, const struct ph_camera_request *request,
                       struct ph_camera_granted *granted, ph_camera **out) {
  if (request->width <= 0 || request->height <= 0 || request->transform < 0 ||
      request->transform >= PH_TRANSFORM_COUNT || request->jpeg_quality < 0 ||
      request->jpeg_quality > 100) {
    return ph_fail(PH_ERR_ARGUMENT, "Cannot open %s: a requested value is out of range", path);
  }
  struct ph_device *device = NULL;
  int status = open_device(path, request, &device);
  if (status != PH_OK) return status;
  ph_camera *camera = new_camera(device, request);
  if (camera == NULL || camera->wake_fd < 0) {
    status = ph_fail(PH_ERR_MEMORY, "Cannot open %s: out of memory", path);
  }
  if (status == PH_OK) status = device->operations->start(device);
  if (status == PH_OK) {
    const struct ph_device_format *format = &device->format;
    granted->width = format->width;
    granted->height = format->height;
    granted->fps_milli = format->fps_milli;
    granted->fourcc = format->fourcc;
    memcpy(granted->name, format->name, sizeof granted->name);
    memcpy(granted->bus, format->bus, sizeof granted->bus);
    memcpy(granted->driver, format->driver, sizeof granted->driver);
    status = start_thread(camera); /* from here on the thread owns the device */
  }
  if (status != PH_OK) {
    device->operations->close(device);
    if (camera != NULL) free_camera(camera);
    return status;
  }
  *out = camera;
  return PH_OK;
}

int ph_camera_check(const char *path) {
  if (!is_regular_file(path)) return ph_v4l2_check(path);
  const struct ph_device_request request = {.path = path, .fps_milli = 1000};
  struct ph_device *device;
  int status = ph_file_device_open(&request, &device);
  if (status == PH_OK) device->operations->close(device);
  return status;
}

int ph_camera_open(const char *path, const struct ph_camera_request *request,
                   struct ph_camera_granted *granted, ph_camera **camera) {
  memset(granted, 0, sizeof *granted);
  *camera = NULL;
  int status = open_camera(path, request, granted, camera);
  if (status != PH_OK)
    snprintf(granted->message, sizeof granted->message, "%s", ph_error_message());
  return status;
}

int ph_camera_next(ph_camera *camera, int32_t timeout_ms, uint8_t *pixels, size_t pixels_capacity,
                   uint8_t *jpeg, size_t jpeg_capacity, struct ph_camera_frame *frame) {
  return ph_ring_next(&camera->ring, timeout_ms, pixels, pixels_capacity, jpeg, jpeg_capacity,
                      frame);
}

static void wake(ph_camera *camera) {
  uint64_t one = 1;
  /* Cannot fail: the counter of the eventfd cannot overflow. */
  if (write(camera->wake_fd, &one, sizeof one) < 0) return;
}

void ph_camera_stop(ph_camera *camera) {
  atomic_store(&camera->stopping, 1);
  ph_ring_stop(&camera->ring);
  wake(camera);
}

void ph_camera_lock(ph_camera *camera, int32_t on) {
  atomic_store(&camera->lock_requested, on != 0);
  wake(camera);
}

/* Replaces pthread_clockjoin_np, which glibc has only since 2.31. */
static int join_within(pthread_t thread, int ms) {
  const struct timespec millisecond = {.tv_nsec = 1000000};
  int error;
  while ((error = pthread_tryjoin_np(thread, NULL)) == EBUSY && ms-- > 0) {
    nanosleep(&millisecond, NULL);
  }
  return error;
}

int ph_camera_close(ph_camera *camera) {
  ph_camera_stop(camera);
  if (join_within(camera->thread, CLOSE_MS) != 0) {
    return ph_fail(PH_ERR_TIMEOUT, "Cannot close the camera: its driver does not respond");
  }
  free_camera(camera);
  return PH_OK;
}

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
#include "frame_maker.h"

/* A second at 30 frames a second: as long as an event loop may be busy without a loss. */
enum { SLOTS = 32 };
enum { MAX_TROUBLES = 50, CLOSE_SECONDS = 2 };
/* A larger jump of the driver's count is a count that began anew. */
enum { MAX_JUMP = 100000 };

struct slot {
  struct ph_made_frame made;
  int64_t time_us, sequence;
};

struct ph_camera {
  struct ph_device *device; /* the thread's, once it runs */
  struct ph_frame_maker maker;
  pthread_t thread;
  int wake_fd;
  atomic_int stopping, lock_wanted;
  uint32_t last_sequence; /* the driver's; all of these are the thread's alone */
  int troubles, locked;

  pthread_mutex_t mutex; /* guards all below but the slots' contents */
  pthread_cond_t changed;
  uint64_t written, taken; /* slots from `taken` up to `written` hold frames */
  int64_t sequence, lost, damaged, overrun;
  int ended; /* why the thread has ended, PH_OK while it runs */
  char ended_message[PH_CAMERA_MESSAGE_SIZE], damage_message[PH_CAMERA_MESSAGE_SIZE];
  struct slot slots[SLOTS];
};

static void count_damage(ph_camera *camera, const char *reason) {
  pthread_mutex_lock(&camera->mutex);
  camera->damaged++;
  snprintf(camera->damage_message, sizeof camera->damage_message, "%s", reason);
  pthread_mutex_unlock(&camera->mutex);
}

/* Follows the driver's count, and answers the slot for the frame, or NULL where all are full. */
static struct slot *count_frame(ph_camera *camera, uint32_t driver_sequence) {
  uint32_t step = driver_sequence - camera->last_sequence;
  struct slot *slot = NULL;
  camera->last_sequence = driver_sequence;
  pthread_mutex_lock(&camera->mutex);
  if (camera->sequence < 0) {
    camera->sequence = 0;
  } else if (step == 0 || step > MAX_JUMP) {
    camera->sequence++;
  } else {
    camera->sequence += step;
    camera->lost += step - 1;
  }
  if (camera->written - camera->taken < SLOTS) {
    slot = &camera->slots[camera->written % SLOTS];
    slot->sequence = camera->sequence;
  } else {
    camera->overrun++;
  }
  pthread_mutex_unlock(&camera->mutex);
  return slot;
}

static void hand_over(ph_camera *camera) {
  pthread_mutex_lock(&camera->mutex);
  camera->written++;
  pthread_cond_broadcast(&camera->changed);
  pthread_mutex_unlock(&camera->mutex);
}

/* Takes one buffer from the device and makes a frame of it. */
static int take(ph_camera *camera, short events) {
  struct ph_device *device = camera->device;
  struct ph_device_buffer buffer;
  int status = device->operations->dequeue(device, &buffer);
  if (status == PH_ERR_TIMEOUT) {
    if (!(events & (POLLERR | POLLHUP | POLLNVAL))) return PH_OK;
    status = ph_fail(PH_ERR_SYSTEM, "Cannot take a picture: the camera reports an error");
  }
  if (status == PH_ERR_SYSTEM && ++camera->troubles < MAX_TROUBLES) {
    count_damage(camera, ph_error_message());
    return PH_OK;
  }
  if (status != PH_OK) return status;
  camera->troubles = 0;

  struct slot *slot = count_frame(camera, buffer.sequence);
  int copied = PH_ERR_STATE;
  if (slot != NULL && !buffer.damaged) {
    copied = ph_frame_copy(&camera->maker, buffer.data, buffer.size, &slot->made);
  }
  status = device->operations->requeue(device, buffer.index);
  if (buffer.damaged) count_damage(camera, "The driver marked the frame as damaged");
  if (slot == NULL || buffer.damaged) return status;

  slot->time_us = buffer.time_us;
  if (copied == PH_OK && ph_frame_make(&camera->maker, &slot->made) == PH_OK) {
    hand_over(camera);
  } else {
    count_damage(camera, camera->maker.result.message);
  }
  return status;
}

static void follow_wishes(ph_camera *camera) {
  uint64_t wakes;
  if (read(camera->wake_fd, &wakes, sizeof wakes) < 0) return;
  int wanted = atomic_load(&camera->lock_wanted);
  if (wanted == camera->locked) return;
  camera->device->operations->lock(camera->device, wanted);
  camera->locked = wanted;
}

static void *run(void *argument) {
  ph_camera *camera = argument;
  struct pollfd waits[] = {{camera->device->fd, POLLIN, 0}, {camera->wake_fd, POLLIN, 0}};
  int status = PH_OK;
  while (status == PH_OK && !atomic_load(&camera->stopping)) {
    if (poll(waits, 2, -1) < 0) {
      if (errno == EINTR) continue;
      status = ph_fail(PH_ERR_SYSTEM, "Cannot wait for the camera: %s", strerror(errno));
      break;
    }
    if (waits[1].revents != 0) follow_wishes(camera);
    if (waits[0].revents != 0) status = take(camera, waits[0].revents);
  }
  pthread_mutex_lock(&camera->mutex);
  camera->ended = status == PH_OK ? PH_ERR_STATE : status;
  snprintf(camera->ended_message, sizeof camera->ended_message, "%s",
           status == PH_OK ? "The camera was stopped" : ph_error_message());
  pthread_cond_broadcast(&camera->changed);
  pthread_mutex_unlock(&camera->mutex);
  camera->device->operations->close(camera->device);
  return NULL;
}

static void free_camera(ph_camera *camera) {
  for (int i = 0; i < SLOTS; i++) ph_made_frame_free(&camera->slots[i].made);
  ph_frame_maker_free(&camera->maker);
  if (camera->wake_fd >= 0) close(camera->wake_fd);
  pthread_cond_destroy(&camera->changed);
  pthread_mutex_destroy(&camera->mutex);
  free(camera);
}

/* Signals belong to the program's own threads. */
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
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_mutex_init(&camera->mutex, NULL);
  pthread_cond_init(&camera->changed, &monotonic);
  pthread_condattr_destroy(&monotonic);
  camera->device = device;
  camera->sequence = -1;
  camera->maker.format = device->format;
  camera->maker.wishes = (struct ph_frame_wishes){
      request->least_width, (enum ph_turn)request->turn, request->jpeg_quality};
  camera->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return camera;
}

static int open_device(const char *path, const struct ph_camera_request *request,
                       struct ph_device **device) {
  struct ph_device_request wanted = {
      .path = path,
      .width = request->width,
      .height = request->height,
      .fps_milli = request->fps_milli,
      .fourcc = request->fourcc,
      .power_line = request->power_line,
  };
  struct statx node;
  int is_file = statx(AT_FDCWD, path, 0, STATX_TYPE, &node) == 0 && S_ISREG(node.stx_mode);
  return is_file ? ph_file_device_open(&wanted, device) : ph_v4l2_open(&wanted, device);
}

static int open_camera(const char *path, const struct ph_camera_request *request,
                       struct ph_camera_granted *granted, ph_camera **out) {
  if (request->width <= 0 || request->height <= 0 || request->turn < 0 ||
      request->turn >= PH_TURN_COUNT || request->jpeg_quality < 0 || request->jpeg_quality > 100) {
    return ph_fail(PH_ERR_ARGUMENT, "Cannot open %s: a value of the request is out of range",
                   path);
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
    status = start_thread(camera); /* from here on the device is the thread's */
  }
  if (status != PH_OK) {
    device->operations->close(device);
    if (camera != NULL) free_camera(camera);
    return status;
  }
  *out = camera;
  return PH_OK;
}

int ph_camera_open(const char *path, const struct ph_camera_request *request,
                   struct ph_camera_granted *granted, ph_camera **camera) {
  memset(granted, 0, sizeof *granted);
  *camera = NULL;
  int status = open_camera(path, request, granted, camera);
  if (status != PH_OK) snprintf(granted->message, sizeof granted->message, "%s", ph_error_message());
  return status;
}

static struct timespec deadline_after(int64_t ms) {
  struct timespec deadline;
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  int64_t nanoseconds = deadline.tv_nsec + ms % 1000 * 1000000;
  deadline.tv_sec += ms / 1000 + nanoseconds / 1000000000;
  deadline.tv_nsec = nanoseconds % 1000000000;
  return deadline;
}

/* With the mutex held: waits until there is something to say. */
static int wait_for_frame(ph_camera *camera, int32_t timeout_ms) {
  struct timespec deadline = deadline_after(timeout_ms < 0 ? 0 : timeout_ms);
  while (true) {
    if (atomic_load(&camera->stopping)) return PH_ERR_STATE;
    if (camera->written > camera->taken) return PH_OK;
    if (camera->ended != PH_OK) return camera->ended;
    if (pthread_cond_timedwait(&camera->changed, &camera->mutex, &deadline) == ETIMEDOUT) {
      return camera->written > camera->taken ? PH_OK : PH_ERR_TIMEOUT;
    }
  }
}

int ph_camera_next(ph_camera *camera, int32_t timeout_ms, uint8_t *pixels, size_t pixels_capacity,
                   uint8_t *jpeg, size_t jpeg_capacity, struct ph_camera_frame *frame) {
  pthread_mutex_lock(&camera->mutex);
  int status = wait_for_frame(camera, timeout_ms);
  memset(frame, 0, sizeof *frame);
  frame->lost = camera->lost;
  frame->damaged = camera->damaged;
  frame->overrun = camera->overrun;
  snprintf(frame->message, sizeof frame->message, "%s",
           status == PH_OK || status == PH_ERR_TIMEOUT ? camera->damage_message
                                                       : camera->ended_message);
  const struct slot *slot = &camera->slots[camera->taken % SLOTS];
  pthread_mutex_unlock(&camera->mutex);
  if (status != PH_OK) return status;

  frame->picture = slot->made.picture;
  frame->jpeg_bytes = (int32_t)slot->made.jpeg.size;
  frame->time_us = slot->time_us;
  frame->sequence = slot->sequence;
  if (pixels_capacity < (size_t)frame->picture.bytes || jpeg_capacity < slot->made.jpeg.size) {
    return PH_CAMERA_NEEDS_ROOM;
  }
  memcpy(pixels, slot->made.pixels.data, (size_t)frame->picture.bytes);
  if (slot->made.jpeg.size > 0) memcpy(jpeg, slot->made.jpeg.data, slot->made.jpeg.size);
  pthread_mutex_lock(&camera->mutex);
  camera->taken++;
  pthread_mutex_unlock(&camera->mutex);
  return PH_OK;
}

static void wake(ph_camera *camera) {
  uint64_t one = 1;
  /* The count cannot overflow, so that the write cannot fail. */
  if (write(camera->wake_fd, &one, sizeof one) < 0) return;
}

void ph_camera_stop(ph_camera *camera) {
  atomic_store(&camera->stopping, 1);
  pthread_mutex_lock(&camera->mutex);
  pthread_cond_broadcast(&camera->changed);
  pthread_mutex_unlock(&camera->mutex);
  wake(camera);
}

void ph_camera_lock(ph_camera *camera, int32_t on) {
  atomic_store(&camera->lock_wanted, on != 0);
  wake(camera);
}

/* pthread_clockjoin_np by hand: glibc has it from 2.31 on, in a library of its own until 2.34. */
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
  if (join_within(camera->thread, CLOSE_SECONDS * 1000) != 0) {
    return ph_fail(PH_ERR_TIMEOUT, "Cannot close the camera: its driver does not let go of it");
  }
  free_camera(camera);
  return PH_OK;
}

#include <dirent.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "../camera.h"
#include "../camera_list.h"
#include "../device.h"
#include "../transform.h"
#include "check.h"
#include "native_test.h"

static const struct ph_camera_request default_request = {
    .width = 160, .height = 128, .fps_milli = 200000, .power_line = -1, .min_width = 80};

static void put_u32(FILE *file, uint32_t value) {
  for (int i = 0; i < 4; i++) fputc((int)(value >> (8 * i) & 255), file);
}

/* Writes a recording of JPEGs. Of five frames one is marked as damaged, one is truncated, and one
 * follows two lost frames. */
static void write_recording(char *path, int frames, int loop) {
  struct ph_bytes jpeg = {0};
  make_jpeg(160, 128, 3, 2, 1, &jpeg);
  strcpy(path, "/tmp/native_test.XXXXXX");
  FILE *file = fdopen(mkstemp(path), "w");
  fwrite("PHCAM1\0\0MJPG", 1, 12, file);
  put_u32(file, 160);
  put_u32(file, 128);
  put_u32(file, (uint32_t)loop);
  for (int i = 0; i < frames; i++) {
    uint32_t size = (uint32_t)(i % 5 == 3 ? jpeg.size / 2 : jpeg.size);
    put_u32(file, i % 5 == 1);
    put_u32(file, i % 5 == 4 ? 2 : 0);
    put_u32(file, size);
    fwrite(jpeg.data, 1, size, file);
  }
  fclose(file);
  free(jpeg.data);
}

static ph_camera *open_recording(const char *path, const struct ph_camera_request *request) {
  struct ph_camera_granted granted;
  ph_camera *camera = NULL;
  int status = ph_camera_open(path, request, &granted, &camera);
  CHECK(status == PH_OK, "%d: %s", status, granted.message);
  return camera;
}

static void test_counts(void) {
  char path[64];
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  struct ph_camera_frame frame;
  write_recording(path, 10, 0);
  ph_camera *camera = open_recording(path, &default_request);
  int status = ph_camera_next(camera, 5000, pixels, 1, jpeg, 1, &frame);
  CHECK(status == PH_CAMERA_BUFFER_TOO_SMALL && frame.image.bytes > 1 && frame.jpeg_bytes > 1,
        "%d: %d bytes", status, frame.image.bytes);
  int count = 0;
  int64_t sequence = -1;
  while ((status = ph_camera_next(camera, 5000, pixels, sizeof pixels, jpeg, sizeof jpeg,
                                  &frame)) == PH_OK) {
    CHECK(frame.sequence > sequence, "%lld", (long long)frame.sequence);
    sequence = frame.sequence;
    count++;
  }
  CHECK(status == PH_ERR_NO_DEVICE, "%d: %s", status, frame.message);
  CHECK(count == 6 && frame.damaged == 4 && frame.lost == 4, "%d frames, %lld damaged, %lld lost",
        count, (long long)frame.damaged, (long long)frame.lost);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  unlink(path);
}

static void test_overrun(void) {
  char path[64];
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  struct ph_camera_frame frame = {0};
  write_recording(path, 1, 1);
  ph_camera *camera = open_recording(path, &default_request);
  for (int i = 0; i < 1000 && frame.overrun == 0; i++) {
    usleep(5000);
    ph_camera_next(camera, 0, pixels, 0, jpeg, 0, &frame);
  }
  CHECK(frame.overrun > 0, "no frame was counted as overrun");
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  unlink(path);
}

/* The number of failed reads in a row after which a camera has failed. */
enum { MAX_ERRORS = 50 };

/* The operations of the recording, and a driver with errors that is put in front of them. */
static const struct ph_device_operations *recorded;
static struct ph_device_operations faulty;
static int dequeued;

/* Fails MAX_ERRORS - 1 times before each of the first two frames, then always. */
static int dequeue_with_errors(struct ph_device *device, struct ph_device_buffer *buffer) {
  if (dequeued < 2 * MAX_ERRORS && dequeued % MAX_ERRORS == MAX_ERRORS - 1) {
    int status = recorded->dequeue(device, buffer);
    if (status == PH_OK) dequeued++;
    return status;
  }
  dequeued++;
  return ph_fail(PH_ERR_SYSTEM, "Cannot read from the camera: error %d", dequeued);
}

/* A driver's errors are forgiven while a frame arrives before the 50th in a row. */
static void test_driver_errors(void) {
  char path[64];
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  struct ph_camera_frame frame;
  struct ph_camera_request request = default_request;
  request.fps_milli = 10000;
  write_recording(path, 1, 1);
  ph_camera *camera = open_recording(path, &request);
  /* The device is the first member. The thread reads it first when a frame is due, after 100 ms. */
  struct ph_device *device = *(struct ph_device **)camera;
  recorded = device->operations;
  faulty = *recorded;
  faulty.dequeue = dequeue_with_errors;
  dequeued = 0;
  device->operations = &faulty;
  int count = 0, status;
  while ((status = ph_camera_next(camera, 5000, pixels, sizeof pixels, jpeg, sizeof jpeg,
                                  &frame)) == PH_OK) {
    count++;
    /* The thread goes on reading while this one takes the frame. */
    CHECK(frame.damaged >= count * (MAX_ERRORS - 1), "%lld errors", (long long)frame.damaged);
  }
  CHECK(count == 2, "%d frames", count);
  CHECK(status == PH_ERR_SYSTEM && strstr(frame.message, "error 150") != NULL, "%d: %s", status,
        frame.message);
  CHECK(dequeued == 3 * MAX_ERRORS, "%d reads", dequeued);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  unlink(path);
}

/* Opens a recording with a driver in front of it. The first frame is due after 100 ms. */
static ph_camera *open_with_driver(char *path, int frames, int loop,
                                   const struct ph_device_operations *driver) {
  struct ph_camera_request request = default_request;
  request.fps_milli = 10000;
  write_recording(path, frames, loop);
  ph_camera *camera = open_recording(path, &request);
  struct ph_device *device = *(struct ph_device **)camera; /* its first member */
  recorded = device->operations;
  faulty = *recorded;
  if (driver->dequeue != NULL) faulty.dequeue = driver->dequeue;
  if (driver->requeue != NULL) faulty.requeue = driver->requeue;
  if (driver->lock != NULL) faulty.lock = driver->lock;
  if (driver->close != NULL) faulty.close = driver->close;
  device->operations = &faulty;
  return camera;
}

enum { MAX_NOTED = 16 };

/* What the driver was asked to do. */
static struct {
  atomic_int count;
  int values[MAX_NOTED];
} requeued, locked;
static atomic_int closed;
static uint32_t index_of_next;

static int dequeue_with_index(struct ph_device *device, struct ph_device_buffer *buffer) {
  int status = recorded->dequeue(device, buffer);
  if (status == PH_OK) buffer->index = 40 + index_of_next++;
  return status;
}

/* Fails at the fourth buffer. */
static int note_requeue(struct ph_device *device, uint32_t index) {
  (void)device;
  int count = atomic_fetch_add(&requeued.count, 1);
  if (count < MAX_NOTED) requeued.values[count] = (int)index;
  return count < 3 ? PH_OK : ph_fail(PH_ERR_SYSTEM, "Cannot queue buffer %u", index);
}

static int note_lock(struct ph_device *device, int on) {
  (void)device;
  int count = atomic_load(&locked.count);
  if (count < MAX_NOTED) locked.values[count] = on;
  atomic_store(&locked.count, count + 1);
  return 0;
}

static void note_close(struct ph_device *device) {
  atomic_fetch_add(&closed, 1);
  recorded->close(device);
}

/* Each buffer is given back, also a damaged one; a failure to do so ends the camera. */
static void test_requeue(void) {
  static const struct ph_device_operations driver = {
      .dequeue = dequeue_with_index, .requeue = note_requeue, .close = note_close};
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  char path[64];
  struct ph_camera_frame frame;
  atomic_store(&requeued.count, 0);
  atomic_store(&closed, 0);
  index_of_next = 0;
  ph_camera *camera = open_with_driver(path, 10, 0, &driver);
  int count = 0, status;
  int64_t last = 0, before = ph_monotonic_us();
  while ((status = ph_camera_next(camera, 5000, pixels, sizeof pixels, jpeg, sizeof jpeg,
                                  &frame)) == PH_OK) {
    CHECK(frame.time_us > last && frame.time_us <= ph_monotonic_us(), "%lld us",
          (long long)frame.time_us);
    if (count == 0)
      CHECK(frame.time_us > before - 1000000, "%lld us", (long long)(frame.time_us - before));
    if (count == 1) {
      CHECK(frame.time_us - last == 200000, "%lld us", (long long)(frame.time_us - last));
      CHECK(strcmp(frame.message, "The driver marked the frame as damaged") == 0 ||
                strstr(frame.message, "Cannot decode the JPEG") != NULL,
            "%s", frame.message);
    }
    last = frame.time_us;
    count++;
  }
  CHECK(status == PH_ERR_SYSTEM && strcmp(frame.message, "Cannot queue buffer 43") == 0, "%d: %s",
        status, frame.message);
  CHECK(count == 2 && frame.damaged == 2, "%d frames, %lld damaged", count,
        (long long)frame.damaged);
  CHECK(atomic_load(&requeued.count) == 4, "%d buffers", atomic_load(&requeued.count));
  for (int i = 0; i < 4; i++) CHECK(requeued.values[i] == 40 + i, "buffer %d", requeued.values[i]);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  CHECK(atomic_load(&closed) == 1, "closed %d times", atomic_load(&closed));
  unlink(path);
}

/* Waits up to 5 s for a counter. */
static void wait_for_count(atomic_int *count, int expected) {
  for (int i = 0; i < 5000 && atomic_load(count) < expected; i++) usleep(1000);
}

/* The driver is asked only for changes, soon after the call. */
static void test_lock(void) {
  static const struct ph_device_operations driver = {.lock = note_lock};
  char path[64];
  atomic_store(&locked.count, 0);
  ph_camera *camera = open_with_driver(path, 1, 1, &driver);
  ph_camera_lock(camera, 0); /* as it is */
  ph_camera_lock(camera, 5);
  wait_for_count(&locked.count, 1);
  ph_camera_lock(camera, 1); /* as it is */
  ph_camera_lock(camera, 0);
  wait_for_count(&locked.count, 2);
  ph_camera_lock(camera, 1);
  wait_for_count(&locked.count, 3);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  CHECK(atomic_load(&locked.count) == 3 && locked.values[0] == 1 && locked.values[1] == 0 &&
            locked.values[2] == 1,
        "%d changes: %d %d %d", atomic_load(&locked.count), locked.values[0], locked.values[1],
        locked.values[2]);
  unlink(path);
}

/* A device that reports an error by poll, without a frame, fails after 50 reports. */
static void test_hang_up(void) {
  static const struct ph_device_operations driver = {0};
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  char path[64];
  int ends[2];
  struct ph_camera_frame frame;
  ph_camera *camera = open_with_driver(path, 1, 1, &driver);
  CHECK(pipe(ends) == 0, "pipe");
  close(ends[1]);
  dup2(ends[0], (*(struct ph_device **)camera)->fd); /* the file is readable at its end */
  close(ends[0]);
  int status;
  do {
    status = ph_camera_next(camera, 5000, pixels, sizeof pixels, jpeg, sizeof jpeg, &frame);
  } while (status == PH_OK);
  CHECK(status == PH_ERR_SYSTEM && strstr(frame.message, "the driver reports an error"), "%d: %s",
        status, frame.message);
  CHECK(frame.damaged == MAX_ERRORS - 1, "%lld errors", (long long)frame.damaged);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  unlink(path);
}

/* Finds the threads of a name in /proc. Returns their number and the signals that one blocks. */
static int find_threads(const char *name, unsigned long long *blocked) {
  int count = 0;
  DIR *threads = opendir("/proc/self/task");
  for (struct dirent *entry; (entry = readdir(threads)) != NULL;) {
    char path[300], line[256];
    int found = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    FILE *status = fopen(path, "r");
    if (status == NULL) continue;
    while (fgets(line, sizeof line, status) != NULL) {
      char value[64];
      if (sscanf(line, "Name: %63s", value) == 1) found = strcmp(value, name) == 0;
      if (found) sscanf(line, "SigBlk: %llx", blocked);
    }
    fclose(status);
    count += found;
  }
  closedir(threads);
  return count;
}

/* Stopping does not wait for the next frame, which is due after 100 s. */
static void test_prompt_stop(void) {
  char path[64];
  struct ph_camera_request request = default_request;
  request.fps_milli = 10;
  write_recording(path, 1, 1);
  ph_camera *camera = open_recording(path, &request);
  usleep(20000); /* the thread waits */
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  unlink(path);
}

/* Signals are for the program's own threads. */
static void test_signals(void) {
  static const int handled[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1};
  char path[64];
  unsigned long long blocked = 0;
  sigset_t own;
  write_recording(path, 1, 1);
  ph_camera *camera = open_recording(path, &default_request);
  CHECK(find_threads("camera", &blocked) == 1, "no thread has the name");
  pthread_sigmask(SIG_BLOCK, NULL, &own);
  for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
    CHECK(blocked >> (handled[i] - 1) & 1, "signal %d may reach the camera's thread", handled[i]);
    CHECK(!sigismember(&own, handled[i]), "signal %d is blocked in this thread", handled[i]);
  }
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  CHECK(find_threads("camera", &blocked) == 0, "the thread goes on");
  unlink(path);
}

/* The granted settings, and the image and JPEG that the request asks for. */
static void test_settings(void) {
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  char path[64];
  struct ph_camera_granted granted;
  struct ph_camera_frame frame;
  struct ph_camera_request request = default_request;
  ph_camera *camera;
  request.transform = PH_TRANSFORM_CLOCKWISE_90;
  request.jpeg_quality = 100;
  request.fourcc = V4L2_PIX_FMT_MJPEG;
  write_recording(path, 1, 1);
  int files = open_files();
  CHECK(ph_camera_open(path, &request, &granted, &camera) == PH_OK, "%s", granted.message);
  CHECK(granted.width == 160 && granted.height == 128 && granted.fps_milli == 200000 &&
            granted.fourcc == V4L2_PIX_FMT_MJPEG && granted.message[0] == '\0',
        "%dx%d, %d, %s", granted.width, granted.height, granted.fps_milli, granted.message);
  CHECK(strcmp(granted.name, "recording") == 0 && strcmp(granted.bus, "file") == 0 &&
            strcmp(granted.driver, "file") == 0,
        "%s, %s, %s", granted.name, granted.bus, granted.driver);
  int status = ph_camera_next(camera, 5000, pixels, sizeof pixels, jpeg, sizeof jpeg, &frame);
  CHECK(status == PH_OK && frame.image.width == 64 && frame.image.height == 80, "%d: %dx%d", status,
        frame.image.width, frame.image.height);
  CHECK(frame.image.full_width == 128 && frame.jpeg_bytes > 2000, "%d bytes", frame.jpeg_bytes);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  CHECK(open_files() == files, "%d files stay open", open_files() - files);
  unlink(path);
}

/* A driver that does not respond to close costs 2 s. Its thread and memory are lost. */
static void test_hanging_close(void) {
  char path[64];
  write_recording(path, 1, 2);
  ph_camera *camera = open_recording(path, &default_request);
  int64_t before = ph_monotonic_us();
  CHECK(ph_camera_close(camera) == PH_ERR_TIMEOUT, "the driver hangs");
  CHECK(strstr(ph_error_message(), "does not respond") != NULL, "%s", ph_error_message());
  int64_t waited = ph_monotonic_us() - before;
  CHECK(waited >= 1800000, "%lld us", (long long)waited);
  unlink(path);
}

static void *wait_in_next(void *argument) {
  static uint8_t pixels[1 << 16], jpeg[1 << 17];
  struct ph_camera_frame frame;
  int status;
  do {
    status = ph_camera_next(argument, 60000, pixels, sizeof pixels, jpeg, sizeof jpeg, &frame);
  } while (status == PH_OK);
  return (void *)(intptr_t)status;
}

/* Opens, reads, locks and stops repeatedly from several threads. */
static void test_stop(void) {
  char path[64];
  write_recording(path, 5, 1);
  for (int i = 0; i < 20; i++) {
    struct ph_camera_request request = default_request;
    request.transform = i % 6;
    request.jpeg_quality = 50;
    request.fps_milli = i % 2 ? 500000 : 100;
    ph_camera *camera = open_recording(path, &request);
    pthread_t reader;
    void *status;
    pthread_create(&reader, NULL, wait_in_next, camera);
    usleep((useconds_t)(1000 * (i % 7)));
    ph_camera_lock(camera, i % 2);
    ph_camera_stop(camera);
    pthread_join(reader, &status);
    CHECK((intptr_t)status == PH_ERR_STATE, "%d", (int)(intptr_t)status);
    CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  }
  unlink(path);
}

static void check_refused(const char *path, const struct ph_camera_request *request, int expected) {
  struct ph_camera_granted granted;
  ph_camera *camera;
  memset(&granted, 0x77, sizeof granted);
  int status = ph_camera_open(path, request, &granted, &camera);
  CHECK(granted.width == 0 && granted.fourcc == 0 && granted.name[0] == '\0', "%s", path);
  CHECK(status == expected && granted.message[0] != '\0' && camera == NULL, "%s: %d: %s", path,
        status, granted.message);
}

/* The limits of the requested values. */
static void test_limits(void) {
  static const struct {
    int width, height, transform, quality, expected;
  } cases[] = {
      {1, 1, 0, 0, PH_OK},
      {0, 1, 0, 0, PH_ERR_ARGUMENT},
      {1, 0, 0, 0, PH_ERR_ARGUMENT},
      {-1, 1, 0, 0, PH_ERR_ARGUMENT},
      {1, 1, PH_TRANSFORM_MIRROR_VERTICAL, 0, PH_OK},
      {1, 1, PH_TRANSFORM_MIRROR_VERTICAL + 1, 0, PH_ERR_ARGUMENT},
      {1, 1, -1, 0, PH_ERR_ARGUMENT},
      {1, 1, 0, 100, PH_OK},
      {1, 1, 0, 101, PH_ERR_ARGUMENT},
      {1, 1, 0, -1, PH_ERR_ARGUMENT},
  };
  char path[64];
  write_recording(path, 1, 1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct ph_camera_request request = default_request;
    request.width = cases[i].width;
    request.height = cases[i].height;
    request.transform = cases[i].transform;
    request.jpeg_quality = cases[i].quality;
    if (cases[i].expected == PH_OK) {
      ph_camera *camera = open_recording(path, &request);
      if (camera != NULL) ph_camera_close(camera);
    } else {
      check_refused(path, &request, cases[i].expected);
    }
  }
  unlink(path);
}

static void test_refusals(void) {
  char path[64], text[256];
  struct ph_camera_request request = default_request;
  check_refused("/dev/video99", &request, PH_ERR_NO_DEVICE);
  check_refused("/dev/null", &request, PH_ERR_FORMAT);
  check_refused("/tmp", &request, PH_ERR_SYSTEM); /* cannot be opened for writing */
  check_refused("/proc/self/status", &request, PH_ERR_FORMAT);
  write_recording(path, 1, 0);
  memcpy(&request.fourcc, "YUYV", 4);
  check_refused(path, &request, PH_ERR_FORMAT);
  request.width = 0;
  check_refused(path, &request, PH_ERR_ARGUMENT);
  unlink(path);
  CHECK(ph_camera_stable_path("/dev/null", text, sizeof text) == PH_ERR_NO_DEVICE, "%s", text);
  CHECK(ph_camera_node_name("/dev/null", text, sizeof text) == PH_ERR_NO_DEVICE, "%s", text);
  CHECK(ph_camera_node_name("/nothing", text, sizeof text) == PH_ERR_NO_DEVICE, "%s", text);
  int length = ph_camera_list(text, sizeof text);
  CHECK(length >= 0, "%d: %s", length, ph_error_message());
}

void test_cameras(void) {
  test_counts();
  test_overrun();
  test_driver_errors();
  test_requeue();
  test_lock();
  test_hang_up();
  test_prompt_stop();
  test_signals();
  test_settings();
  test_limits();
  test_stop();
  test_refusals();
  test_hanging_close();
}

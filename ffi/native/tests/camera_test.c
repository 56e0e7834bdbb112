#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../camera.h"
#include "../camera_list.h"
#include "../device.h"
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
  int status = ph_camera_open(path, request, &granted, &camera);
  CHECK(status == expected && granted.message[0] != '\0' && camera == NULL, "%s: %d: %s", path,
        status, granted.message);
}

static void test_refusals(void) {
  char path[64], text[256];
  struct ph_camera_request request = default_request;
  check_refused("/dev/video99", &request, PH_ERR_NO_DEVICE);
  check_refused("/dev/null", &request, PH_ERR_FORMAT);
  check_refused("/proc/self/status", &request, PH_ERR_FORMAT);
  write_recording(path, 1, 0);
  memcpy(&request.fourcc, "YUYV", 4);
  check_refused(path, &request, PH_ERR_FORMAT);
  request.width = 0;
  check_refused(path, &request, PH_ERR_ARGUMENT);
  unlink(path);
  CHECK(ph_camera_stable_path("/dev/null", text, sizeof text) == PH_ERR_NO_DEVICE, "%s", text);
  int length = ph_camera_list(text, sizeof text);
  CHECK(length >= 0, "%d: %s", length, ph_error_message());
}

void test_cameras(void) {
  test_counts();
  test_overrun();
  test_driver_errors();
  test_stop();
  test_refusals();
}

/* The recording that simulates a camera, without the camera's thread. */
#include <linux/videodev2.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../device.h"
#include "../image.h"
#include "check.h"
#include "native_test.h"

enum { LOOP = 1, HANG_OPEN = 4, DAMAGED = 1, SILENT = 2, HEADER = 24 };

struct recording {
  char path[64];
  FILE *file;
};

static void put_u32(FILE *file, uint32_t value) {
  for (int i = 0; i < 4; i++) fputc((int)(value >> (8 * i) & 255), file);
}

static struct recording begin(uint32_t fourcc, int width, int height, uint32_t modes) {
  struct recording recording = {.path = "/tmp/native_test.XXXXXX"};
  recording.file = fdopen(mkstemp(recording.path), "w");
  fwrite("PHCAM1\0", 1, 8, recording.file);
  put_u32(recording.file, fourcc);
  put_u32(recording.file, (uint32_t)width);
  put_u32(recording.file, (uint32_t)height);
  put_u32(recording.file, modes);
  return recording;
}

/* Adds a frame with `size` bytes of `value`. */
static void add(struct recording *recording, uint32_t flags, uint32_t lost, int size, int value) {
  put_u32(recording->file, flags);
  put_u32(recording->file, lost);
  put_u32(recording->file, (uint32_t)size);
  for (int i = 0; i < size; i++) fputc(value, recording->file);
}

static int open_file(const char *path, uint32_t fourcc, int fps_milli, struct ph_device **device) {
  struct ph_device_request request = {
      .path = path, .width = 1, .height = 1, .fps_milli = fps_milli, .fourcc = fourcc};
  *device = NULL;
  return ph_file_device_open(&request, device);
}

/* Writes the rest of the recording, opens it and removes the file. */
static struct ph_device *finish(struct recording *recording, int fps_milli) {
  struct ph_device *device;
  fclose(recording->file);
  int status = open_file(recording->path, 0, fps_milli, &device);
  CHECK(status == PH_OK, "%d: %s", status, ph_error_message());
  unlink(recording->path);
  return device;
}

/* Waits for the next frame as the camera's thread does. */
static int next(struct ph_device *device, struct ph_device_buffer *buffer) {
  int status;
  do {
    struct pollfd polled = {device->fd, POLLIN, 0};
    CHECK(poll(&polled, 1, 5000) == 1, "no frame became due");
    status = device->operations->dequeue(device, buffer);
  } while (status == PH_ERR_TIMEOUT);
  return status;
}

static void check_next(struct ph_device *device, uint32_t sequence, int damaged, size_t size,
                       int value) {
  struct ph_device_buffer buffer;
  int status = next(device, &buffer);
  CHECK(status == PH_OK, "%d: %s", status, ph_error_message());
  if (status != PH_OK) return;
  CHECK(buffer.sequence == sequence && buffer.damaged == damaged && buffer.size == size,
        "frame %u: damaged %d, %zu bytes", buffer.sequence, buffer.damaged, buffer.size);
  for (size_t i = 0; i < size; i++) CHECK(buffer.data[i] == value, "byte %zu", i);
  CHECK(device->operations->requeue(device, buffer.index) == PH_OK, "requeue");
}

static void check_ended(struct ph_device *device) {
  struct ph_device_buffer buffer;
  CHECK(next(device, &buffer) == PH_ERR_NO_DEVICE, "the recording has not ended");
  CHECK(strstr(ph_error_message(), "it has ended") != NULL, "%s", ph_error_message());
  device->operations->close(device);
}

static void test_frames(void) {
  for (int loop = 0; loop < 2; loop++) {
    struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, loop ? LOOP : 0);
    add(&recording, 0, 0, 300, 11);
    add(&recording, DAMAGED, 0, 3, 12);
    add(&recording, 0, 2, 0, 0);
    struct ph_device *device = finish(&recording, 2000000);
    CHECK(device->operations->start(device) == PH_OK, "%s", ph_error_message());
    for (uint32_t round = 0; round < (loop ? 3 : 1); round++) {
      check_next(device, 5 * round, 0, 300, 11);
      check_next(device, 5 * round + 1, 1, 3, 12);
      check_next(device, 5 * round + 4, 0, 0, 0);
    }
    if (loop) {
      CHECK(device->operations->lock(device, 1) == 0, "it has no controls");
      device->operations->close(device);
    } else {
      check_ended(device);
    }
  }
}

/* A recording whose last frame is incomplete ends before it. */
static void test_truncation(void) {
  for (int missing = 0; missing <= 2; missing++) {
    struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, 0);
    add(&recording, 0, 0, 5, 1);
    put_u32(recording.file, 0);
    put_u32(recording.file, 0);
    put_u32(recording.file, 10);
    for (int i = 0; i < 10 - missing; i++) fputc(2, recording.file);
    struct ph_device *device = finish(&recording, 2000000);
    device->operations->start(device);
    check_next(device, 0, 0, 5, 1);
    if (missing == 0) check_next(device, 1, 0, 10, 2);
    check_ended(device);
  }
  struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, LOOP);
  fwrite("01234567890", 1, 11, recording.file); /* a byte less than the head of a frame */
  struct ph_device *device = finish(&recording, 2000000);
  device->operations->start(device);
  check_ended(device);
}

/* The frames are due at exact intervals from the start on, and not before. */
static void test_times(void) {
  static const int cases[][2] = {{500000, 2000}, {0, 33333}, {7000, 142857}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, LOOP);
    add(&recording, 0, 0, 1, 1);
    struct ph_device *device = finish(&recording, cases[i][0]);
    int64_t period = cases[i][1], before = ph_monotonic_us(), last = 0;
    device->operations->start(device);
    int64_t after = ph_monotonic_us();
    for (int k = 0; k < 3; k++) {
      struct ph_device_buffer buffer;
      CHECK(next(device, &buffer) == PH_OK, "%s", ph_error_message());
      CHECK(ph_monotonic_us() >= buffer.time_us, "before it was due");
      if (k == 0) {
        CHECK(buffer.time_us >= before + period && buffer.time_us <= after + period, "%lld us",
              (long long)(buffer.time_us - before));
      } else {
        CHECK(buffer.time_us - last == period, "%lld us", (long long)(buffer.time_us - last));
      }
      last = buffer.time_us;
    }
    device->operations->close(device);
  }
  struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, 0);
  add(&recording, 0, 0, 1, 1);
  struct ph_device *device = finish(&recording, 100); /* 10 s */
  struct ph_device_buffer buffer;
  struct pollfd polled = {device->fd, POLLIN, 0};
  device->operations->start(device);
  CHECK(poll(&polled, 1, 0) == 0, "readable before a frame is due");
  CHECK(device->operations->dequeue(device, &buffer) == PH_ERR_TIMEOUT, "before it was due");
  device->operations->close(device);
}

/* The timer wakes the camera's thread once for each frame. */
static void test_timer(void) {
  static const struct {
    int fps_milli;
    struct timespec period;
  } cases[] = {{400, {2, 500000000}}, {500000, {0, 2000000}}, {1000, {1, 0}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, 0);
    struct ph_device *device = finish(&recording, cases[i].fps_milli);
    struct itimerspec timer;
    device->operations->start(device);
    CHECK(timerfd_gettime(device->fd, &timer) == 0, "timerfd_gettime");
    CHECK(timer.it_interval.tv_sec == cases[i].period.tv_sec &&
              timer.it_interval.tv_nsec == cases[i].period.tv_nsec,
          "%d: %ld s and %ld ns", cases[i].fps_milli, (long)timer.it_interval.tv_sec,
          timer.it_interval.tv_nsec);
    device->operations->close(device);
  }
}

/* Another process that opens the recording must be ended by a signal. */
static void test_hanging_open(void) {
  struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, HANG_OPEN);
  fclose(recording.file);
  pid_t child = fork();
  if (child == 0) {
    struct ph_device *device;
    ualarm(50000, 0);
    open_file(recording.path, 0, 30000, &device);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  unlink(recording.path);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM, "the call returned: %d", status);
}

/* The timer becomes quiet after each frame, and for good at a silent one. */
static void test_silence(void) {
  struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, LOOP);
  add(&recording, 0, 0, 1, 9);
  add(&recording, SILENT, 0, 1, 9);
  struct ph_device *device = finish(&recording, 200000);
  struct ph_device_buffer buffer;
  device->operations->start(device);
  check_next(device, 0, 0, 1, 9);
  int64_t end = ph_monotonic_us() + 5000000, quiet = 0;
  while (!quiet && ph_monotonic_us() < end) {
    struct pollfd polled = {device->fd, POLLIN, 0};
    quiet = poll(&polled, 1, 50) == 0; /* ten periods */
    CHECK(device->operations->dequeue(device, &buffer) == PH_ERR_TIMEOUT, "a silent frame");
  }
  CHECK(quiet, "the timer of a silent camera expires");
  device->operations->close(device);
}

static void test_format(void) {
  static const struct {
    uint32_t fourcc;
    int stride;
  } cases[] = {{V4L2_PIX_FMT_MJPEG, 0}, {V4L2_PIX_FMT_YUYV, 640}, {V4L2_PIX_FMT_GREY, 320}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct recording recording = begin(cases[i].fourcc, 320, 240, 0);
    struct ph_device *device = finish(&recording, 15000);
    const struct ph_device_format *format = &device->format;
    CHECK(format->fourcc == cases[i].fourcc && format->stride == cases[i].stride, "stride %d",
          format->stride);
    CHECK(format->width == 320 && format->height == 240 && format->fps_milli == 15000, "%dx%d, %d",
          format->width, format->height, format->fps_milli);
    CHECK(strcmp(format->name, "recording") == 0 && strcmp(format->bus, "file") == 0 &&
              strcmp(format->driver, "file") == 0,
          "%s, %s, %s", format->name, format->bus, format->driver);
    device->operations->close(device);
  }
}

/* Whether a file is mapped into the memory of this process. */
static int is_mapped(const char *path) {
  char line[512], end[128];
  int found = 0;
  snprintf(end, sizeof end, " %s\n", path);
  FILE *maps = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, maps) != NULL) found |= strstr(line, end) != NULL;
  fclose(maps);
  return found;
}

static void check_refused(const char *path, uint32_t fourcc, int expected, const char *reason) {
  struct ph_device *device;
  int files = open_files();
  int status = open_file(path, fourcc, 30000, &device);
  CHECK(status == expected && device == NULL, "%s: %d", reason, status);
  CHECK(strstr(ph_error_message(), reason) != NULL, "%s", ph_error_message());
  CHECK(open_files() == files && !is_mapped(path), "%s was not closed", path);
}

static void check_header(int width, int height, size_t bytes, int expected, const char *reason) {
  struct recording recording = begin(V4L2_PIX_FMT_GREY, width, height, 0);
  fflush(recording.file);
  CHECK(ftruncate(fileno(recording.file), (off_t)bytes) == 0, "ftruncate");
  fclose(recording.file);
  struct ph_device *device;
  int files = open_files();
  if (expected == PH_OK) {
    CHECK(open_file(recording.path, V4L2_PIX_FMT_GREY, 0, &device) == PH_OK, "%dx%d: %s", width,
          height, ph_error_message());
    CHECK(is_mapped(recording.path), "not mapped");
    device->operations->close(device);
    CHECK(open_files() == files && !is_mapped(recording.path), "was not closed");
  } else {
    check_refused(recording.path, 0, expected, reason);
  }
  unlink(recording.path);
}

static void test_refusals(void) {
  enum { ROWS = PH_MAX_PIXELS / 1024 };
  check_header(4, 4, HEADER, PH_OK, "");
  check_header(1, 1, HEADER, PH_OK, "");
  check_header(4, 4, HEADER - 1, PH_ERR_FORMAT, "it is not a video device");
  check_header(4, 4, 0, PH_ERR_FORMAT, "it is not a video device");
  check_header(0, 4, HEADER, PH_ERR_FORMAT, "unsupported size: 0x4 pixels");
  check_header(4, 0, HEADER, PH_ERR_FORMAT, "unsupported size: 4x0 pixels");
  check_header(-4, -4, HEADER, PH_ERR_FORMAT, "unsupported size");
  check_header(1024, ROWS, HEADER, PH_OK, "");
  check_header(1024, ROWS + 1, HEADER, PH_ERR_FORMAT, "unsupported size");
  check_header(1 << 16, 1 << 16, HEADER, PH_ERR_FORMAT, "unsupported size");
  check_refused("/nowhere", 0, PH_ERR_NO_DEVICE, "Cannot open /nowhere");
  check_refused("/tmp", 0, PH_ERR_NO_DEVICE, "Cannot map /tmp");
  check_refused("/bin/sh", 0, PH_ERR_FORMAT, "it is not a video device");
  struct recording recording = begin(V4L2_PIX_FMT_GREY, 4, 4, 0);
  fclose(recording.file);
  check_refused(recording.path, V4L2_PIX_FMT_YUYV, PH_ERR_FORMAT, "does not offer the format YUYV");
  unlink(recording.path);
}

void test_file_devices(void) {
  test_frames();
  test_truncation();
  test_times();
  test_timer();
  test_hanging_open();
  test_silence();
  test_format();
  test_refusals();
}

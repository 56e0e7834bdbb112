/* Tests the camera code with vivid, the kernel's virtual video driver: see tests/vm.
 *
 *   vivid_check list                       prints the text of ph_camera_list
 *   vivid_check formats DEVICE             checks the image of every raw format, scale and
 * transform
 *   vivid_check controls DEVICE            checks lock and unlock
 *   vivid_check lock DEVICE                locks and unlocks, for a camera that logs its controls
 *   vivid_check errors DEVICE              checks the errors that the driver injects
 *   vivid_check set DEVICE CONTROL VALUE   sets a control by its name */
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../camera.h"
#include "../camera_list.h"
#include "../transform.h"
#include "../v4l2_call.h"
#include "check.h"

int failures;

enum { PIXELS = 1280 * 720 * 3, JPEG = 1024 * 1024, BARS = 8, TOLERANCE = 8 };

static uint8_t pixels[PIXELS], jpeg[JPEG];

static const struct ph_camera_request default_request = {
    .width = 640, .height = 360, .fps_milli = 30000, .power_line = -1, .min_width = 320};

/* 75 % colour bars, from the left. */
static const int bars[BARS][3] = {{191, 191, 191}, {191, 191, 0}, {0, 191, 191}, {0, 191, 0},
                                  {191, 0, 191},   {191, 0, 0},   {0, 0, 191},   {0, 0, 0}};

static int find_control(int fd, const char *name, struct v4l2_queryctrl *query) {
  *query = (struct v4l2_queryctrl){.id = V4L2_CTRL_FLAG_NEXT_CTRL};
  while (ph_ioctl(fd, VIDIOC_QUERYCTRL, query) == 0) {
    if (strcmp((const char *)query->name, name) == 0) return 1;
    query->id |= V4L2_CTRL_FLAG_NEXT_CTRL;
  }
  return 0;
}

static int set_control(const char *path, const char *name, int value) {
  struct v4l2_queryctrl query;
  int fd = open(path, O_RDWR | O_NONBLOCK);
  int found = fd >= 0 && find_control(fd, name, &query);
  struct v4l2_control control = {.id = query.id, .value = value};
  int error = found ? ph_ioctl(fd, VIDIOC_S_CTRL, &control) : -1;
  if (fd >= 0) close(fd);
  CHECK(error == 0, "cannot set %s of %s: %d", name, path, error);
  return error;
}

static int get_control(const char *path, uint32_t id) {
  struct v4l2_control control = {.id = id};
  int fd = open(path, O_RDWR | O_NONBLOCK);
  int error = ph_ioctl(fd, VIDIOC_G_CTRL, &control);
  close(fd);
  CHECK(error == 0, "cannot read control %x: %d", id, error);
  return control.value;
}

static ph_camera *open_camera(const char *path, const struct ph_camera_request *request,
                              struct ph_camera_granted *granted) {
  ph_camera *camera;
  int status = ph_camera_open(path, request, granted, &camera);
  CHECK(status == PH_OK, "%s", granted->message);
  return status == PH_OK ? camera : NULL;
}

static int next_frame(ph_camera *camera, struct ph_camera_frame *frame) {
  return ph_camera_next(camera, 5000, pixels, sizeof pixels, jpeg, sizeof jpeg, frame);
}

static int clamp(double value) { return value < 0 ? 0 : value > 255 ? 255 : (int)(value + 0.5); }

static double mean(const uint8_t *plane, int stride, int x0, int x1, int y0, int y1) {
  long sum = 0;
  for (int y = y0; y < y1; y++) {
    for (int x = x0; x < x1; x++) sum += plane[y * stride + x];
  }
  return (double)sum / ((x1 - x0) * (y1 - y0));
}

/* Returns the mean color around a point; `x` and `y` are 0..1. */
static void color_at(const struct ph_image *image, double x, double y, int rgb[3]) {
  int left = (int)((x - 0.02) * image->width), right = (int)((x + 0.02) * image->width);
  int top = (int)((y - 0.02) * image->height), bottom = (int)((y + 0.02) * image->height);
  double luma = mean(pixels + image->y_offset, image->y_stride, left, right, top, bottom);
  double u = 128, v = 128;
  if (image->u_offset >= 0) {
    int sx = image->chroma_shift_x, sy = image->chroma_shift_y;
    u = mean(pixels + image->u_offset, image->uv_stride, left >> sx, right >> sx, top >> sy,
             bottom >> sy);
    v = mean(pixels + image->v_offset, image->uv_stride, left >> sx, right >> sx, top >> sy,
             bottom >> sy);
  }
  double scale = image->full_range ? 1 : 255.0 / 219, chroma = image->full_range ? 1 : 255.0 / 224;
  double kr = image->bt709 ? 0.2126 : 0.299, kb = image->bt709 ? 0.0722 : 0.114;
  luma = (luma - (image->full_range ? 0 : 16)) * scale;
  u = (u - 128) * chroma;
  v = (v - 128) * chroma;
  rgb[0] = clamp(luma + 2 * (1 - kr) * v);
  rgb[1] =
      clamp(luma - 2 * kb * (1 - kb) / (1 - kr - kb) * u - 2 * kr * (1 - kr) / (1 - kr - kb) * v);
  rgb[2] = clamp(luma + 2 * (1 - kb) * u);
}

/* Transforms a point; `x` and `y` are 0..1. */
static void transformed_point(enum ph_transform transform, double *x, double *y) {
  double a = *x, b = *y;
  switch (transform) {
    case PH_TRANSFORM_CLOCKWISE_90:
      *x = 1 - b;
      *y = a;
      break;
    case PH_TRANSFORM_COUNTERCLOCKWISE_90:
      *x = b;
      *y = 1 - a;
      break;
    case PH_TRANSFORM_CLOCKWISE_180:
      *x = 1 - a;
      *y = 1 - b;
      break;
    case PH_TRANSFORM_MIRROR_HORIZONTAL: *x = 1 - a; break;
    case PH_TRANSFORM_MIRROR_VERTICAL: *y = 1 - b; break;
    default: break;
  }
}

static void check_bars(const struct ph_image *image, enum ph_transform transform,
                       const char *what) {
  int grayscale = image->u_offset < 0;
  for (int i = 0; i < BARS; i++) {
    double x = (i + 0.5) / BARS, y = 0.8;
    int found[3];
    transformed_point(transform, &x, &y);
    color_at(image, x, y, found);
    /* vivid computes gray as the luma of Rec. 709. */
    int luma = clamp(0.2126 * bars[i][0] + 0.7152 * bars[i][1] + 0.0722 * bars[i][2]);
    for (int c = 0; c < 3; c++) {
      int expected = grayscale ? luma : bars[i][c];
      CHECK(abs(found[c] - expected) <= TOLERANCE, "%s: bar %d, channel %d is %d, not %d", what, i,
            c, found[c], expected);
    }
  }
}

static void check_stream(const char *path, const struct ph_camera_request *request,
                         const char *what) {
  struct ph_camera_granted granted;
  ph_camera *camera = open_camera(path, request, &granted);
  if (camera == NULL) return;
  CHECK(granted.fourcc == request->fourcc, "%s: granted %.4s", what, (char *)&granted.fourcc);
  CHECK(granted.width == request->width && granted.height == request->height, "%s: granted %dx%d",
        what, granted.width, granted.height);
  struct ph_camera_frame frame;
  int64_t first_us = 0, last_us = 0, last_sequence = -1;
  const int count = 8;
  for (int i = 0; i < count; i++) {
    int status = next_frame(camera, &frame);
    CHECK(status == PH_OK, "%s: frame %d: %d: %s", what, i, status, frame.message);
    if (status != PH_OK) break;
    int64_t age_us = ph_monotonic_us() - frame.time_us;
    CHECK(frame.time_us > last_us, "%s: the time of frame %d does not increase", what, i);
    CHECK(frame.sequence > last_sequence, "%s: the sequence of frame %d does not increase", what,
          i);
    /* vivid timestamps the end of a frame that it fills in advance: up to one frame ahead. */
    CHECK(age_us > -200000 && age_us < 2000000, "%s: frame %d is %lld us old", what, i,
          (long long)age_us);
    if (i == 0) first_us = frame.time_us;
    last_us = frame.time_us;
    last_sequence = frame.sequence;
  }
  /* By the sequence numbers, so that lost frames on a slow machine do not matter. */
  double period_us = last_sequence > 0 ? (double)(last_us - first_us) / last_sequence : 0;
  double expected_us = 1e9 / granted.fps_milli;
  CHECK(period_us > expected_us * 0.7 && period_us < expected_us * 1.5,
        "%s: frame period %.0f us, not %.0f", what, period_us, expected_us);
  check_bars(&frame.image, (enum ph_transform)request->transform, what);
  if (request->jpeg_quality > 0) {
    CHECK(frame.jpeg_bytes > 1000 && jpeg[0] == 0xff && jpeg[1] == 0xd8, "%s: JPEG of %d bytes",
          what, frame.jpeg_bytes);
  }
  CHECK(ph_camera_close(camera) == PH_OK, "%s: %s", what, ph_error_message());
  printf("ok %s: %dx%d of %s, %lld lost\n", what, frame.image.width, frame.image.height,
         granted.name, (long long)frame.lost);
}

static void check_formats(const char *path) {
  static const char *const formats[] = {"YUYV", "UYVY", "YVYU", "VYUY", "NV12", "NV21",
                                        "YU12", "GREY", "Y10 ", "Y12 ", "Y16 "};
  char what[64];
  set_control(path, "OSD Text Mode", 2);
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    struct ph_camera_request request = default_request;
    memcpy(&request.fourcc, formats[i], 4);
    check_stream(path, &request, formats[i]);
  }
  struct ph_camera_request request = default_request;
  memcpy(&request.fourcc, "YUYV", 4);
  for (int transform = PH_TRANSFORM_NONE; transform < PH_TRANSFORM_COUNT; transform++) {
    request.transform = transform;
    request.jpeg_quality = 80;
    snprintf(what, sizeof what, "YUYV transform %d", transform);
    check_stream(path, &request, what);
  }
  request = default_request;
  request.width = 1280;
  request.height = 720;
  memcpy(&request.fourcc, "YUYV", 4);
  for (int min_width = 160; min_width <= 1280; min_width *= 2) {
    request.min_width = min_width;
    snprintf(what, sizeof what, "YUYV 1280 scaled to %d", min_width);
    check_stream(path, &request, what);
  }
  memcpy(&request.fourcc, "H264", 4);
  struct ph_camera_granted granted;
  ph_camera *camera;
  CHECK(ph_camera_open(path, &request, &granted, &camera) == PH_ERR_FORMAT, "%s", granted.message);
  printf("ok unsupported format: %s\n", granted.message);
}

static void check_controls(const char *path) {
  struct ph_camera_granted granted;
  struct ph_camera_frame frame;
  ph_camera *camera = open_camera(path, &default_request, &granted);
  if (camera == NULL) return;
  CHECK(get_control(path, V4L2_CID_AUTOGAIN) == 1, "automatic gain is off after open");
  ph_camera_lock(camera, 1);
  for (int i = 0; i < 100 && get_control(path, V4L2_CID_AUTOGAIN) == 1; i++) {
    next_frame(camera, &frame);
  }
  CHECK(get_control(path, V4L2_CID_AUTOGAIN) == 0, "automatic gain is still on after lock");
  int gain = get_control(path, V4L2_CID_GAIN);
  next_frame(camera, &frame);
  CHECK(get_control(path, V4L2_CID_GAIN) == gain, "the gain changed while locked");
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  CHECK(get_control(path, V4L2_CID_AUTOGAIN) == 1, "automatic gain is off after close");
  printf("ok locked the gain at %d and unlocked it\n", gain);
}

static void lock_and_unlock(const char *path) {
  struct ph_camera_granted granted;
  struct ph_camera_frame frame;
  ph_camera *camera = open_camera(path, &default_request, &granted);
  if (camera == NULL) return;
  for (int lock = 1; lock >= 0; lock--) {
    for (int i = 0; i < 3; i++) CHECK(next_frame(camera, &frame) == PH_OK, "%s", frame.message);
    ph_camera_lock(camera, lock);
  }
  for (int i = 0; i < 3; i++) CHECK(next_frame(camera, &frame) == PH_OK, "%s", frame.message);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
}

static void check_busy(const char *path) {
  struct ph_camera_granted granted, refused;
  ph_camera *camera = open_camera(path, &default_request, &granted), *second = NULL;
  int status = ph_camera_open(path, &default_request, &refused, &second);
  CHECK(status == PH_ERR_BUSY, "%d: %s", status, refused.message);
  if (camera != NULL) ph_camera_close(camera);
  printf("ok busy: %s\n", refused.message);
}

static void check_errors(const char *path) {
  struct ph_camera_granted granted;
  struct ph_camera_frame frame;
  ph_camera *camera = open_camera(path, &default_request, &granted);
  if (camera == NULL) return;
  int status = next_frame(camera, &frame);
  set_control(path, "Inject V4L2_BUF_FLAG_ERROR", 1);
  for (int i = 0; i < 60 && status == PH_OK && frame.damaged == 0; i++) {
    status = next_frame(camera, &frame);
  }
  CHECK(frame.damaged > 0, "no damaged frame was counted: %d: %s", status, frame.message);
  printf("ok damaged: %s\n", frame.message);

  set_control(path, "Percentage of Dropped Buffers", 50);
  int64_t before = frame.lost;
  for (int i = 0; i < 60 && status == PH_OK && frame.lost == before; i++) {
    status = next_frame(camera, &frame);
  }
  CHECK(frame.lost > before, "no lost frame was counted");
  set_control(path, "Percentage of Dropped Buffers", 0);
  printf("ok lost: %lld\n", (long long)frame.lost);

  set_control(path, "Inject Fatal Streaming Error", 1);
  for (int i = 0; i < 60 && status == PH_OK; i++) status = next_frame(camera, &frame);
  CHECK(status == PH_ERR_SYSTEM, "%d: %s", status, frame.message);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  printf("ok fatal: %s\n", frame.message);

  camera = open_camera(path, &default_request, &granted);
  if (camera == NULL) return;
  next_frame(camera, &frame);
  set_control(path, "Disconnect", 1);
  do status = next_frame(camera, &frame);
  while (status == PH_OK);
  CHECK(status == PH_ERR_NO_DEVICE, "%d: %s", status, frame.message);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  printf("ok disconnected: %s\n", frame.message);

  set_control(path, "Inject VIDIOC_STREAMON Error", 1);
  status = ph_camera_open(path, &default_request, &granted, &camera);
  CHECK(status == PH_ERR_SYSTEM, "%d: %s", status, granted.message);
  printf("ok not started: %s\n", granted.message);
  camera = open_camera(path, &default_request, &granted);
  CHECK(next_frame(camera, &frame) == PH_OK, "%s", frame.message);
  CHECK(ph_camera_close(camera) == PH_OK, "%s", ph_error_message());
  printf("ok recovered\n");
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  const char *task = count > 1 ? arguments[1] : "", *path = count > 2 ? arguments[2] : "";
  if (strcmp(task, "list") == 0) {
    static char text[65536];
    ph_camera_list(text, sizeof text);
    fputs(text, stdout);
  } else if (strcmp(task, "formats") == 0) {
    check_formats(path);
  } else if (strcmp(task, "controls") == 0) {
    check_controls(path);
    check_busy(path);
  } else if (strcmp(task, "lock") == 0) {
    lock_and_unlock(path);
  } else if (strcmp(task, "errors") == 0) {
    check_errors(path);
  } else if (strcmp(task, "set") == 0 && count == 5) {
    set_control(path, arguments[3], atoi(arguments[4]));
  } else {
    fprintf(stderr, "vivid_check: Cannot understand '%s'\n", task);
    return 64;
  }
  return failures > 0;
}

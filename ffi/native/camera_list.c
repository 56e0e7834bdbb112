#include "camera_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame_converter.h"
#include "v4l2_call.h"

enum { MAX_CAMERAS = 64, MAX_SIZES = 64, MAX_RATES = 32 };

struct text {
  char *start;
  size_t capacity, length;
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format,
                                                         ...) {
  va_list arguments;
  size_t left = text->length < text->capacity ? text->capacity - text->length : 0;
  va_start(arguments, format);
  int length = vsnprintf(left > 0 ? text->start + text->length : NULL, left, format, arguments);
  va_end(arguments);
  if (length > 0) text->length += (size_t)length;
}

/* Appends a string of a driver with its control characters replaced by spaces. */
static void append_field(struct text *text, const void *bytes, size_t size) {
  const char *field = bytes;
  append(text, "\t");
  for (size_t i = 0; i < size && field[i] != '\0'; i++) {
    append(text, "%c", (unsigned char)field[i] < ' ' ? ' ' : field[i]);
  }
}

static void append_rate(struct text *text, const struct v4l2_fract *interval) {
  if (interval->numerator == 0) return;
  append(text, "\t%llu", 1000ULL * interval->denominator / interval->numerator);
}

static void list_rates(int fd, uint32_t fourcc, uint32_t width, uint32_t height,
                       struct text *text) {
  struct v4l2_frmivalenum rate = {.pixel_format = fourcc, .width = width, .height = height};
  for (; rate.index < MAX_RATES; rate.index++) {
    if (ph_ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &rate) != 0) return;
    if (rate.type != V4L2_FRMIVAL_TYPE_DISCRETE) return append_rate(text, &rate.stepwise.min);
    append_rate(text, &rate.discrete);
  }
}

static void list_size(int fd, uint32_t fourcc, uint32_t width, uint32_t height, struct text *text) {
  append(text, "size\t%u\t%u", width, height);
  list_rates(fd, fourcc, width, height, text);
  append(text, "\n");
}

/* Lists common sizes for a camera that supports a range of sizes. */
static void list_common_sizes(int fd, uint32_t fourcc, const struct v4l2_frmsize_stepwise *range,
                              struct text *text) {
  static const uint32_t common[][2] = {{320, 240}, {640, 480}, {1280, 720}, {1920, 1080}};
  for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
    uint32_t width = common[i][0], height = common[i][1];
    if (width >= range->min_width && width <= range->max_width && height >= range->min_height &&
        height <= range->max_height) {
      list_size(fd, fourcc, width, height, text);
    }
  }
}

static void list_sizes(int fd, uint32_t fourcc, struct text *text) {
  struct v4l2_frmsizeenum size = {.pixel_format = fourcc};
  for (; size.index < MAX_SIZES; size.index++) {
    if (ph_ioctl(fd, VIDIOC_ENUM_FRAMESIZES, &size) != 0) return;
    if (size.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
      return list_common_sizes(fd, fourcc, &size.stepwise, text);
    }
    list_size(fd, fourcc, size.discrete.width, size.discrete.height, text);
  }
}

static void list_formats(int fd, struct text *text) {
  struct v4l2_fmtdesc format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
  for (; ph_ioctl(fd, VIDIOC_ENUM_FMT, &format) == 0; format.index++) {
    int readable = ph_is_jpeg(format.pixelformat) || ph_raw_format_find(format.pixelformat) != NULL;
    append(text, "format");
    append_field(text, &format.pixelformat, sizeof format.pixelformat);
    append_field(text, format.description, sizeof format.description);
    append(text, "\t%d\n", readable);
    list_sizes(fd, format.pixelformat, text);
  }
}

/* Reads the name from sysfs, which is readable without permission to open the device. */
static void read_name(int number, char *name, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/sys/class/video4linux/video%d/name", number);
  FILE *file = fopen(path, "re");
  name[0] = '\0';
  if (file == NULL) return;
  if (fgets(name, (int)size, file) != NULL) name[strcspn(name, "\n")] = '\0';
  fclose(file);
}

static int find_link(const char *directory_path, const char *target, char *link, size_t capacity) {
  char candidate[PATH_MAX], resolved[PATH_MAX];
  int found = 0;
  DIR *directory = opendir(directory_path);
  if (directory == NULL) return 0;
  for (struct dirent *entry; !found && (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    int length = snprintf(candidate, sizeof candidate, "%s/%s", directory_path, entry->d_name);
    if (length < 0 || (size_t)length >= capacity || (size_t)length >= sizeof candidate) continue;
    if (realpath(candidate, resolved) == NULL || strcmp(resolved, target) != 0) continue;
    memcpy(link, candidate, (size_t)length + 1);
    found = 1;
  }
  closedir(directory);
  return found;
}

static void list_unavailable(int number, const char *path, int error, struct text *text) {
  char name[64];
  if (error == ENODEV || error == ENXIO || error == ENOENT) return;
  read_name(number, name, sizeof name);
  append(text, "camera\t%s\t", path);
  append_field(text, name, sizeof name);
  append(text, "\t\t\t%s\n", strerror(error));
}

static void list_camera(int number, struct text *text) {
  char path[32], link[PATH_MAX], port[PATH_MAX];
  snprintf(path, sizeof path, "/dev/video%d", number);
  int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return list_unavailable(number, path, errno, text);
  struct v4l2_capability capability;
  if (ph_ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0) {
    uint32_t capabilities = capability.capabilities & V4L2_CAP_DEVICE_CAPS
                                ? capability.device_caps
                                : capability.capabilities;
    if (capabilities & V4L2_CAP_VIDEO_CAPTURE) {
      if (ph_camera_stable_path(path, link, sizeof link) != PH_OK) link[0] = '\0';
      append(text, "camera\t%s\t%s", path, link);
      append_field(text, capability.card, sizeof capability.card);
      append_field(text, capability.bus_info, sizeof capability.bus_info);
      append_field(text, capability.driver, sizeof capability.driver);
      if (!find_link("/dev/v4l/by-path", path, port, sizeof port)) port[0] = '\0';
      append(text, "\t\t%s\n", port);
      list_formats(fd, text);
    }
  }
  close(fd);
}

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int ph_camera_list(char *text, size_t capacity) {
  struct text out = {.start = text, .capacity = capacity};
  int numbers[MAX_CAMERAS], count = 0;
  if (capacity > 0) text[0] = '\0';
  DIR *directory = opendir("/dev");
  if (directory == NULL) return ph_fail(PH_ERR_SYSTEM, "Cannot read /dev: %s", strerror(errno));
  for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < MAX_CAMERAS;) {
    char end;
    if (sscanf(entry->d_name, "video%d%c", &numbers[count], &end) == 1) count++;
  }
  closedir(directory);
  qsort(numbers, (size_t)count, sizeof *numbers, by_number);
  for (int i = 0; i < count; i++) list_camera(numbers[i], &out);
  return (int)out.length;
}

int ph_camera_stable_path(const char *path, char *link, size_t capacity) {
  char target[PATH_MAX];
  if (realpath(path, target) != NULL && (find_link("/dev/v4l/by-id", target, link, capacity) ||
                                         find_link("/dev/v4l/by-path", target, link, capacity))) {
    return PH_OK;
  }
  return ph_fail(PH_ERR_NO_DEVICE, "Cannot find a stable path of %s", path);
}

int ph_camera_node_name(const char *path, char *name, size_t capacity) {
  char target[PATH_MAX], end;
  int number;
  if (capacity > 0) name[0] = '\0';
  if (realpath(path, target) != NULL && sscanf(target, "/dev/video%d%c", &number, &end) == 1) {
    read_name(number, name, capacity);
    if (name[0] != '\0') return PH_OK;
  }
  return ph_fail(PH_ERR_NO_DEVICE, "Cannot find the device node %s", path);
}

#include "v4l2_controls.h"

#include <linux/videodev2.h>
#include <stddef.h>

#include "v4l2_call.h"

/* An automatic, what turns it off, and the control that it drives. */
static const struct automatic {
  uint32_t id;
  int32_t manual;
  uint32_t driven;
} automatics[] = {
    {V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL, V4L2_CID_EXPOSURE_ABSOLUTE},
    {V4L2_CID_AUTOGAIN, 0, V4L2_CID_GAIN},
    {V4L2_CID_AUTO_WHITE_BALANCE, 0, V4L2_CID_WHITE_BALANCE_TEMPERATURE},
    {V4L2_CID_FOCUS_AUTO, 0, V4L2_CID_FOCUS_ABSOLUTE},
};

_Static_assert(sizeof automatics / sizeof *automatics <= PH_CONTROLS_MAX, "room for each");

static int get(int fd, uint32_t id, int32_t *value) {
  struct v4l2_control control = {.id = id};
  int error = ph_ioctl(fd, VIDIOC_G_CTRL, &control);
  *value = control.value;
  return error;
}

static int set(int fd, uint32_t id, int32_t value) {
  struct v4l2_control control = {.id = id, .value = value};
  return ph_ioctl(fd, VIDIOC_S_CTRL, &control);
}

static int has(int fd, uint32_t id, struct v4l2_queryctrl *query) {
  *query = (struct v4l2_queryctrl){.id = id};
  return ph_ioctl(fd, VIDIOC_QUERYCTRL, query) == 0 && !(query->flags & V4L2_CTRL_FLAG_DISABLED);
}

static int has_item(int fd, uint32_t id, int32_t index) {
  struct v4l2_querymenu menu = {.id = id, .index = (uint32_t)index};
  return ph_ioctl(fd, VIDIOC_QUERYMENU, &menu) == 0;
}

void ph_controls_prepare(int fd, int32_t power_line) {
  struct v4l2_queryctrl query;
  if (has(fd, V4L2_CID_EXPOSURE_AUTO, &query)) {
    /* Webcams know aperture priority, others full automatic. */
    int32_t mode = has_item(fd, query.id, V4L2_EXPOSURE_APERTURE_PRIORITY)
                       ? V4L2_EXPOSURE_APERTURE_PRIORITY
                       : V4L2_EXPOSURE_AUTO;
    set(fd, query.id, mode);
  }
  if (has(fd, V4L2_CID_EXPOSURE_AUTO_PRIORITY, &query)) set(fd, query.id, 0);
  if (has(fd, V4L2_CID_AUTOGAIN, &query)) set(fd, query.id, 1);
  if (has(fd, V4L2_CID_AUTO_WHITE_BALANCE, &query)) set(fd, query.id, 1);
  if (power_line >= 0 && has(fd, V4L2_CID_POWER_LINE_FREQUENCY, &query) &&
      has_item(fd, query.id, power_line)) {
    set(fd, query.id, power_line);
  }
}

int ph_controls_lock(struct ph_controls *controls, int fd) {
  if (controls->saved > 0) return controls->saved;
  controls->fd = fd;
  for (size_t i = 0; i < sizeof automatics / sizeof *automatics; i++) {
    const struct automatic *automatic = &automatics[i];
    struct v4l2_queryctrl query;
    int32_t before, driven;
    if (!has(fd, automatic->id, &query) || get(fd, automatic->id, &before) != 0) continue;
    if (before == automatic->manual) continue;
    int known = has(fd, automatic->driven, &query) && get(fd, automatic->driven, &driven) == 0;
    if (set(fd, automatic->id, automatic->manual) != 0) continue;
    /* Some devices jump to what the manual control was set to last. */
    if (known) set(fd, automatic->driven, driven);
    controls->before[controls->saved].id = automatic->id;
    controls->before[controls->saved].value = before;
    controls->saved++;
  }
  return controls->saved;
}

int ph_controls_unlock(struct ph_controls *controls) {
  int count = controls->saved;
  for (int i = 0; i < count; i++) {
    set(controls->fd, controls->before[i].id, controls->before[i].value);
  }
  controls->saved = 0;
  return count;
}

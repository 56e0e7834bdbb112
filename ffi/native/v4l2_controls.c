#include "v4l2_controls.h"

#include <linux/videodev2.h>

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

enum { AUTOMATICS = sizeof automatics / sizeof *automatics };
_Static_assert((int)AUTOMATICS <= (int)PH_CONTROLS_MAX, "room for each");

/* The value, or `otherwise` where it cannot be read. */
static int32_t get(int fd, uint32_t id, int32_t otherwise) {
  struct v4l2_control control = {.id = id};
  return ph_ioctl(fd, VIDIOC_G_CTRL, &control) == 0 ? control.value : otherwise;
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

void ph_controls_prepare(struct ph_controls *controls, int fd, int32_t power_line) {
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
  controls->fd = fd;
  for (int i = 0; i < AUTOMATICS; i++) controls->first[i] = get(fd, automatics[i].driven, 0);
}

int ph_controls_lock(struct ph_controls *controls) {
  if (controls->saved > 0) return controls->saved;
  int fd = controls->fd;
  for (int i = 0; i < AUTOMATICS; i++) {
    const struct automatic *automatic = &automatics[i];
    struct v4l2_queryctrl query;
    int32_t first = controls->first[i];
    if (!has(fd, automatic->id, &query)) continue;
    int32_t before = get(fd, automatic->id, automatic->manual);
    if (before == automatic->manual) continue;
    int32_t found = get(fd, automatic->driven, first);
    if (set(fd, automatic->id, automatic->manual) != 0) continue;
    /* Some devices then jump to what was set by hand last, and are put back. Others stay, but never
     * tell what they have found: a reading that never moves is not to be trusted. */
    if (found != first || get(fd, automatic->driven, found) != found) {
      set(fd, automatic->driven, found);
    }
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

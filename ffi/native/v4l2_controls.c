#include "v4l2_controls.h"

#include <linux/videodev2.h>

#include "v4l2_call.h"

/* An automatic control, its manual value, and the control that it adjusts. */
static const struct auto_control {
  uint32_t id;
  int32_t manual;
  uint32_t adjusted_id;
} auto_controls[] = {
    {V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL, V4L2_CID_EXPOSURE_ABSOLUTE},
    {V4L2_CID_AUTOGAIN, 0, V4L2_CID_GAIN},
    {V4L2_CID_AUTO_WHITE_BALANCE, 0, V4L2_CID_WHITE_BALANCE_TEMPERATURE},
    {V4L2_CID_FOCUS_AUTO, 0, V4L2_CID_FOCUS_ABSOLUTE},
};

enum { AUTO_CONTROLS = sizeof auto_controls / sizeof *auto_controls };
_Static_assert((int)AUTO_CONTROLS <= (int)PH_CONTROLS_MAX, "PH_CONTROLS_MAX is too small");

/* Returns the value of a control, or `fallback` if it cannot be read. */
static int32_t get(int fd, uint32_t id, int32_t fallback) {
  struct v4l2_control control = {.id = id};
  return ph_ioctl(fd, VIDIOC_G_CTRL, &control) == 0 ? control.value : fallback;
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
    /* Webcams offer aperture priority, other cameras full automatic exposure. */
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
  for (int i = 0; i < AUTO_CONTROLS; i++) {
    controls->initial[i] = get(fd, auto_controls[i].adjusted_id, 0);
  }
}

int ph_controls_lock(struct ph_controls *controls) {
  if (controls->saved_count > 0) return controls->saved_count;
  int fd = controls->fd;
  for (int i = 0; i < AUTO_CONTROLS; i++) {
    const struct auto_control *control = &auto_controls[i];
    struct v4l2_queryctrl query;
    int32_t initial = controls->initial[i];
    if (!has(fd, control->id, &query)) continue;
    int32_t mode = get(fd, control->id, control->manual);
    if (mode == control->manual) continue;
    int32_t current = get(fd, control->adjusted_id, initial);
    if (set(fd, control->id, control->manual) != 0) continue;
    /* In manual mode some devices jump to the last value that was set manually; the current value
     * is set again for them. Others keep the current value but never report it: their reading does
     * not change from the start and must not be set. */
    if (current != initial || get(fd, control->adjusted_id, current) != current) {
      set(fd, control->adjusted_id, current);
    }
    controls->saved[controls->saved_count].id = control->id;
    controls->saved[controls->saved_count].value = mode;
    controls->saved_count++;
  }
  return controls->saved_count;
}

int ph_controls_unlock(struct ph_controls *controls) {
  int count = controls->saved_count;
  for (int i = 0; i < count; i++) {
    set(controls->fd, controls->saved[i].id, controls->saved[i].value);
  }
  controls->saved_count = 0;
  return count;
}

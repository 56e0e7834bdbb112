#include <linux/usb/video.h>
#include <string.h>

#include "uvc.h"

enum { CAMERA = 1, PROCESSING = 2 };
enum { AUTO_EXPOSURE, EXPOSURE_TIME, AUTO_WHITE, WHITE, AUTO_FOCUS, FOCUS };

struct control {
  const char *name;
  uint8_t entity, selector, size;
  int32_t min, max, step, initial;
  int8_t auto_control;  /* index of the control that makes this one automatic, or -1 */
  int32_t manual;       /* the value of that control for manual mode */
  int32_t set, current; /* the value set manually, and the one chosen automatically */
};

/* Automatic exposure is a bit mask: 1 manual, 8 aperture priority, as in most webcams. */
static struct control controls[] = {
    [AUTO_EXPOSURE] = {"auto_exposure", CAMERA, UVC_CT_AE_MODE_CONTROL, 1, 1, 8, 9, 8, -1, 0, 8, 8},
    [EXPOSURE_TIME] = {"exposure_time", CAMERA, UVC_CT_EXPOSURE_TIME_ABSOLUTE_CONTROL, 4, 3, 2047,
                       1, 250, AUTO_EXPOSURE, 1, 250, 312},
    [AUTO_WHITE] = {"auto_white_balance", PROCESSING, UVC_PU_WHITE_BALANCE_TEMPERATURE_AUTO_CONTROL,
                    1, 0, 1, 1, 1, -1, 0, 1, 1},
    [WHITE] = {"white_balance", PROCESSING, UVC_PU_WHITE_BALANCE_TEMPERATURE_CONTROL, 2, 2000, 7500,
               10, 4000, AUTO_WHITE, 0, 4000, 4650},
    [AUTO_FOCUS] = {"auto_focus", CAMERA, UVC_CT_FOCUS_AUTO_CONTROL, 1, 0, 1, 1, 1, -1, 0, 1, 1},
    [FOCUS] = {"focus", CAMERA, UVC_CT_FOCUS_ABSOLUTE_CONTROL, 2, 0, 255, 5, 0, AUTO_FOCUS, 0, 0,
               35},
    {"exposure_priority", CAMERA, UVC_CT_AE_PRIORITY_CONTROL, 1, 0, 1, 1, 1, -1, 0, 1, 1},
    {"power_line", PROCESSING, UVC_PU_POWER_LINE_FREQUENCY_CONTROL, 1, 0, 2, 1, 2, -1, 0, 2, 2},
    {"brightness", PROCESSING, UVC_PU_BRIGHTNESS_CONTROL, 2, -64, 64, 1, 0, -1, 0, 0, 0},
    {"gain", PROCESSING, UVC_PU_GAIN_CONTROL, 2, 0, 255, 1, 64, -1, 0, 64, 64},
};
enum { COUNT = sizeof controls / sizeof *controls };

static int is_automatic(const struct control *control) {
  return control->auto_control >= 0 && controls[control->auto_control].set != control->manual;
}

/* Updates the controls whose automatic mode was turned off. */
static void update_manual_values(enum uvc_manual_mode mode, int auto_control) {
  for (int i = 0; i < COUNT; i++) {
    struct control *control = &controls[i];
    if (control->auto_control == auto_control && !is_automatic(control) && mode == UVC_HOLDS) {
      control->set = control->current;
    }
  }
}

static int set(enum uvc_manual_mode mode, struct control *control, const uint8_t *data, FILE *log) {
  int32_t value = 0;
  for (int i = control->size - 1; i >= 0; i--) value = value * 256 + data[i];
  if (control->size == 2) value = (int16_t)value;
  if (value < control->min || value > control->max || is_automatic(control)) {
    fprintf(log, "refused %s=%d\n", control->name, value);
    return -1;
  }
  control->set = value;
  update_manual_values(mode, (int)(control - controls));
  fprintf(log, "%s=%d\n", control->name, value);
  return 0;
}

static int put_value(const struct control *control, int32_t value, uint8_t *answer) {
  for (int i = 0; i < control->size; i++) answer[i] = (uint8_t)((uint32_t)value >> 8 * i);
  return control->size;
}

int uvc_control_request(enum uvc_manual_mode mode, const struct usb_request *request,
                        uint8_t *answer, FILE *log) {
  const uint8_t *setup = request->setup;
  struct control *control = NULL;
  for (int i = 0; i < COUNT; i++) {
    if (controls[i].entity == setup[5] && controls[i].selector == setup[3]) control = &controls[i];
  }
  if (control == NULL) return -1;
  int reports_current = mode != UVC_STALE && is_automatic(control);
  switch (setup[1]) {
    case UVC_SET_CUR:
      if (request->length != control->size) return -1;
      return set(mode, control, request->data, log);
    case UVC_GET_CUR:
      return put_value(control, reports_current ? control->current : control->set, answer);
    case UVC_GET_MIN: return put_value(control, control->min, answer);
    case UVC_GET_MAX: return put_value(control, control->max, answer);
    case UVC_GET_RES: return put_value(control, control->step, answer);
    case UVC_GET_DEF: return put_value(control, control->initial, answer);
    case UVC_GET_INFO:
      answer[0] = UVC_CONTROL_CAP_GET | UVC_CONTROL_CAP_SET;
      if (control->auto_control >= 0 && mode != UVC_STALE) answer[0] |= UVC_CONTROL_CAP_AUTOUPDATE;
      return 1;
    case UVC_GET_LEN:
      answer[0] = control->size;
      answer[1] = 0;
      return 2;
    default: return -1;
  }
}

void uvc_controls_adapt(const char *name, int32_t value) {
  for (int i = 0; i < COUNT; i++) {
    if (strcmp(controls[i].name, name) == 0) controls[i].current = value;
  }
}

void uvc_controls_reset(void) {
  for (int i = 0; i < COUNT; i++) controls[i].set = controls[i].initial;
}

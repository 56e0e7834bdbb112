#include <linux/usb/video.h>
#include <string.h>

#include "uvc.h"

enum { CAMERA = 1, PROCESSING = 2 };
enum { AUTO_EXPOSURE, EXPOSURE_TIME, AUTO_WHITE, WHITE, AUTO_FOCUS, FOCUS };

struct control {
  const char *name;
  uint8_t entity, selector, size;
  int32_t least, most, step, usual;
  int8_t automatic; /* the control that turns an automatic for this one on, -1 */
  int32_t manual;   /* where that is this, this one is the user's */
  int32_t set, found;
};

/* An exposure's automatic is a bit: 1 manual, 8 aperture priority, as most webcams have. */
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
  return control->automatic >= 0 && controls[control->automatic].set != control->manual;
}

/* Whoever turns an automatic off finds the driven control there, or as it was set before. */
static void settle(enum uvc_way way, int automatic) {
  for (int i = 0; i < COUNT; i++) {
    struct control *control = &controls[i];
    if (control->automatic == automatic && !is_automatic(control) && way == UVC_HOLDS) {
      control->set = control->found;
    }
  }
}

static int set(enum uvc_way way, struct control *control, const uint8_t *data, FILE *log) {
  int32_t value = 0;
  for (int i = control->size - 1; i >= 0; i--) value = value * 256 + data[i];
  if (control->size == 2) value = (int16_t)value;
  if (value < control->least || value > control->most || is_automatic(control)) {
    fprintf(log, "refused %s=%d\n", control->name, value);
    return -1;
  }
  control->set = value;
  settle(way, (int)(control - controls));
  fprintf(log, "%s=%d\n", control->name, value);
  return 0;
}

static int put_value(const struct control *control, int32_t value, uint8_t *answer) {
  for (int i = 0; i < control->size; i++) answer[i] = (uint8_t)((uint32_t)value >> 8 * i);
  return control->size;
}

int uvc_control_request(enum uvc_way way, const struct usb_request *request, uint8_t *answer,
                        FILE *log) {
  const uint8_t *setup = request->setup;
  struct control *control = NULL;
  for (int i = 0; i < COUNT; i++) {
    if (controls[i].entity == setup[5] && controls[i].selector == setup[3]) control = &controls[i];
  }
  if (control == NULL) return -1;
  int follows = way != UVC_STALE && is_automatic(control);
  switch (setup[1]) {
    case UVC_SET_CUR:
      if (request->length != control->size) return -1;
      return set(way, control, request->data, log);
    case UVC_GET_CUR: return put_value(control, follows ? control->found : control->set, answer);
    case UVC_GET_MIN: return put_value(control, control->least, answer);
    case UVC_GET_MAX: return put_value(control, control->most, answer);
    case UVC_GET_RES: return put_value(control, control->step, answer);
    case UVC_GET_DEF: return put_value(control, control->usual, answer);
    case UVC_GET_INFO:
      answer[0] = UVC_CONTROL_CAP_GET | UVC_CONTROL_CAP_SET;
      if (control->automatic >= 0 && way != UVC_STALE) answer[0] |= UVC_CONTROL_CAP_AUTOUPDATE;
      return 1;
    case UVC_GET_LEN:
      answer[0] = control->size;
      answer[1] = 0;
      return 2;
    default: return -1;
  }
}

void uvc_adapt(const char *name, int32_t value) {
  for (int i = 0; i < COUNT; i++) {
    if (strcmp(controls[i].name, name) == 0) controls[i].found = value;
  }
}

void uvc_controls_reset(void) {
  for (int i = 0; i < COUNT; i++) controls[i].set = controls[i].usual;
}

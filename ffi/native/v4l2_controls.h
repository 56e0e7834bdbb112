/* V4L2 controls: exposure, gain, white balance, focus and power line frequency. Controls that a
 * device lacks are skipped. */
#ifndef PH_V4L2_CONTROLS_H
#define PH_V4L2_CONTROLS_H

#include <stdint.h>

enum { PH_CONTROLS_MAX = 8 };

/* The changed controls and their previous values. */
struct ph_controls {
  int fd;
  int32_t initial[PH_CONTROLS_MAX]; /* the value of each automatic control at the start */
  int saved_count;
  struct {
    uint32_t id;
    int32_t value;
  } saved[PH_CONTROLS_MAX];
};

/* Turns on automatic exposure at a constant frame rate, gain and white balance.
 * `power_line`: V4L2_CID_POWER_LINE_FREQUENCY_..., or -1 to leave it unchanged. */
void ph_controls_prepare(struct ph_controls *controls, int fd, int32_t power_line);

/* Turns off every automatic control and keeps its current value. Returns how many. */
int ph_controls_lock(struct ph_controls *controls);

/* Restores what ph_controls_lock changed. Returns how many. */
int ph_controls_unlock(struct ph_controls *controls);

#endif

/* Exposure, gain, white balance, focus and the mains' flicker, where a device has them. */
#ifndef PH_V4L2_CONTROLS_H
#define PH_V4L2_CONTROLS_H

#include <stdint.h>

enum { PH_CONTROLS_MAX = 8 };

/* The controls that were changed, with what they were before. */
struct ph_controls {
  int fd;
  int32_t first[PH_CONTROLS_MAX]; /* what each automatic drove its control to at the start */
  int saved;
  struct {
    uint32_t id;
    int32_t value;
  } before[PH_CONTROLS_MAX];
};

/* Lets the device adapt itself, at a frame rate that the light does not change.
 * `power_line`: V4L2_CID_POWER_LINE_FREQUENCY_..., or -1 to leave it. */
void ph_controls_prepare(struct ph_controls *controls, int fd, int32_t power_line);

/* Turns every automatic off, each at the value that it has found. Answers how many. */
int ph_controls_lock(struct ph_controls *controls);

/* Puts back what ph_controls_lock changed. Answers how many. */
int ph_controls_unlock(struct ph_controls *controls);

#endif

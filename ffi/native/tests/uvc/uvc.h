/* A simulated webcam of the USB video class for the kernel's driver uvcvideo: its descriptors and
 * its controls. */
#ifndef UVC_H
#define UVC_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "usbip.h"

/* The behavior of the camera when an automatic control is turned off. */
enum uvc_manual_mode {
  UVC_HOLDS, /* keeps the current value and reports it */
  UVC_JUMPS, /* changes to the last value that was set manually */
  UVC_STALE, /* keeps the current value but reports the last one set manually */
};

/* Writes a standard descriptor. Returns its size, 0 if there is none. */
size_t uvc_descriptor(uint8_t type, uint8_t index, uint8_t *bytes, size_t capacity);

/* Handles a request to a control, and logs each value that is set. Returns the size of the answer,
 * or -1 to stall. */
int uvc_control_request(enum uvc_manual_mode way, const struct usb_request *request,
                        uint8_t *answer, FILE *log);

/* Sets the value that the automatic control of the named control chooses. */
void uvc_controls_adapt(const char *name, int32_t value);

/* Restores the defaults, as after a loss of power. */
void uvc_controls_reset(void);

#endif

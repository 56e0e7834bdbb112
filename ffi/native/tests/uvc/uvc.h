/* A webcam of the USB video class, as the kernel's driver uvcvideo sees it: what it is, and what
 * can be set on it. */
#ifndef UVC_H
#define UVC_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "usbip.h"

/* How the camera behaves when an automatic is turned off. */
enum uvc_way {
  UVC_HOLDS, /* stays at what it has found, and tells it */
  UVC_JUMPS, /* goes to what was set by hand last */
  UVC_STALE, /* stays at what it has found, but tells only what was set by hand last */
};

/* Writes a standard descriptor. Answers its size, 0 where there is none. */
size_t uvc_descriptor(uint8_t type, uint8_t index, uint8_t *bytes, size_t capacity);

/* Answers a request to the camera's controls; each value that is set is a line in `log`.
 * The bytes to answer, or -1 to stall. */
int uvc_control_request(enum uvc_way way, const struct usb_request *request, uint8_t *answer,
                        FILE *log);

/* What the automatic of the named control finds from now on. */
void uvc_adapt(const char *name, int32_t value);

/* Forgets what was set, as when power is lost. */
void uvc_controls_reset(void);

#endif

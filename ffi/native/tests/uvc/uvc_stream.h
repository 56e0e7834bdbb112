/* The stream of a simulated webcam: its sizes, the negotiation, and JPEGs with injected faults. */
#ifndef UVC_STREAM_H
#define UVC_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include "usbip.h"

enum { UVC_MAX_SIZES = 4, UVC_INTERVALS = 4 };

/* An image size and its recording. */
struct uvc_size {
  uint16_t width, height;
  const uint8_t *data, *end, *at;
};

extern struct uvc_sizes {
  int count;
  struct uvc_size size[UVC_MAX_SIZES];
} uvc_sizes;

extern const uint32_t uvc_intervals[UVC_INTERVALS];

enum uvc_fault {
  UVC_TRUNCATE, /* cut the JPEG in half */
  UVC_GARBLE,   /* replace the second half by noise */
  UVC_ERROR,    /* set the error bit of the payload header */
  UVC_SKIP,     /* count the frame without sending it */
  UVC_FAULTS
};

/* Offers the size of a recording (see file_device.c), whose JPEGs repeat. */
int uvc_add_size(const char *path);

/* Returns a timer descriptor; when it is readable, uvc_stream_tick begins the next frame. */
int uvc_stream_timer(void);
void uvc_stream_tick(void);

/* Queues a transfer of the host until there is data for it. */
int uvc_stream_queue(const struct usb_request *transfer);
/* Returns 1 if the transfer was still queued. */
int uvc_stream_cancel(uint32_t number);
void uvc_stream_send(int host);

/* Handles a probe or commit request. Returns the size of the answer, or -1 to stall. */
int uvc_stream_request(const struct usb_request *request, uint8_t *answer, FILE *log);
void uvc_stream_stop(FILE *log);

void uvc_stream_pause(int on);
void uvc_stream_inject(enum uvc_fault with, int frames);

#endif

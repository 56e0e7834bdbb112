/* The stream of a webcam for tests: the sizes that it offers, what is agreed on, and the JPEGs that
 * it sends or spoils. */
#ifndef UVC_STREAM_H
#define UVC_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include "usbip.h"

enum { UVC_MAX_SIZES = 4, UVC_INTERVALS = 4 };

/* A size of picture, with the JPEGs that the camera sees in it. */
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
  UVC_TRUNCATE, /* JPEGs that end in their middle */
  UVC_GARBLE,   /* JPEGs with noise for their second half */
  UVC_ERROR,    /* frames that carry the class's error bit */
  UVC_SKIP,     /* frames that are counted and not sent */
  UVC_FAULTS
};

/* Offers the size of a recording (see file_device.c), whose JPEGs go round. */
int uvc_add_size(const char *path);

/* Makes the descriptor to poll, after which uvc_stream_tick begins the next frame. */
int uvc_stream_timer(void);
void uvc_stream_tick(void);

/* Keeps a transfer of the host until there is something to put into it. */
int uvc_stream_take(const struct usb_request *transfer);
/* Answers 1 where the transfer was still waiting. */
int uvc_stream_forget(uint32_t number);
void uvc_stream_send(int host);

/* Negotiates. The bytes to answer, or -1 to stall. */
int uvc_stream_request(const struct usb_request *request, uint8_t *answer, FILE *log);
void uvc_stream_stop(FILE *log);

void uvc_stream_silence(int on);
void uvc_stream_spoil(enum uvc_fault with, int frames);

#endif

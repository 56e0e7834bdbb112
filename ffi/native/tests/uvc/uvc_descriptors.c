#include <linux/usb/ch9.h>
#include <linux/usb/video.h>
#include <string.h>

#include "uvc.h"
#include "uvc_stream.h"

/* Entities: 1 camera terminal, 2 processing unit, 3 output terminal. See uvc_controls.c. */
enum { CONTROL_INTERFACE, STREAM_INTERFACE };

struct bytes {
  uint8_t *start;
  size_t size, capacity;
};

static void put(struct bytes *bytes, int width, uint32_t value) {
  for (int i = 0; i < width && bytes->size < bytes->capacity; i++) {
    bytes->start[bytes->size++] = (uint8_t)(value >> 8 * i);
  }
}

static void put_all(struct bytes *bytes, const uint8_t *from, size_t size) {
  for (size_t i = 0; i < size; i++) put(bytes, 1, from[i]);
}
#define PUT(bytes, ...) \
  put_all(bytes, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The bytes of a little-endian integer, for lists of bytes. */
#define TWO(value) (value) & 0xff, (value) >> 8 & 0xff
#define FOUR(value) TWO(value), TWO((value) >> 16)

static void put_control_interface(struct bytes *out) {
  PUT(out, 9, USB_DT_INTERFACE, CONTROL_INTERFACE, 0, 0, USB_CLASS_VIDEO, UVC_SC_VIDEOCONTROL, 0,
      2);
  PUT(out, 13, USB_DT_CS_INTERFACE, UVC_VC_HEADER, TWO(0x0100), TWO(13 + 18 + 11 + 9),
      FOUR(48000000), 1, STREAM_INTERFACE);
  /* Controls: automatic exposure and its priority, exposure time, focus, automatic focus. */
  PUT(out, 18, USB_DT_CS_INTERFACE, UVC_VC_INPUT_TERMINAL, 1, TWO(UVC_ITT_CAMERA), 0, 0, TWO(0),
      TWO(0), TWO(0), 3, 0x2e, 0x00, 0x02);
  /* Controls: brightness, white balance, automatic white balance, gain, power line frequency. */
  PUT(out, 11, USB_DT_CS_INTERFACE, UVC_VC_PROCESSING_UNIT, 2, 1, TWO(0), 2, TWO(0x1641), 0);
  PUT(out, 9, USB_DT_CS_INTERFACE, UVC_VC_OUTPUT_TERMINAL, 3, TWO(UVC_TT_STREAMING), 0, 2, 0);
}

static void put_frame(struct bytes *out, const struct uvc_size *size, int number) {
  uint32_t bytes = (uint32_t)size->width * size->height * 2;
  PUT(out, 26 + 4 * UVC_INTERVALS, USB_DT_CS_INTERFACE, UVC_VS_FRAME_MJPEG, (uint8_t)number, 0,
      TWO(size->width), TWO(size->height), FOUR(bytes * 8 * 5), FOUR(bytes * 8 * 30), FOUR(bytes),
      FOUR(uvc_intervals[0]), UVC_INTERVALS);
  for (int i = 0; i < UVC_INTERVALS; i++) put(out, 4, uvc_intervals[i]);
}

static void put_stream_interface(struct bytes *out) {
  int frames = uvc_sizes.count * (26 + 4 * UVC_INTERVALS);
  PUT(out, 9, USB_DT_INTERFACE, STREAM_INTERFACE, 0, 1, USB_CLASS_VIDEO, UVC_SC_VIDEOSTREAMING, 0,
      0);
  PUT(out, 14, USB_DT_CS_INTERFACE, UVC_VS_INPUT_HEADER, 1, TWO(14 + 11 + frames + 6), 0x81, 0, 3,
      0, 0, 0, 1, 0);
  PUT(out, 11, USB_DT_CS_INTERFACE, UVC_VS_FORMAT_MJPEG, 1, (uint8_t)uvc_sizes.count, 1, 1, 0, 0, 0,
      0);
  for (int i = 0; i < uvc_sizes.count; i++) put_frame(out, &uvc_sizes.size[i], i + 1);
  PUT(out, 6, USB_DT_CS_INTERFACE, UVC_VS_COLORFORMAT, 1, 1, 4);
  PUT(out, 7, USB_DT_ENDPOINT, 0x81, USB_ENDPOINT_XFER_BULK, TWO(512), 0);
}

static void put_configuration(struct bytes *out) {
  PUT(out, 9, USB_DT_CONFIG, TWO(0), 2, 1, 0, USB_CONFIG_ATT_ONE, 250);
  PUT(out, 8, USB_DT_INTERFACE_ASSOCIATION, CONTROL_INTERFACE, 2, USB_CLASS_VIDEO,
      UVC_SC_VIDEO_INTERFACE_COLLECTION, 0, 2);
  put_control_interface(out);
  put_stream_interface(out);
  out->start[2] = out->size & 0xff;
  out->start[3] = (uint8_t)(out->size >> 8);
}

static void put_string(struct bytes *out, uint8_t index) {
  static const char *const texts[] = {"", "Example", "Test Webcam", "0001"};
  if (index == 0) {
    PUT(out, 4, USB_DT_STRING, TWO(0x0409));
  } else if (index < sizeof texts / sizeof *texts) {
    PUT(out, (uint8_t)(2 + 2 * strlen(texts[index])), USB_DT_STRING);
    for (const char *at = texts[index]; *at != '\0'; at++) put(out, 2, (uint8_t)*at);
  }
}

size_t uvc_descriptor(uint8_t type, uint8_t index, uint8_t *bytes, size_t capacity) {
  struct bytes out = {.start = bytes, .capacity = capacity};
  switch (type) {
    case USB_DT_DEVICE:
      PUT(&out, 18, USB_DT_DEVICE, TWO(0x0200), USB_CLASS_MISC, 2, 1, 64, TWO(0x1209), TWO(0x0001),
          TWO(0x0100), 1, 2, 3, 1);
      break;
    case USB_DT_CONFIG: put_configuration(&out); break;
    case USB_DT_STRING: put_string(&out, index); break;
  }
  return out.size;
}

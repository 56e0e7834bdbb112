/* The far side of the kernel's virtual USB host controller, vhci-hcd: a device whose requests come
 * over a socket, by the USB/IP protocol of the kernel's Documentation/usb/usbip_protocol.rst. */
#ifndef USBIP_H
#define USBIP_H

#include <stddef.h>
#include <stdint.h>

struct usb_request {
  uint32_t number;
  int endpoint; /* without its direction */
  int in;       /* the host wants data */
  uint32_t length;
  uint8_t setup[8];
  uint8_t data[512]; /* what the host sends, for requests that are not `in` */
};

enum usb_event { USB_SUBMIT, USB_UNLINK, USB_GONE };

/* Plugs a high-speed device into the controller's first port. Answers the socket, or -1. */
int usb_plug(void);

/* Takes the next message of the host; USB_UNLINK fills only the number of the request to forget,
 * and in `unlink` that of the wish itself. */
enum usb_event usb_receive(int fd, struct usb_request *request, uint32_t *unlink);

/* Ends a request: `status` is 0 or a negative errno (-EPIPE stalls). `data` may be in two parts. */
void usb_answer(int fd, const struct usb_request *request, int status, const void *head,
                size_t head_size, const void *data, size_t size);

/* Ends a wish to forget a request, which was still `pending` or answered before. */
void usb_unlinked(int fd, uint32_t unlink, int pending);

#endif

/* The device side of the kernel's virtual USB host controller (vhci-hcd). Requests arrive on a
 * socket in the USB/IP protocol: see Documentation/usb/usbip_protocol.rst of the kernel. */
#ifndef USBIP_H
#define USBIP_H

#include <stddef.h>
#include <stdint.h>

struct usb_request {
  uint32_t number;
  int endpoint; /* without the direction bit */
  int in;       /* 1: device to host */
  uint32_t length;
  uint8_t setup[8];
  uint8_t data[512]; /* from the host, if not `in` */
};

enum usb_event { USB_SUBMIT, USB_UNLINK, USB_GONE };

/* Attaches a high-speed device to the controller's first port. Returns the socket, or -1. */
int usb_attach(void);

/* Reads the next message of the host. USB_UNLINK sets only the number of the request to cancel, and
 * in `unlink` the number of the cancellation. */
enum usb_event usb_receive(int fd, struct usb_request *request, uint32_t *unlink);

/* Completes a request. `status` is 0 or a negative errno (-EPIPE stalls). The data is `head`
 * followed by `data`. */
void usb_complete(int fd, const struct usb_request *request, int status, const void *head,
                  size_t head_size, const void *data, size_t size);

/* Acknowledges a cancellation; `pending` is 0 if the request was completed before. */
void usb_unlinked(int fd, uint32_t unlink, int pending);

#endif

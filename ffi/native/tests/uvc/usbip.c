#include "usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4 };
enum { PORT = 0, DEVICE = 0x10002, SPEED_HIGH = 3, WORDS = 12 };

/* The header of every message, 48 bytes in network byte order. */
struct header {
  uint32_t command, number, device, direction, endpoint;
  uint32_t rest[WORDS - 5];
};

static int attach(int host_end) {
  char line[64];
  int file = open("/sys/devices/platform/vhci_hcd.0/attach", O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  int length = snprintf(line, sizeof line, "%d %d %d %d", PORT, host_end, DEVICE, SPEED_HIGH);
  ssize_t written;
  /* The port stays busy for a short time after a detach. */
  for (int i = 0; i < 100; i++) {
    written = write(file, line, (size_t)length);
    if (written == length || (errno != EBUSY && errno != EINVAL)) break;
    usleep(50000);
  }
  close(file);
  return written == length ? 0 : -1;
}

int usb_attach(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  int status = attach(ends[1]);
  close(ends[1]); /* the kernel holds its own */
  if (status == 0) return ends[0];
  close(ends[0]);
  return -1;
}

static int read_whole(int fd, void *bytes, size_t size) {
  return size == 0 || recv(fd, bytes, size, MSG_WAITALL) == (ssize_t)size;
}

enum usb_event usb_receive(int fd, struct usb_request *request, uint32_t *unlink) {
  struct header header;
  if (!read_whole(fd, &header, sizeof header)) return USB_GONE;
  memset(request, 0, sizeof *request);
  if (ntohl(header.command) == CMD_UNLINK) {
    *unlink = ntohl(header.number);
    request->number = ntohl(header.rest[0]);
    return USB_UNLINK;
  }
  if (ntohl(header.command) != CMD_SUBMIT) return USB_GONE;
  request->number = ntohl(header.number);
  request->endpoint = (int)ntohl(header.endpoint);
  request->in = ntohl(header.direction) == 1;
  request->length = ntohl(header.rest[1]);
  memcpy(request->setup, &header.rest[5], sizeof request->setup);
  if (request->in) return USB_SUBMIT;
  if (request->length > sizeof request->data) return USB_GONE;
  return read_whole(fd, request->data, request->length) ? USB_SUBMIT : USB_GONE;
}

static void write_whole(int fd, struct iovec *parts, int count) {
  while (count > 0) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    ssize_t written = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (written < 0) return; /* detached: the next receive fails */
    while (count > 0 && (size_t)written >= parts->iov_len) {
      written -= (ssize_t)parts->iov_len;
      parts++;
      count--;
    }
    if (count == 0) return;
    parts->iov_base = (char *)parts->iov_base + written;
    parts->iov_len -= (size_t)written;
  }
}

void usb_complete(int fd, const struct usb_request *request, int status, const void *head,
                  size_t head_size, const void *data, size_t size) {
  size_t length = status != 0 ? 0 : request->in ? head_size + size : request->length;
  struct header header = {
      .command = htonl(RET_SUBMIT),
      .number = htonl(request->number),
      .rest = {htonl((uint32_t)status), htonl((uint32_t)length)},
  };
  struct iovec parts[] = {{&header, sizeof header},
                          {(void *)(uintptr_t)head, head_size},
                          {(void *)(uintptr_t)data, size}};
  write_whole(fd, parts, request->in && status == 0 ? 3 : 1);
}

void usb_unlinked(int fd, uint32_t unlink, int pending) {
  struct header header = {.command = htonl(RET_UNLINK),
                          .number = htonl(unlink),
                          .rest = {htonl((uint32_t)(pending ? -ECONNRESET : 0))}};
  struct iovec part = {&header, sizeof header};
  write_whole(fd, &part, 1);
}

/* A simulated webcam for tests, attached to the kernel's virtual USB host controller:
 *
 *   uvc_camera COMMANDS LOG RECORDING...
 *
 * COMMANDS is a FIFO of command lines. LOG receives a line for each control that the host sets,
 * each start and stop of the stream, and each completed command. Each RECORDING (see file_device.c)
 * is a size that the camera offers; its JPEGs repeat. The commands:
 *
 *   plug, unplug           attaches or detaches the camera; it starts detached
 *   play, silent           continues or suspends the stream
 *   truncate N             cuts the next N JPEGs in half
 *   garble N               replaces the second half of the next N JPEGs by noise
 *   error N                sets the error bit of the next N frames
 *   skip N                 counts the next N frames without sending them
 *   adapt CONTROL VALUE    sets the value that an automatic control chooses
 *   way holds|jumps|stale  sets the behavior when an automatic control is turned off */
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uvc.h"
#include "uvc_stream.h"

static FILE *log_file;
static enum uvc_manual_mode mode;
static int host = -1; /* the socket while the camera is attached, else -1 */

static int control_request(const struct usb_request *request, uint8_t *answer, size_t capacity) {
  const uint8_t *setup = request->setup;
  if ((setup[0] & USB_TYPE_MASK) == USB_TYPE_CLASS) {
    return setup[4] == 1 ? uvc_stream_request(request, answer, log_file)
                         : uvc_control_request(mode, request, answer, log_file);
  }
  switch (setup[1]) {
    case USB_REQ_GET_DESCRIPTOR: {
      size_t size = uvc_descriptor(setup[3], setup[2], answer, capacity);
      return size > 0 ? (int)size : -1;
    }
    case USB_REQ_GET_STATUS: answer[0] = answer[1] = 0; return 2;
    case USB_REQ_SET_CONFIGURATION:
    case USB_REQ_SET_INTERFACE: return 0;
    /* The host stops a bulk stream by clearing the halt of its endpoint. */
    case USB_REQ_CLEAR_FEATURE: uvc_stream_stop(log_file); return 0;
    default: return -1;
  }
}

static void unplug(void) {
  if (host >= 0) close(host);
  host = -1;
  uvc_stream_stop(log_file);
}

static void serve(void) {
  struct usb_request request;
  uint32_t unlink;
  uint8_t answer[1024];
  switch (usb_receive(host, &request, &unlink)) {
    case USB_GONE: unplug(); return;
    case USB_UNLINK: usb_unlinked(host, unlink, uvc_stream_cancel(request.number)); return;
    case USB_SUBMIT: break;
  }
  if (request.endpoint != 0 && uvc_stream_queue(&request) == 0) return;
  int size = request.endpoint != 0 ? -1 : control_request(&request, answer, sizeof answer);
  if (size > (int)request.length) size = (int)request.length;
  usb_complete(host, &request, size < 0 ? -EPIPE : 0, answer, size < 0 ? 0 : (size_t)size, NULL, 0);
}

static void execute(char *line) {
  static const char *const faults[] = {"truncate", "garble", "error", "skip"};
  static const char *const modes[] = {"holds", "jumps", "stale"};
  char word[32] = "", name[32] = "";
  int value = 0;
  if (sscanf(line, "%31s %31s %d", word, name, &value) < 1) return;
  if (strcmp(word, "plug") == 0 && host < 0) {
    uvc_controls_reset();
    host = usb_attach();
    if (host < 0) perror("uvc_camera: Cannot attach");
  } else if (strcmp(word, "unplug") == 0) {
    unplug();
  } else if (strcmp(word, "play") == 0 || strcmp(word, "silent") == 0) {
    uvc_stream_pause(word[0] == 's');
  } else if (strcmp(word, "adapt") == 0) {
    uvc_controls_adapt(name, value);
  } else if (strcmp(word, "way") == 0) {
    for (int i = UVC_HOLDS; i <= UVC_STALE; i++) {
      if (strcmp(name, modes[i]) == 0) mode = (enum uvc_manual_mode)i;
    }
  } else {
    for (int i = 0; i < UVC_FAULTS; i++) {
      if (strcmp(word, faults[i]) == 0) uvc_stream_inject((enum uvc_fault)i, atoi(name));
    }
  }
  fprintf(log_file, "did %s\n", line);
}

static void read_commands(int fd) {
  static char text[512];
  static size_t length;
  ssize_t count = read(fd, text + length, sizeof text - 1 - length);
  if (count <= 0) return;
  length += (size_t)count;
  text[length] = '\0';
  char *line = text;
  for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    execute(line);
  }
  length -= (size_t)(line - text);
  memmove(text, line, length);
}

int main(int count, char **arguments) {
  if (count < 4) {
    fprintf(stderr, "usage: uvc_camera COMMANDS LOG RECORDING...\n");
    return 64;
  }
  /* Also open for writing, so that there is no end of file when a writer closes. */
  int commands = open(arguments[1], O_RDWR | O_CLOEXEC);
  log_file = fopen(arguments[2], "ae");
  int timer = uvc_stream_timer();
  if (commands < 0 || log_file == NULL || timer < 0) {
    perror("uvc_camera: Cannot open");
    return 69;
  }
  setvbuf(log_file, NULL, _IOLBF, 0);
  for (int i = 3; i < count; i++) {
    if (uvc_add_size(arguments[i]) == 0) continue;
    fprintf(stderr, "uvc_camera: Cannot use %s\n", arguments[i]);
    return 65;
  }
  while (1) {
    struct pollfd polled[] = {{commands, POLLIN, 0}, {timer, POLLIN, 0}, {host, POLLIN, 0}};
    if (poll(polled, 3, -1) < 0 && errno != EINTR) return 71;
    if (polled[0].revents != 0) read_commands(commands);
    if (polled[1].revents != 0) uvc_stream_tick();
    if (polled[2].revents != 0 && host >= 0) serve();
    if (host >= 0) uvc_stream_send(host);
  }
}

#include "uvc_stream.h"

#include <fcntl.h>
#include <linux/usb/video.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { HEADER = 24, RECORD = 12, STREAM_HEADER = 12, MAX_PENDING = 32, MAX_JPEG = 1 << 20 };
/* The size of the kernel's transfers, so that each transfer has one payload. */
enum { PAYLOAD = 16384 };

struct uvc_sizes uvc_sizes;

/* In units of 100 ns; the first is the default. */
const uint32_t uvc_intervals[UVC_INTERVALS] = {333333, 666666, 1000000, 2000000};

/* The negotiated settings, in the layout of the USB video class, version 1.0. */
static struct probe {
  uint16_t hint;
  uint8_t format, frame;
  uint32_t interval;
  uint16_t key_rate, p_rate, quality, window, delay;
  uint32_t frame_bytes, payload_bytes;
} __attribute__((packed)) probe = {.format = 1, .frame = 1};

static int timer_fd = -1, is_streaming, is_silent;
static enum uvc_fault fault;
static int faulty_frames;
/* Transfers without data yet. */
static struct usb_request pending[MAX_PENDING];
static int pending_count;
/* The current frame. */
static uint8_t jpeg[MAX_JPEG];
static size_t jpeg_size, jpeg_sent;
static int is_sending;
static uint8_t flags = UVC_STREAM_EOH;

static uint32_t read_u32(const uint8_t *bytes) {
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int uvc_add_size(const char *path) {
  struct stat status;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &status) != 0 || status.st_size <= HEADER) return -1;
  uint8_t *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  close(fd);
  if (data == MAP_FAILED || uvc_sizes.count == UVC_MAX_SIZES) return -1;
  uvc_sizes.size[uvc_sizes.count++] = (struct uvc_size){
      .width = (uint16_t)read_u32(data + 12),
      .height = (uint16_t)read_u32(data + 16),
      .data = data + HEADER,
      .end = data + status.st_size,
      .at = data + HEADER,
  };
  return 0;
}

static void next_jpeg(void) {
  struct uvc_size *size = &uvc_sizes.size[probe.frame - 1];
  if (size->end - size->at < RECORD) size->at = size->data;
  jpeg_size = read_u32(size->at + 8);
  if (jpeg_size > MAX_JPEG) jpeg_size = MAX_JPEG;
  memcpy(jpeg, size->at + RECORD, jpeg_size);
  size->at += RECORD + read_u32(size->at + 8);
}

void uvc_stream_tick(void) {
  uint64_t periods;
  if (read(timer_fd, &periods, sizeof periods) < 0) return;
  if (!is_streaming || is_silent || is_sending) return;
  next_jpeg();
  jpeg_sent = 0;
  is_sending = 1;
  flags = (uint8_t)((flags ^ UVC_STREAM_FID) & ~UVC_STREAM_ERR);
  if (faulty_frames == 0) return;
  faulty_frames--;
  switch (fault) {
    case UVC_TRUNCATE: jpeg_size /= 2; break;
    case UVC_SKIP: jpeg_size = 0; break;
    case UVC_ERROR: flags |= UVC_STREAM_ERR; break;
    case UVC_GARBLE:
      for (size_t i = jpeg_size / 2; i < jpeg_size; i++) jpeg[i] = (uint8_t)(i * 2654435761u >> 13);
      break;
    default: break;
  }
}

/* Completes transfers with one payload each: a header and a part of the frame. */
void uvc_stream_send(int host) {
  while (is_sending && pending_count > 0) {
    struct usb_request transfer = pending[0];
    memmove(pending, pending + 1, (size_t)--pending_count * sizeof *pending);
    size_t capacity = transfer.length < PAYLOAD ? transfer.length : PAYLOAD;
    size_t size = jpeg_size - jpeg_sent;
    if (size > capacity - STREAM_HEADER) size = capacity - STREAM_HEADER;
    is_sending = jpeg_sent + size < jpeg_size;
    uint8_t header[STREAM_HEADER] = {STREAM_HEADER, flags | (is_sending ? 0 : UVC_STREAM_EOF)};
    usb_complete(host, &transfer, 0, header, sizeof header, jpeg + jpeg_sent, size);
    jpeg_sent += size;
  }
}

int uvc_stream_queue(const struct usb_request *transfer) {
  if (pending_count == MAX_PENDING) return -1;
  pending[pending_count++] = *transfer;
  return 0;
}

int uvc_stream_cancel(uint32_t number) {
  for (int i = 0; i < pending_count; i++) {
    if (pending[i].number != number) continue;
    memmove(pending + i, pending + i + 1, (size_t)(--pending_count - i) * sizeof *pending);
    return 1;
  }
  return 0;
}

void uvc_stream_pause(int on) { is_silent = on; }

void uvc_stream_inject(enum uvc_fault with, int frames) {
  fault = with;
  faulty_frames = frames;
}

int uvc_stream_timer(void) {
  return timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

static void set_timer(uint32_t interval) {
  long nanoseconds = (long)interval * 100;
  struct timespec period = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  struct itimerspec timer = {period, period};
  timerfd_settime(timer_fd, 0, &timer, NULL);
}

static void start(FILE *log) {
  const struct uvc_size *size = &uvc_sizes.size[probe.frame - 1];
  fprintf(log, "stream %ux%u %u\n", size->width, size->height, probe.interval);
  is_streaming = 1;
  is_sending = 0;
  set_timer(probe.interval);
}

void uvc_stream_stop(FILE *log) {
  if (is_streaming) fprintf(log, "stopped\n");
  is_streaming = is_sending = pending_count = 0;
  set_timer(0);
}

/* Replaces requested settings by the nearest supported ones. */
static void negotiate(struct probe *request) {
  request->format = 1;
  if (request->frame < 1 || request->frame > uvc_sizes.count) request->frame = 1;
  uint32_t best = uvc_intervals[0];
  for (int i = 0; i < UVC_INTERVALS; i++) {
    if (labs((long)uvc_intervals[i] - request->interval) < labs((long)best - request->interval)) {
      best = uvc_intervals[i];
    }
  }
  request->interval = best;
  const struct uvc_size *size = &uvc_sizes.size[request->frame - 1];
  request->frame_bytes = (uint32_t)size->width * size->height * 2;
  request->payload_bytes = PAYLOAD;
}

int uvc_stream_request(const struct usb_request *request, uint8_t *answer, FILE *log) {
  uint8_t selector = request->setup[3];
  if (selector != UVC_VS_PROBE_CONTROL && selector != UVC_VS_COMMIT_CONTROL) return -1;
  struct probe offer = probe;
  switch (request->setup[1]) {
    case UVC_SET_CUR:
      if (request->length < sizeof probe) return -1;
      memcpy(&probe, request->data, sizeof probe);
      negotiate(&probe);
      if (selector == UVC_VS_COMMIT_CONTROL) start(log);
      return 0;
    case UVC_GET_INFO: answer[0] = UVC_CONTROL_CAP_GET | UVC_CONTROL_CAP_SET; return 1;
    case UVC_GET_LEN:
      answer[0] = sizeof probe;
      answer[1] = 0;
      return 2;
    case UVC_GET_CUR:
    case UVC_GET_MIN:
    case UVC_GET_MAX:
    case UVC_GET_DEF:
      negotiate(&offer);
      memcpy(answer, &offer, sizeof offer);
      return sizeof offer;
    default: return -1;
  }
}

/*
 * The least that any program can do for a frame, as the yardstick of tests/bench/bench.ts: decodes
 * each JPEG at half its size, takes the mean of a rectangle, and publishes the JPEG in base64, waiting
 * for the reply of Redis.
 *
 *   c_loop FILE PORT FPS     FILE: JPEGs one after the other, played for ever
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <turbojpeg.h>
#include <unistd.h>

enum { MAX_FRAMES = 10000, MAX_TEXT = 4 << 20 };

typedef struct {
  const unsigned char *bytes;
  unsigned long length;
} Jpeg;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Reads a file and finds its JPEGs: each begins with FF D8 FF. */
static int read_jpegs(const char *path, Jpeg *jpegs) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) fail(path);
  long size = ftell(file);
  rewind(file);
  unsigned char *bytes = malloc((size_t)size);
  if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) fail(path);
  fclose(file);
  int count = 0;
  for (long at = 0; at + 2 < size && count < MAX_FRAMES; at++) {
    if (bytes[at] != 0xFF || bytes[at + 1] != 0xD8 || bytes[at + 2] != 0xFF) continue;
    if (count > 0) jpegs[count - 1].length = (unsigned long)(bytes + at - jpegs[count - 1].bytes);
    jpegs[count++] = (Jpeg){bytes + at, (unsigned long)(size - at)};
  }
  return count;
}

static int connect_redis(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static size_t encode_base64(const unsigned char *bytes, unsigned long length, char *text) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t at = 0;
  for (unsigned long i = 0; i < length; i += 3) {
    unsigned long left = length - i;
    unsigned group = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                     (left > 2 ? bytes[i + 2] : 0);
    text[at++] = digits[group >> 18];
    text[at++] = digits[group >> 12 & 63];
    text[at++] = left > 1 ? digits[group >> 6 & 63] : '=';
    text[at++] = left > 2 ? digits[group & 63] : '=';
  }
  return at;
}

static void send_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t sent = write(fd, text, length);
    if (sent <= 0) fail("write");
    text += sent;
    length -= (size_t)sent;
  }
}

static void publish(int fd, const char *channel, const char *text, size_t length) {
  char head[128], reply[64];
  int bytes = snprintf(head, sizeof head, "*3\r\n$7\r\nPUBLISH\r\n$%zu\r\n%s\r\n$%zu\r\n",
                       strlen(channel), channel, length);
  send_all(fd, head, (size_t)bytes);
  send_all(fd, text, length);
  send_all(fd, "\r\n", 2);
  if (read(fd, reply, sizeof reply) <= 0) fail("read");
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  Jpeg *jpegs = calloc(MAX_FRAMES, sizeof *jpegs);
  int count = read_jpegs(argv[1], jpegs);
  int fd = connect_redis(atoi(argv[2]));
  long interval_ns = 1000000000L / atoi(argv[3]);
  tjhandle decoder = tjInitDecompress();
  char *text = malloc(MAX_TEXT);
  unsigned char *pixels = NULL;
  if (count == 0 || !decoder || !text) fail("start");
  struct timespec due;
  clock_gettime(CLOCK_MONOTONIC, &due);
  for (int frame = 0;; frame = (frame + 1) % count) {
    int width, height, sampling, color;
    const Jpeg *jpeg = &jpegs[frame];
    tjDecompressHeader3(decoder, jpeg->bytes, jpeg->length, &width, &height, &sampling, &color);
    width = (width + 1) / 2, height = (height + 1) / 2;
    if (!pixels) pixels = malloc((size_t)width * (size_t)height * 3);
    if (tjDecompress2(decoder, jpeg->bytes, jpeg->length, pixels, width, 0, height, TJPF_RGB, 0)) {
      fail(tjGetErrorStr2(decoder));
    }
    unsigned long sums[3] = {0};
    for (int y = height / 4; y < height / 2; y++) {
      for (int x = width / 3; x < 2 * width / 3; x++) {
        for (int c = 0; c < 3; c++) sums[c] += pixels[3 * (y * width + x) + c];
      }
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long long timestamp = now.tv_sec * 1000000LL + now.tv_nsec / 1000;
    int length = snprintf(text, MAX_TEXT,
                          "{\"type\": \"edge_metrics\", \"timestamp\": %lld, \"payload\": "
                          "{\"rgb\": [%lu, %lu, %lu]}}",
                          timestamp, sums[0], sums[1], sums[2]);
    publish(fd, "c_loop:edge_metrics", text, (size_t)length);
    length = snprintf(text, MAX_TEXT,
                      "{\"type\": \"frame\", \"timestamp\": %lld, \"payload\": {\"data\": \"",
                      timestamp);
    size_t end = (size_t)length + encode_base64(jpeg->bytes, jpeg->length, text + length);
    end += (size_t)snprintf(text + end, MAX_TEXT - end, "\"}}");
    publish(fd, "c_loop:frame", text, end);
    due.tv_nsec += interval_ns;
    if (due.tv_nsec >= 1000000000L) due.tv_sec++, due.tv_nsec -= 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
  }
}

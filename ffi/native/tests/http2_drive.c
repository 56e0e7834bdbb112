#include "http2_drive.h"

#include <stdlib.h>
#include <string.h>

#include "../http2.h"

static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
/* HEADERS that open stream 1 with a POST to /, by indices of the static table, and with the
 * authority x: nghttp2 refuses an empty one. */
static const uint8_t request[] = {0, 0, 6, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84, 0x01, 1, 'x'};
static const uint8_t fields[] = ":status200";

/* Writes a header list of one field; with `broken`, its length is wrong. */
static size_t one_field(uint8_t *list, int broken) {
  memset(list, 0, 8);
  list[0] = 7;
  list[4] = broken ? 200 : 3;
  memcpy(list + 8, fields, 10);
  return 18;
}

static void drain(struct ph_http2 *connection) {
  static uint8_t out[2 << 20];
  ph_http2_take(connection, out, sizeof out);
  while (ph_http2_send(connection, out, 1000) > 0) ph_http2_take(connection, out, sizeof out);
}

void drive_http2(const uint8_t *data, size_t size) {
  struct ph_http2 *connection = ph_http2_open(8, 4096);
  if (!connection) return;
  int alive = 1;
  if (size && data[0] & 1)
    alive = ph_http2_receive(connection, preface, sizeof preface - 1) == PH_OK;
  if (alive && size && data[0] & 2)
    alive = ph_http2_receive(connection, request, sizeof request) == PH_OK;
  for (size_t at = 1; alive && at + 2 <= size;) {
    uint8_t choice = data[at], value = data[at + 1];
    int32_t stream = value % 8;
    uint8_t list[18];
    size_t length = one_field(list, value & 64);
    at += 2;
    switch (choice % 12) {
      case 0: ph_http2_respond(connection, stream, list, length, value & 128); break;
      case 1: ph_http2_write(connection, stream, data, size); break;
      case 2: ph_http2_finish(connection, stream, list, value & 128 ? length : 0); break;
      case 3: ph_http2_reset(connection, stream, value); break;
      case 4: ph_http2_consume(connection, stream, value); break;
      case 5: ph_http2_ping(connection); break;
      case 6: ph_http2_shutdown(connection); break;
      default: {
        /* A buffer of the exact size, so that AddressSanitizer detects an overflow. */
        size_t part = value < size - at ? value : size - at;
        uint8_t *copy = malloc(part ? part : 1);
        if (!copy) break;
        memcpy(copy, data + at, part);
        alive = ph_http2_receive(connection, copy, part) == PH_OK;
        free(copy);
        at += part;
      }
    }
    if (choice & 128) drain(connection);
    alive = alive && ph_http2_alive(connection);
  }
  if (alive) drain(connection);
  ph_http2_close(connection);
}

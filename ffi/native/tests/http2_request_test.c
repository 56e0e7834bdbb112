/* The events of http2.h for the frames of a request. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "../http2_internal.h"
#include "check.h"
#include "native_test.h"

enum { END_STREAM = NGHTTP2_FLAG_END_STREAM, END_HEADERS = NGHTTP2_FLAG_END_HEADERS };
enum { HEAD = 9, MAX_PAYLOAD = 256 };

/* POST, http and / by indices of the static table (RFC 7541, appendix A), and the authority x. */
static const uint8_t header_block[] = {0x83, 0x86, 0x84, 0x01, 1, 'x'};
/* The same as a header list. */
static const char header_list[] =
    "\7\0\0\0\4\0\0\0:methodPOST\7\0\0\0\4\0\0\0:schemehttp\5\0\0\0\1\0\0\0:path/"
    "\12\0\0\0\1\0\0\0:authorityx";
/* RFC 9113, section 6.5.2: the bytes of names and values, and 32 for each field. */
enum { LIST_SIZE = 7 + 4 + 7 + 4 + 5 + 1 + 10 + 1 + 4 * 32 };

/* Passes in a frame (RFC 9113, section 4.1). */
static int receive(struct ph_http2 *server, int type, int flags, int stream, const void *payload,
                   size_t length) {
  uint8_t bytes[HEAD + MAX_PAYLOAD] = {0, (uint8_t)(length >> 8), (uint8_t)length, (uint8_t)type,
                                       (uint8_t)flags};
  bytes[8] = (uint8_t)stream;
  if (length > 0) memcpy(bytes + HEAD, payload, length);
  return ph_http2_receive(server, bytes, HEAD + length);
}

static void request(struct ph_http2 *server, int stream, int flags) {
  int status = receive(server, NGHTTP2_HEADERS, END_HEADERS | flags, stream, header_block,
                       sizeof header_block);
  CHECK(status == PH_OK, "%d: %s", status, ph_error_message());
}

/* Takes all bytes for the peer. Returns how many frames of a type there are. */
static int sent(struct ph_http2 *server, int type) {
  uint8_t out[4096];
  int length = ph_http2_send(server, out, sizeof out), count = 0;
  for (int at = 0; at + HEAD <= length;
       at += HEAD + (out[at] << 16) + (out[at + 1] << 8) + out[at + 2])
    count += out[at + 3] == type;
  return count;
}

static void put_u32(uint8_t *out, uint32_t value) {
  for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> (8 * i));
}

/* The next events must be exactly this one, or none if `kind` is 0. */
static void check_event(struct ph_http2 *server, uint32_t kind, uint32_t stream, const void *data,
                        size_t length, const char *what) {
  uint8_t found[512], expected[512];
  int size = ph_http2_take(server, found, sizeof found);
  int expected_size = kind == 0 ? 0 : 12 + (int)length;
  put_u32(expected, kind);
  put_u32(expected + 4, stream);
  put_u32(expected + 8, (uint32_t)length);
  if (length > 0) memcpy(expected + 12, data, length);
  CHECK(size == expected_size && memcmp(found, expected, (size_t)expected_size) == 0,
        "%s: %d bytes, kind %d", what, size, size > 0 ? found[0] : 0);
}

/* Opens a server whose peer has sent its preface and SETTINGS. */
static struct ph_http2 *open_server(uint32_t max_header_bytes) {
  static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
  struct ph_http2 *server = ph_http2_open(8, max_header_bytes);
  CHECK(ph_http2_receive(server, preface, sizeof preface - 1) == PH_OK, "%s", ph_error_message());
  check_event(server, PH_HTTP2_SETTINGS, 0, NULL, 0, "SETTINGS");
  sent(server, NGHTTP2_SETTINGS);
  return server;
}

static void test_connection_frames(void) {
  static const uint8_t ping[8];
  struct ph_http2 *server = open_server(4096);
  receive(server, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
  check_event(server, 0, 0, NULL, 0, "an acknowledgement of SETTINGS");
  receive(server, NGHTTP2_PING, 0, 0, ping, sizeof ping);
  check_event(server, 0, 0, NULL, 0, "a PING of the peer");
  CHECK(sent(server, NGHTTP2_PING) == 1, "a PING is answered");
  CHECK(ph_http2_ping(server) == PH_OK && sent(server, NGHTTP2_PING) == 1, "no PING was sent");
  receive(server, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, ping, sizeof ping);
  check_event(server, PH_HTTP2_PONG, 0, NULL, 0, "an answered PING");
  ph_http2_close(server);
}

static void test_body(void) {
  struct ph_http2 *server = open_server(4096);
  request(server, 1, 0);
  check_event(server, PH_HTTP2_HEADERS, 1, header_list, sizeof header_list - 1, "headers");
  CHECK(server->streams->headers.data == NULL, "the headers stay in memory");
  receive(server, NGHTTP2_DATA, 0, 1, "abc", 3);
  check_event(server, PH_HTTP2_DATA, 1, "abc", 3, "data");
  receive(server, NGHTTP2_DATA, END_STREAM, 1, NULL, 0);
  check_event(server, PH_HTTP2_END, 1, NULL, 0, "an empty end");
  ph_http2_close(server);
}

/* Trailers end a request; they are not announced. */
static void test_trailers(void) {
  static const uint8_t trailers[] = {0x00, 1, 'a', 1, 'b'};
  struct ph_http2 *server = open_server(LIST_SIZE);
  request(server, 3, 0);
  check_event(server, PH_HTTP2_HEADERS, 3, header_list, sizeof header_list - 1, "headers");
  receive(server, NGHTTP2_HEADERS, END_HEADERS | END_STREAM, 3, trailers, sizeof trailers);
  check_event(server, PH_HTTP2_END, 3, NULL, 0, "trailers");
  ph_http2_close(server);
}

static void test_header_limit(void) {
  struct ph_http2 *server = open_server(LIST_SIZE);
  request(server, 1, 0);
  check_event(server, PH_HTTP2_HEADERS, 1, header_list, sizeof header_list - 1, "at the limit");
  CHECK(sent(server, NGHTTP2_RST_STREAM) == 0, "a request at the limit was reset");
  ph_http2_close(server);
  server = open_server(LIST_SIZE - 1);
  request(server, 1, 0);
  CHECK(sent(server, NGHTTP2_RST_STREAM) == 1, "a request over the limit was not reset");
  check_event(server, 0, 0, NULL, 0, "a request over the limit");
  CHECK(ph_http2_alive(server), "the connection ended");
  ph_http2_close(server);
}

static void test_closing(void) {
  static const uint8_t code[4] = {0x12, 0x34, 0x56, 0x78};
  static const uint8_t expected[4] = {0x78, 0x56, 0x34, 0x12};
  struct ph_http2 *server = open_server(4096);
  uint8_t events[1024];
  for (int stream = 1; stream <= 7; stream += 2) request(server, stream, 0);
  ph_http2_take(server, events, sizeof events);
  /* From the middle, then the newest, the oldest and the last one. */
  static const int order[] = {3, 7, 1, 5};
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    receive(server, NGHTTP2_RST_STREAM, 0, order[i], code, sizeof code);
    check_event(server, PH_HTTP2_CLOSED, (uint32_t)order[i], expected, sizeof expected, "a reset");
    CHECK(ph_http2_reset(server, order[i], 8) == PH_ERR_STATE, "stream %d is open", order[i]);
    for (size_t k = i + 1; k < sizeof order / sizeof *order; k++)
      CHECK(ph_http2_write(server, order[k], NULL, 0) == PH_OK, "stream %d is closed", order[k]);
  }
  request(server, 9, END_STREAM);
  ph_http2_take(server, events, sizeof events);
  CHECK(ph_http2_reset(server, 9, 8) == PH_OK, "%s", ph_error_message());
  CHECK(sent(server, NGHTTP2_RST_STREAM) == 1, "no RST_STREAM was sent");
  static const uint8_t cancel[4] = {8};
  check_event(server, PH_HTTP2_CLOSED, 9, cancel, sizeof cancel, "a reset by the server");
  CHECK(server->streams == NULL, "a closed stream stays in memory");
  request(server, 11, 0); /* is freed with the connection */
  ph_http2_close(server);
}

void test_http2_requests(void) {
  test_connection_frames();
  test_body();
  test_trailers();
  test_header_limit();
  test_closing();
}

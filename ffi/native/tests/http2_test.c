/* HTTP/2 between http2.h and a client by nghttp2. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>

#include "../http2.h"
#include "check.h"
#include "http2_drive.h"
#include "native_test.h"

struct client {
  nghttp2_session *session;
  size_t body;
  int headers, closed;
};

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
                   size_t length, void *user) {
  (void)session, (void)flags, (void)stream, (void)data;
  ((struct client *)user)->body += length;
  return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)session;
  if (frame->hd.type == NGHTTP2_HEADERS) ((struct client *)user)->headers++;
  return 0;
}

static int on_close(nghttp2_session *session, int32_t stream, uint32_t error_code, void *user) {
  (void)session, (void)stream;
  ((struct client *)user)->closed += error_code == 0;
  return 0;
}

static void open_client(struct client *client) {
  nghttp2_session_callbacks *callbacks;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  nghttp2_session_client_new(&client->session, callbacks, client);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0);
}

/* Transfers bytes in both directions until neither side has any. Collects the server's events. */
static size_t exchange(struct client *client, struct ph_http2 *server, uint8_t *events) {
  size_t collected = 0;
  for (int moved = 1; moved;) {
    moved = 0;
    const uint8_t *out;
    ssize_t length = nghttp2_session_mem_send(client->session, &out);
    if (length > 0) {
      CHECK(ph_http2_receive(server, out, (size_t)length) == PH_OK, "%s", ph_error_message());
      moved = 1;
    }
    uint8_t bytes[777];
    int sent = ph_http2_send(server, bytes, sizeof bytes);
    if (sent > 0) {
      nghttp2_session_mem_recv(client->session, bytes, (size_t)sent);
      moved = 1;
    }
    collected += (size_t)ph_http2_take(server, events + collected, (1 << 20) - collected);
  }
  return collected;
}

static int count_events(const uint8_t *events, size_t length, uint32_t kind) {
  int count = 0;
  for (size_t at = 0; at < length;) {
    uint32_t head[3];
    memcpy(head, events + at, sizeof head);
    count += head[0] == kind;
    at += sizeof head + head[2];
  }
  return count;
}

static void test_call(void) {
  static uint8_t events[1 << 20], body[200000];
  struct client client = {0};
  open_client(&client);
  struct ph_http2 *server = ph_http2_open(8, 4096);
  const nghttp2_nv request[] = {
      {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
      {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
      {(uint8_t *)":path", (uint8_t *)"/a", 5, 2, 0},
      {(uint8_t *)":authority", (uint8_t *)"x", 10, 1, 0},
  };
  int32_t stream = nghttp2_submit_request(client.session, NULL, request, 4, NULL, NULL);
  size_t length = exchange(&client, server, events);
  CHECK(count_events(events, length, PH_HTTP2_HEADERS) == 1, "%zu bytes of events", length);
  CHECK(count_events(events, length, PH_HTTP2_END) == 1, "%zu bytes of events", length);

  const uint8_t head[] = "\7\0\0\0\3\0\0\0:status200", tail[] = "\1\0\0\0\1\0\0\0ab";
  CHECK(ph_http2_respond(server, stream, head, 18, 0) == PH_OK, "%s", ph_error_message());
  CHECK(ph_http2_respond(server, stream, head, 18, 0) == PH_ERR_STATE, "twice");
  CHECK(ph_http2_write(server, stream, body, sizeof body) == PH_OK, "%s", ph_error_message());
  /* More than the client's window: the rest follows after its window updates. */
  length = exchange(&client, server, events);
  CHECK(client.body == sizeof body, "%zu bytes", client.body);
  CHECK(count_events(events, length, PH_HTTP2_DRAINED) == 1, "not drained");
  CHECK(ph_http2_finish(server, stream, tail, 10) == PH_OK, "%s", ph_error_message());
  length = exchange(&client, server, events);
  CHECK(client.headers == 2 && client.closed == 1, "%d, %d", client.headers, client.closed);
  CHECK(count_events(events, length, PH_HTTP2_CLOSED) == 1, "not closed");
  CHECK(ph_http2_write(server, stream, body, 1) == PH_ERR_STATE, "the stream is closed");
  CHECK(ph_http2_respond(server, 99, head, 18, 0) == PH_ERR_STATE, "no such stream");
  ph_http2_close(server);
  nghttp2_session_del(client.session);
}

static void test_malformed_lists(void) {
  struct client client = {0};
  static uint8_t events[1 << 20];
  open_client(&client);
  struct ph_http2 *server = ph_http2_open(8, 4096);
  const nghttp2_nv request[] = {
      {(uint8_t *)":method", (uint8_t *)"GET", 7, 3, 0},
      {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
      {(uint8_t *)":path", (uint8_t *)"/", 5, 1, 0},
      {(uint8_t *)":authority", (uint8_t *)"x", 10, 1, 0},
  };
  nghttp2_submit_request(client.session, NULL, request, 4, NULL, NULL);
  exchange(&client, server, events);
  const uint8_t broken[] = "\7\0\0\0\377\377\377\377:status200";
  CHECK(ph_http2_respond(server, 1, broken, 18, 0) == PH_ERR_ARGUMENT, "a truncated value");
  CHECK(ph_http2_respond(server, 1, broken, 5, 0) == PH_ERR_ARGUMENT, "a truncated length");
  CHECK(ph_http2_finish(server, 1, broken, 18) == PH_ERR_ARGUMENT, "a truncated value");
  ph_http2_close(server);
  nghttp2_session_del(client.session);
}

/* Bytes of a client that does not follow the rules. */
struct raw {
  uint8_t *bytes;
  size_t length, capacity;
};

/* Appends a frame (RFC 9113, section 4.1). */
static void add_frame(struct raw *raw, int type, int flags, uint32_t stream, const void *payload,
                      size_t length) {
  if (raw->length + 9 + length > raw->capacity) {
    raw->capacity = 2 * (raw->length + 9 + length);
    raw->bytes = realloc(raw->bytes, raw->capacity);
  }
  uint8_t *head = raw->bytes + raw->length;
  for (int i = 0; i < 3; i++) head[i] = (uint8_t)(length >> (16 - 8 * i));
  head[3] = (uint8_t)type;
  head[4] = (uint8_t)flags;
  for (int i = 0; i < 4; i++) head[5 + i] = (uint8_t)(stream >> (24 - 8 * i));
  if (length) memcpy(head + 9, payload, length);
  raw->length += 9 + length;
}

static struct ph_http2 *open_server(uint32_t max_streams) {
  static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
  struct ph_http2 *server = ph_http2_open(max_streams, 4096);
  CHECK(ph_http2_receive(server, preface, sizeof preface - 1) == PH_OK, "%s", ph_error_message());
  return server;
}

/* Passes in the bytes and, only then, takes out the answers. Returns 1 if the connection may
 * continue. Closes it. */
static int survives(struct ph_http2 *server, struct raw *raw) {
  static uint8_t out[2 << 20];
  /* AddressSanitizer sees a read behind the end of the bytes only if the block ends with them. */
  raw->bytes = realloc(raw->bytes, raw->length);
  int alive = ph_http2_receive(server, raw->bytes, raw->length) == PH_OK;
  if (alive) {
    ph_http2_take(server, out, sizeof out);
    while (ph_http2_send(server, out, sizeof out) > 0) ph_http2_take(server, out, sizeof out);
    alive = ph_http2_alive(server);
  }
  ph_http2_close(server);
  free(raw->bytes);
  *raw = (struct raw){0};
  return alive;
}

/* POST, http and / by indices of the static table (RFC 7541, appendix A), and the authority x. */
static const uint8_t header_block[] = {0x83, 0x86, 0x84, 0x01, 1, 'x'};
enum { END_STREAM = NGHTTP2_FLAG_END_STREAM, END_HEADERS = NGHTTP2_FLAG_END_HEADERS };

static void check_flood(const char *what, int count, int expected, struct raw *raw) {
  CHECK(survives(open_server(32), raw) == expected, "%d %s", count, what);
}

/* Answers wait for a client that does not read: at most 200. */
static void test_acknowledgement_floods(void) {
  static const uint8_t ping[8];
  static const int cases[][2] = {{180, 1}, {220, 0}, {900, 0}};
  struct raw raw = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int count = cases[i][0], expected = cases[i][1];
    for (int k = 0; k < count; k++) add_frame(&raw, NGHTTP2_PING, 0, 0, ping, sizeof ping);
    check_flood("PING", count, expected, &raw);
    for (int k = 0; k < count; k++) add_frame(&raw, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    check_flood("SETTINGS", count, expected, &raw);
  }
}

static void test_settings_entries(void) {
  static const int cases[][2] = {{29, 1}, {35, 0}};
  static const uint8_t entries[6 * 35]; /* unknown settings, which are ignored */
  struct raw raw = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    add_frame(&raw, NGHTTP2_SETTINGS, 0, 0, entries, 6 * (size_t)cases[i][0]);
    check_flood("entries of SETTINGS", cases[i][0], cases[i][1], &raw);
  }
}

/* Requests that are reset at once do not count as concurrent streams (CVE-2023-44487). nghttp2
 * allows 1000 at once. */
static void test_reset_flood(void) {
  static const uint8_t cancel[4] = {0, 0, 0, NGHTTP2_CANCEL};
  static const int cases[][2] = {{900, 1}, {1400, 0}};
  struct raw raw = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (int k = 0; k < cases[i][0]; k++) {
      uint32_t stream = (uint32_t)(2 * k + 1);
      add_frame(&raw, NGHTTP2_HEADERS, END_HEADERS, stream, header_block, sizeof header_block);
      add_frame(&raw, NGHTTP2_RST_STREAM, 0, stream, cancel, sizeof cancel);
    }
    check_flood("resets", cases[i][0], cases[i][1], &raw);
  }
}

/* Headers without an end (CVE-2024-28182). nghttp2 allows 8 CONTINUATION frames. */
static void test_continuation_flood(void) {
  static const int cases[][2] = {{7, 1}, {10, 0}};
  struct raw raw = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    add_frame(&raw, NGHTTP2_HEADERS, END_STREAM, 1, header_block, sizeof header_block);
    for (int k = 1; k <= cases[i][0]; k++) {
      int flags = k == cases[i][0] ? END_HEADERS : 0;
      add_frame(&raw, NGHTTP2_CONTINUATION, flags, 1, NULL, 0);
    }
    check_flood("CONTINUATION", cases[i][0], cases[i][1], &raw);
  }
}

/* Events that are not taken: at most 1 MiB, of which each has a head of 12 bytes. */
static void test_event_bytes(void) {
  enum { STREAMS = 20, PART = 100 };
  static const int cases[][2] = {{900, 1}, {1100, 0}};
  static const uint8_t part[PART];
  struct raw raw = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (uint32_t k = 0; k < STREAMS; k++)
      add_frame(&raw, NGHTTP2_HEADERS, END_HEADERS, 2 * k + 1, header_block, sizeof header_block);
    int parts = cases[i][0] * 1024 / (PART + 12);
    for (int k = 0; k < parts; k++)
      add_frame(&raw, NGHTTP2_DATA, 0, (uint32_t)(2 * (k % STREAMS) + 1), part, sizeof part);
    check_flood("KiB of events", cases[i][0], cases[i][1], &raw);
  }
}

void test_http2(void) {
  test_acknowledgement_floods();
  test_settings_entries();
  test_reset_flood();
  test_continuation_flood();
  test_event_bytes();
  test_call();
  test_malformed_lists();
  srand(1);
  for (int round = 0; round < 3000; round++) {
    uint8_t data[400];
    size_t size = (size_t)rand() % sizeof data;
    for (size_t i = 0; i < size; i++) data[i] = (uint8_t)(rand() >> 7);
    drive_http2(data, size);
  }
}

/* The server side of one HTTP/2 connection, without I/O. The caller passes in the bytes from the
 * peer and takes out events; it submits responses and takes out the bytes for the peer. nghttp2
 * does the framing, HPACK, flow control and flood protection.
 *
 * No function blocks, calls back or starts a thread. A connection must be used by one thread at a
 * time.
 *
 * A header list, in both directions, is a sequence of fields: u32 length of the name, u32 length of
 * the value, name, value. An event is u32 kind, u32 stream, u32 length, then that many bytes. All
 * integers are little-endian. */
#ifndef PH_HTTP2_H
#define PH_HTTP2_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

enum ph_http2_event {
  PH_HTTP2_HEADERS = 1,  /* a request began; the data is its header list */
  PH_HTTP2_DATA = 2,     /* bytes of a request's body; acknowledge them by ph_http2_consume */
  PH_HTTP2_END = 3,      /* the request is complete */
  PH_HTTP2_CLOSED = 4,   /* the stream was closed; the data is its u32 error code, 0 for no error */
  PH_HTTP2_DRAINED = 5,  /* all data written to the stream has been framed */
  PH_HTTP2_SETTINGS = 6, /* the peer sent its SETTINGS */
  PH_HTTP2_PONG = 7,     /* the peer acknowledged a ph_http2_ping */
};

struct ph_http2;

/* Opens a connection with at most `max_streams` concurrent streams and `max_header_bytes` for the
 * header list of a request. Returns NULL if memory allocation failed. */
PH_API struct ph_http2 *ph_http2_open(uint32_t max_streams, uint32_t max_header_bytes);
PH_API void ph_http2_close(struct ph_http2 *connection);

/* Processes bytes from the peer. After an error, a protocol violation or a flood, the connection
 * must be closed. */
PH_API int ph_http2_receive(struct ph_http2 *connection, const uint8_t *data, size_t length);

/* Returns the length of all pending events and moves them to `out` if they fit; otherwise they
 * remain pending. */
PH_API int ph_http2_take(struct ph_http2 *connection, uint8_t *out, size_t capacity);

/* Fills `out` with bytes for the peer. Returns how many; 0 if there are none now. */
PH_API int ph_http2_send(struct ph_http2 *connection, uint8_t *out, size_t capacity);

/* Begins a response; with `end`, the headers are the whole response. This and the next three
 * functions return PH_ERR_STATE if the stream is closed. */
PH_API int ph_http2_respond(struct ph_http2 *connection, int32_t stream, const uint8_t *headers,
                            size_t length, int end);
/* Queues bytes of the response's body. The queue is unbounded: wait for PH_HTTP2_DRAINED. */
PH_API int ph_http2_write(struct ph_http2 *connection, int32_t stream, const uint8_t *data,
                          size_t length);
/* Ends the response with trailers, after the queued data. */
PH_API int ph_http2_finish(struct ph_http2 *connection, int32_t stream, const uint8_t *trailers,
                           size_t length);
PH_API int ph_http2_reset(struct ph_http2 *connection, int32_t stream, uint32_t error_code);
/* Extends the flow-control windows of the stream and of the connection by `length` bytes. If the
 * stream is closed, extends only that of the connection. */
PH_API int ph_http2_consume(struct ph_http2 *connection, int32_t stream, size_t length);

PH_API int ph_http2_ping(struct ph_http2 *connection);
/* Sends GOAWAY: no new request is accepted; those in progress continue. */
PH_API int ph_http2_shutdown(struct ph_http2 *connection);
/* Returns 0 when both sides have ended the connection, else 1. */
PH_API int ph_http2_alive(struct ph_http2 *connection);

#endif

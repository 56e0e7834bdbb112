/* The server's side of one HTTP/2 connection, without I/O: bytes of the peer go in, events come
 * out; what the caller submits comes out as bytes for the peer. Framing, HPACK, flow control and
 * protection against floods are nghttp2's.
 *
 * Nothing here blocks, calls back or starts a thread. One connection belongs to one thread.
 *
 * Header lists, in and out, are a run of fields: u32 length of the name, u32 length of the value,
 * name, value. An event is u32 kind, u32 stream, u32 length, then that many bytes. Integers are
 * little-endian. */
#ifndef PH_HTTP2_H
#define PH_HTTP2_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

enum ph_http2_event {
  PH_HTTP2_HEADERS = 1,  /* a request began: its header list */
  PH_HTTP2_DATA = 2,     /* bytes of a request's body; answer with ph_http2_consume */
  PH_HTTP2_END = 3,      /* the peer will send no more on this stream */
  PH_HTTP2_CLOSED = 4,   /* the stream is gone: u32 error code, 0 where all was well */
  PH_HTTP2_DRAINED = 5,  /* all that was written to the stream has been framed */
  PH_HTTP2_SETTINGS = 6, /* the peer has introduced itself */
  PH_HTTP2_PONG = 7,     /* the peer answered a ph_http2_ping */
};

struct ph_http2;

/* NULL where the machine has no memory left. `max_streams` at once, `max_header_bytes` for one
 * request's header list. */
PH_API struct ph_http2 *ph_http2_open(uint32_t max_streams, uint32_t max_header_bytes);
PH_API void ph_http2_close(struct ph_http2 *connection);

/* Takes bytes of the peer. A negative status ends the connection: it speaks no HTTP/2, or floods. */
PH_API int ph_http2_receive(struct ph_http2 *connection, const uint8_t *data, size_t length);

/* The length of all waiting events; they are moved to `out` if they fit there, else they stay. */
PH_API int ph_http2_take(struct ph_http2 *connection, uint8_t *out, size_t capacity);

/* Fills `out` with bytes for the peer and returns how many; 0 where there are none for now. */
PH_API int ph_http2_send(struct ph_http2 *connection, uint8_t *out, size_t capacity);

/* Begins the answer; with `end` it is the whole answer. PH_ERR_STATE where the stream is gone,
 * as for every function below that names one. */
PH_API int ph_http2_respond(struct ph_http2 *connection, int32_t stream, const uint8_t *headers,
                            size_t length, int end);
/* Queues bytes of the answer's body. The queue is not bounded here: wait for PH_HTTP2_DRAINED. */
PH_API int ph_http2_write(struct ph_http2 *connection, int32_t stream, const uint8_t *data,
                          size_t length);
/* Ends the answer with trailers, after what is queued. */
PH_API int ph_http2_finish(struct ph_http2 *connection, int32_t stream, const uint8_t *trailers,
                           size_t length);
PH_API int ph_http2_reset(struct ph_http2 *connection, int32_t stream, uint32_t error_code);
/* Lets the peer send `length` more bytes on this stream and on the connection. */
PH_API int ph_http2_consume(struct ph_http2 *connection, int32_t stream, size_t length);

PH_API int ph_http2_ping(struct ph_http2 *connection);
/* Says that no further request will be taken; those under way go on. */
PH_API int ph_http2_shutdown(struct ph_http2 *connection);
/* 1 while there is a reason to keep the connection, 0 after its end was agreed on. */
PH_API int ph_http2_alive(struct ph_http2 *connection);

#endif

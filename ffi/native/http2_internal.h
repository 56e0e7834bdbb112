/* Declarations shared by http2.c, http2_request.c and http2_response.c. */
#ifndef PH_HTTP2_INTERNAL_H
#define PH_HTTP2_INTERNAL_H

#include <nghttp2/nghttp2.h>

#include "http2.h"
#include "queue.h"

struct stream {
  struct stream *next, **link;
  int32_t id;
  struct ph_queue headers; /* of the request, until they are complete */
  struct ph_queue out;     /* the response's body that is not framed yet */
  uint8_t *trailers;
  size_t trailers_length, header_bytes;
  int finishing, headers_done, responded;
};

struct ph_http2 {
  nghttp2_session *session;
  struct stream *streams;
  struct ph_queue events;
  const uint8_t *unsent;
  size_t unsent_length;
  uint32_t max_header_bytes;
};

/* Appends an event. Returns 0, or the error code for a callback of nghttp2. */
int ph_http2_emit(struct ph_http2 *connection, uint32_t kind, int32_t stream, const void *data,
                  size_t length);

/* Returns NULL if the stream is closed. */
struct stream *ph_http2_find(struct ph_http2 *connection, int32_t id);

/* Unlinks and frees a stream. */
void ph_http2_free_stream(struct stream *stream);

/* Converts a return value of nghttp2 to a status. */
int ph_http2_status(int result);

/* http2_request.c: sets the callbacks that turn received frames into events. */
void ph_http2_set_callbacks(nghttp2_session_callbacks *callbacks);

#endif

/* The receiving side of http2.h: turns the callbacks of nghttp2 into events. */
#include <stdlib.h>

#include "http2_internal.h"

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  struct ph_http2 *connection = user;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  struct stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NGHTTP2_ERR_CALLBACK_FAILURE;
  stream->id = frame->hd.stream_id;
  stream->next = connection->streams;
  stream->link = &connection->streams;
  if (stream->next) stream->next->link = &stream->next;
  connection->streams = stream;
  nghttp2_session_set_stream_user_data(session, stream->id, stream);
  return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user) {
  (void)session, (void)flags;
  struct ph_http2 *connection = user;
  struct stream *stream = ph_http2_find(connection, frame->hd.stream_id);
  if (!stream || stream->headers_done) return 0; /* gRPC does not use trailers in requests */
  /* RFC 9113, section 6.5.2: the size of a field is its bytes plus 32. */
  stream->header_bytes += name_length + value_length + 32;
  if (stream->header_bytes > connection->max_header_bytes)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets the stream */
  if (ph_queue_append_u32(&stream->headers, (uint32_t)name_length) ||
      ph_queue_append_u32(&stream->headers, (uint32_t)value_length) ||
      ph_queue_append(&stream->headers, name, name_length) ||
      ph_queue_append(&stream->headers, value, value_length))
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
  (void)session;
  struct ph_http2 *connection = user;
  int32_t id = frame->hd.stream_id;
  if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
    return ph_http2_emit(connection, PH_HTTP2_SETTINGS, 0, NULL, 0);
  if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
    return ph_http2_emit(connection, PH_HTTP2_PONG, 0, NULL, 0);
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  struct stream *stream = ph_http2_find(connection, id);
  if (!stream) return 0;
  if (!stream->headers_done) {
    stream->headers_done = 1;
    struct ph_queue *headers = &stream->headers;
    int failure = ph_http2_emit(connection, PH_HTTP2_HEADERS, id, headers->data, headers->length);
    ph_queue_release(headers);
    if (failure) return failure;
  }
  if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  return ph_http2_emit(connection, PH_HTTP2_END, id, NULL, 0);
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t length, void *user) {
  (void)session, (void)flags;
  return ph_http2_emit(user, PH_HTTP2_DATA, id, data, length);
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user) {
  struct ph_http2 *connection = user;
  struct stream *stream = ph_http2_find(connection, id);
  if (!stream) return 0;
  int announced = stream->headers_done;
  nghttp2_session_set_stream_user_data(session, id, NULL);
  ph_http2_free_stream(stream);
  uint8_t raw[4] = {error_code & 0xff, error_code >> 8 & 0xff, error_code >> 16 & 0xff,
                    error_code >> 24};
  return announced ? ph_http2_emit(connection, PH_HTTP2_CLOSED, id, raw, sizeof raw) : 0;
}

void ph_http2_set_callbacks(nghttp2_session_callbacks *callbacks) {
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
}

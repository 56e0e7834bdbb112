/**
 * Reads pulse and breathing from physiology_server, in browsers, Deno and Node.
 *
 * @module
 */
export { type ClientOptions, PhysiologyClient } from "./client.ts";
export { DeviceState, type DeviceStateOptions, STALE_AFTER_MS } from "./device_state.ts";
export * from "./envelopes.ts";
export { EventQueue } from "./event_queue.ts";
export {
  type Alarm,
  type AlarmsEvent,
  type ConnectionEvent,
  type EnvelopeEvent,
  type Events,
  type EventType,
  frameBlob,
  type FrameEvent,
  type GoneEvent,
  type MetricEvent,
  type MetricTopic,
  type StreamEvent,
} from "./events.ts";
export { type RedisLike, redisSource, type RedisSourceOptions } from "./redis_source.ts";
export {
  type RecordingCommand,
  RecordingError,
  type RecordingOutcome,
  type Source,
} from "./source.ts";
export { webSocketSource, type WebSocketSourceOptions } from "./web_socket_source.ts";

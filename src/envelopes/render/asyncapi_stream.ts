import { TOPICS } from "../fields/table.ts";
import type { JsonSchema } from "./json_schema.ts";

const DEVICE: JsonSchema = {
  type: "string",
  description: "Key prefix of the device.",
};
const names = (description: string): JsonSchema => ({
  type: "array",
  items: { type: "string", maxLength: 200 },
  maxItems: 256,
  description,
});

const SUBSCRIPTION: JsonSchema = {
  type: "object",
  description: "What the client wants from now on; it replaces what it wanted before.",
  properties: {
    subscribe: {
      type: "array",
      items: { type: "string", enum: TOPICS },
      description: "Types of envelopes; `frame` makes all `devices` live.",
    },
    devices: names("Devices by name or pattern. Default: all."),
    live: names("Devices whose frames are all sent."),
    stills: names("Devices of which at most one frame a second is sent."),
  },
  required: ["subscribe"],
};

const ENVELOPE: JsonSchema = {
  type: "object",
  description: "An envelope with the device that published it. A `frame` has no `data`: the next " +
    "message, which is binary, has 8 bytes with the capture time in microseconds, in big-endian " +
    "order, and then the JPEG.",
  properties: {
    type: { type: "string", enum: TOPICS },
    timestamp: { type: "integer", description: "Capture time in microseconds since 1970." },
    payload: { type: "object", description: "As in the envelope of this type." },
    device: DEVICE,
  },
  required: ["type", "timestamp", "payload", "device"],
};

const NOTICE: JsonSchema = {
  type: "object",
  description: "State of the server or of a device.",
  properties: {
    type: { type: "string", enum: ["heard", "gone", "connection", "hidden", "alarms", "alive"] },
    device: DEVICE,
    ago_ms: { type: "integer", description: "`heard`: milliseconds since its last message." },
    connected: { type: "boolean", description: "`connection`: whether Redis is connected." },
    count: { type: "integer", description: "`hidden`: number of devices that have no place." },
    alarms: { type: "array", items: { type: "object" }, description: "`alarms`: the whole list." },
  },
  required: ["type"],
};

/** The parts of the AsyncAPI document about `GET /v1/stream` of the web page. */
export const STREAM = {
  servers: {
    page: {
      host: "localhost:8080",
      protocol: "wss",
      description: "The web page of `dashboard`, or of a device (`--http_port`); `ws` on loopback.",
    },
  },
  channels: {
    stream: {
      address: "/v1/stream",
      title: "Stream of the web page",
      description: "A WebSocket with the messages of all devices (docs/DASHBOARD.md).",
      servers: [{ $ref: "#/servers/page" }],
      messages: Object.fromEntries(
        ["subscription", "stream_envelope", "stream_notice"].map((name) => [name, {
          $ref: `#/components/messages/${name}`,
        }]),
      ),
    },
  },
  operations: {
    stream: {
      action: "send",
      channel: { $ref: "#/channels/stream" },
      summary: "What the client has subscribed to",
      messages: [
        { $ref: "#/channels/stream/messages/stream_envelope" },
        { $ref: "#/channels/stream/messages/stream_notice" },
      ],
    },
    subscribe: {
      action: "receive",
      channel: { $ref: "#/channels/stream" },
      summary: "What the client wants",
      messages: [{ $ref: "#/channels/stream/messages/subscription" }],
    },
  },
  messages: {
    subscription: {
      name: "subscription",
      title: "Subscription",
      payload: { $ref: "#/components/schemas/subscription" },
      examples: [{
        name: "ward",
        payload: { subscribe: ["core_metrics", "status"], devices: ["ward-*"], live: ["ward-4"] },
      }],
    },
    stream_envelope: {
      name: "stream_envelope",
      title: "Envelope of a device",
      payload: { $ref: "#/components/schemas/stream_envelope" },
    },
    stream_notice: {
      name: "stream_notice",
      title: "Notice",
      payload: { $ref: "#/components/schemas/stream_notice" },
      examples: [{ name: "heard", payload: { type: "heard", device: "ward-4", ago_ms: 120 } }],
    },
  },
  schemas: { subscription: SUBSCRIPTION, stream_envelope: ENVELOPE, stream_notice: NOTICE },
} as const;

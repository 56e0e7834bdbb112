import { EXIT } from "../base/errors.ts";
import { type Topic, TOPICS } from "../envelopes/envelope.ts";
import { Hub } from "../web/hub.ts";
import { HttpServer } from "../web/http_server.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { CommandContext } from "./command.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import { stopSignal } from "../app/stop_signal.ts";
import { KeyValueReader } from "../transports/redis/key_value_reader.ts";
import { RedisReader } from "../transports/redis/reader.ts";

const METRIC_TOPICS = TOPICS.filter((topic) => topic !== "frame");
/** Maximum length of a key prefix, which any publisher can choose. */
const MAX_PREFIX_CHARACTERS = 200;
/** Interval of updating the connection state on the page. Chosen. */
const CONNECTION_CHECK_MS = 500;

/** Serves the page of all devices that publish to one Redis, until it is stopped. */
export async function run({ settings, log }: CommandContext): Promise<number> {
  const { redis, dashboard } = settings;
  using stop = stopSignal(log);
  const hub = new Hub({
    // Frames are most of the traffic, and a device sends them at full rate only on demand.
    onVideoSubscribed: (device, watched) => {
      if (!redis.usePubsub) return keyValues.watch(device, watched);
      const channel = `${device}:frame`;
      const done = watched ? reader.subscribe(channel) : reader.unsubscribe(channel);
      done.catch(() => {}); // the reader subscribes again after a reconnection
    },
  });
  await using reader = new RedisReader({
    redis: redisOptions(redis),
    log,
    onMessage: (channel, message) => takeMessage(hub, channel, message.toString()),
  });
  const keyValues = new KeyValueReader({
    source: reader,
    devices: dashboard.devices,
    onMessage: (channel, text) => takeMessage(hub, channel, text),
    clock: new SystemClock(),
  });
  const follow = async () => {
    if (!redis.usePubsub) return await keyValues.run(stop.signal);
    for (const pattern of dashboard.devices) {
      for (const topic of METRIC_TOPICS) {
        reader.subscribePattern(`${pattern}:${topic}`).catch(() => {});
      }
    }
  };
  const connectionCheck = setInterval(() => hub.setConnected(reader.ready), CONNECTION_CHECK_MS);
  await using server = new HttpServer({
    address: dashboard.address,
    port: dashboard.port,
    token: dashboard.token.reveal(),
    hub,
    log,
    onCommand: async (device, { recording, sessionId }) => {
      const command = { recording, ...(sessionId === undefined ? {} : { session_id: sessionId }) };
      try {
        await reader.pushCommand(device, command);
        return true;
      } catch {
        return false;
      }
    },
  });
  try {
    await server.start();
    void follow();
    await stop.stopped;
  } finally {
    clearInterval(connectionCheck);
  }
  return EXIT.ok;
}

/** Passes a message of the channel `{prefix}:{topic}` to the hub; other messages are ignored. */
export function takeMessage(hub: Hub, channel: string, text: string): void {
  const colon = channel.lastIndexOf(":");
  const device = channel.slice(0, colon);
  const topic = channel.slice(colon + 1) as Topic;
  if (colon < 1 || device.length > MAX_PREFIX_CHARACTERS || !TOPICS.includes(topic)) return;
  let envelope: unknown;
  try {
    envelope = JSON.parse(text);
  } catch {
    return;
  }
  if (topic !== "frame") return hub.publishEnvelope(device, { topic, envelope });
  const jpeg = jpegOf(envelope);
  if (jpeg) hub.publishFrame(device, jpeg);
}

function jpegOf(envelope: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64((envelope as { payload: { data: string } }).payload.data);
  } catch {
    return undefined;
  }
}

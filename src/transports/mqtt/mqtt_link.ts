import { Buffer } from "node:buffer";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { MqttClient } from "mqtt";
import { reasonOf } from "../../base/errors.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { backoffMs } from "../backoff.ts";
import type { MqttOptions } from "./options.ts";
import { PacketGuard } from "./packet_guard.ts";

/** A message to publish. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array | string;
  /** True for messages that the broker keeps; they are acknowledged (QoS 1). @default false */
  readonly retained?: boolean;
  /** Seconds after which the broker discards the message if it could not deliver it. */
  readonly expiryS?: number;
}

export interface MqttLinkOptions extends MqttOptions {
  /** Published by the broker if the connection is lost, and by `close()`. @default none */
  readonly lastWill?: MqttMessage;
  /** @default none */
  readonly subscriptions?: readonly string[];
  /** Called at each new connection. */
  readonly onConnect?: () => void;
  readonly onMessage?: (topic: string, payload: Uint8Array) => void;
  readonly counters: Counters;
  readonly log: Log;
}

/** Result of `publish()`; other than "sent", the message was dropped. */
export type PublishResult = "sent" | "disconnected" | "slow";

/**
 * Interval of pings, in seconds. A broker that does not respond is noticed after 1.5 intervals, and
 * after as long the broker publishes the Last Will of a device without power (MQTT 5, 3.1.2.10).
 */
const KEEPALIVE_S = 5;
/** Time limit of a connection attempt until CONNACK, in milliseconds. Chosen. */
const CONNECT_TIMEOUT_MS = 5000;
/** Delay before the next attempt, in milliseconds. Chosen. */
const BACKOFF = { firstMs: 500, capMs: 10_000 };
/** Time after which a connection counts as stable, so that the backoff starts anew. Chosen. */
const STABLE_MS = 10_000;
/** Bytes that wait for a slow link, above which messages are dropped. Chosen: some seconds. */
const MAX_WAITING_BYTES = 65_536;
/** Largest packet that the broker may send, in bytes: commands are short. */
const MAX_PACKET_BYTES = 65_536;
/** Time limit for the last message, in milliseconds. Chosen. */
const CLOSE_MS = 1000;
/** Session taken over: another client has connected with the same id (MQTT 5, 3.14.2.1). */
const SESSION_TAKEN_OVER = 0x8e;

/**
 * A connection to an MQTT 5 broker that is opened again whenever it is lost. Nothing is queued while
 * there is none: each client connects once, and the next attempt is a new client.
 */
export class MqttLink {
  readonly #options: MqttLinkOptions;
  #client: MqttClient | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #maxPacketBytes = Infinity;
  #closed = false;

  constructor(options: MqttLinkOptions) {
    this.#options = options;
  }

  /** Starts to connect. */
  start(): void {
    if (!this.#closed && this.#client === undefined) this.#connect();
  }

  get connected(): boolean {
    return this.#client?.connected ?? false;
  }

  /** Largest packet that the broker accepts, in bytes, as it said at the last connection. */
  get maxPacketBytes(): number {
    return this.#maxPacketBytes;
  }

  /** Publishes a message without waiting; never throws and never queues for a later connection. */
  publish(message: MqttMessage): PublishResult {
    const client = this.#client;
    if (!client?.connected) return "disconnected";
    if (client.stream.writableLength > MAX_WAITING_BYTES) return "slow";
    publishTo(client, message);
    return "sent";
  }

  /**
   * Publishes a message that the broker acknowledges (QoS 1).
   *
   * @returns false if there is no connection, or `signal` aborts before the acknowledgement
   */
  deliver(message: MqttMessage, signal: AbortSignal): Promise<boolean> {
    const client = this.#client;
    if (!client?.connected || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const finish = (delivered: boolean) => {
        signal.removeEventListener("abort", onEnd);
        client.stream.removeListener("close", onEnd);
        resolve(delivered);
      };
      const onEnd = () => finish(false);
      signal.addEventListener("abort", onEnd);
      client.stream.once("close", onEnd);
      publishTo(client, message, { qos: 1, onSent: (error) => finish(!error) });
    });
  }

  /** Publishes the last message, waits for its acknowledgement for at most 1 s, and disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    const closed = new Promise<void>((resolve) => client.stream.once("close", () => resolve()));
    const timer = setTimeout(() => client.stream.destroy(), CLOSE_MS);
    const { lastWill } = this.#options;
    // DISCONNECT makes the broker discard the Last Will.
    if (!client.connected) client.stream.destroy();
    else if (lastWill) publishTo(client, lastWill, { onSent: () => client.end() });
    else client.end();
    await closed;
    clearTimeout(timer);
  }

  #connect(): void {
    const { log, counters, onConnect, onMessage, host, port, clientId } = this.#options;
    const about = { endpoint: `${host}:${port}`, client: clientId };
    let client: MqttClient;
    let reason: unknown;
    const fail = (error: unknown) => reason ??= error;
    try {
      client = this.#open(fail);
    } catch (error) {
      this.#reportFailure(about, error);
      return this.#connectLater();
    }
    this.#client = client;
    let connectedMs: number | undefined;
    client.on("connect", ({ properties }) => {
      connectedMs = performance.now();
      this.#maxPacketBytes = properties?.maximumPacketSize ?? Infinity;
      counters.add("mqtt_connections_total");
      log.info("Connected to MQTT", about);
      this.#subscribe(client);
      onConnect?.();
    });
    client.on("message", (topic, payload, { retain }) => {
      // A retained command would be executed again at each start.
      if (!retain) onMessage?.(topic, payload);
    });
    client.on("disconnect", ({ reasonCode }) =>
      fail(
        new Error(
          reasonCode === SESSION_TAKEN_OVER
            ? "another client uses the id of this device"
            : `the broker ended the connection (reason code ${reasonCode})`,
        ),
      ));
    client.on("error", fail);
    client.once("close", () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      if (connectedMs === undefined) this.#reportFailure(about, reason);
      else {
        if (performance.now() - connectedMs > STABLE_MS) this.#attempt = 0;
        log.rateLimited("mqtt_lost", 10, "warning", "Lost the connection to MQTT", {
          ...about,
          reason: textOf(reason),
        });
      }
      this.#connectLater();
    });
  }

  #reportFailure(about: Readonly<Record<string, string>>, reason: unknown): void {
    this.#options.counters.add("mqtt_connection_failures_total");
    this.#options.log.rateLimited("mqtt_connect", 60, "warning", "Cannot connect to MQTT", {
      ...about,
      reason: textOf(reason),
    });
  }

  #connectLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => this.#connect(), backoffMs(++this.#attempt, BACKOFF));
  }

  #open(onError: (error: unknown) => void): MqttClient {
    const { host, port, tls, username, password, clientId, lastWill } = this.#options;
    // The library's own connect() would read a proxy from the environment.
    const secure = tls?.();
    const openSocket = (): Socket => {
      const socket = secure ? connectTls({ host, port, ...secure }) : connectTcp({ host, port });
      socket.on("error", onError);
      socket.setNoDelay(true);
      const guard = new PacketGuard(MAX_PACKET_BYTES);
      socket.prependListener("data", (bytes: Buffer) => {
        if (guard.accepts(bytes)) return;
        // The client, which receives them next, must not begin a packet that never ends.
        bytes.fill(0);
        onError(new Error("the broker sent a packet that is too long or malformed"));
        socket.destroy();
      });
      return socket;
    };
    return new MqttClient(openSocket, {
      protocolVersion: 5,
      clientId,
      ...username === undefined ? {} : { username },
      ...password === undefined ? {} : { password },
      keepalive: KEEPALIVE_S,
      // Otherwise each message would postpone the ping, and a frozen broker would not be noticed.
      reschedulePings: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      timerVariant: "native",
      properties: { maximumPacketSize: MAX_PACKET_BYTES, receiveMaximum: 16 },
      ...lastWill && {
        will: { topic: lastWill.topic, payload: bufferOf(lastWill.payload), qos: 1, retain: true },
      },
      // DEBUG=mqttjs* would print the password.
      log: () => {},
    });
  }

  #subscribe(client: MqttClient): void {
    const { subscriptions = [], log } = this.#options;
    for (const topic of subscriptions) {
      // rh: 2: no retained messages.
      client.subscribe(topic, { qos: 1, rh: 2 }, (error) => {
        if (!error || !client.connected) return;
        log.rateLimited(`mqtt_subscribe_${topic}`, 60, "warning", "Cannot subscribe to MQTT", {
          topic,
          reason: textOf(error),
        });
      });
    }
  }
}

function publishTo(
  client: MqttClient,
  { topic, payload, retained = false, expiryS }: MqttMessage,
  { qos = retained ? 1 : 0, onSent = () => {} }: {
    readonly qos?: 0 | 1;
    readonly onSent?: (error?: Error | null) => void;
  } = {},
): void {
  client.publish(topic, bufferOf(payload), {
    qos,
    retain: retained,
    ...expiryS === undefined ? {} : { properties: { messageExpiryInterval: expiryS } },
  }, onSent);
}

function bufferOf(payload: Uint8Array | string): Buffer {
  return typeof payload === "string"
    ? Buffer.from(payload)
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}

function textOf(reason: unknown): string {
  if (reason === undefined) return "the connection was closed";
  const { code } = reason as { readonly code?: unknown };
  return reasonOf(reason) || String(code);
}

import type { Sink } from "../../delivery/bus.ts";
import type { Message } from "../../envelopes/message.ts";
import type { OutletContext } from "../outlet.ts";
import { recordingCommandOf } from "./commands.ts";
import { discoveryPayload } from "./discovery.ts";
import { MqttLink, type MqttMessage } from "./mqtt_link.ts";
import type { MqttOptions } from "./options.ts";
import { PicturePublisher } from "./picture_publisher.ts";
import { StateBuilder } from "./state.ts";
import type { MqttTopics } from "./topics.ts";

export interface MqttSinkOptions extends MqttOptions {
  readonly topics: MqttTopics;
  /** Name of this device. */
  readonly device: string;
  /** Seconds between two messages of core metrics. */
  readonly bufferDurationS: number;
  /** Seconds between two pictures; 0: none. */
  readonly pictureIntervalS: number;
}

/** Interval of the state, in milliseconds. */
const STATE_INTERVAL_MS = 1000;
/** Seconds after which a state is too old to be delivered. */
const STATE_EXPIRY_S = 3;

/**
 * Publishes envelopes, the flat state and pictures of a device to MQTT, and takes recording commands.
 * What cannot be sent at once is dropped and counted under `mqtt_dropped_total`: it never waits, and never
 * affects the status of the measurement.
 */
export class MqttSink implements Sink, AsyncDisposable {
  readonly #options: MqttSinkOptions;
  readonly #context: OutletContext;
  readonly #state: StateBuilder;
  readonly #link: MqttLink;
  readonly #pictures: PicturePublisher | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: MqttSinkOptions, context: OutletContext) {
    const { topics, pictureIntervalS: intervalS } = options;
    this.#options = options;
    this.#context = context;
    this.#state = new StateBuilder(options);
    this.#link = new MqttLink({
      ...options,
      ...context,
      lastWill: { topic: topics.availability, payload: "offline", retained: true },
      subscriptions: [
        topics.recordingSet,
        ...topics.discovery ? [topics.discovery.birth] : [],
      ],
      onConnect: () => this.#announce(),
      onMessage: (topic, payload) => this.#receive(topic, payload),
    });
    this.#pictures = intervalS > 0
      ? new PicturePublisher({ ...options, topic: topics.picture, intervalS }, context)
      : undefined;
  }

  start(): void {
    this.#link.start();
    this.#pictures?.start();
    this.#timer = setInterval(() => this.#publishState(), STATE_INTERVAL_MS);
  }

  /** True while a picture is due. */
  get framesWanted(): boolean {
    return this.#pictures?.wanted ?? false;
  }

  offer(message: Message): void {
    if (message.kind === "frame") return this.#pictures?.offer(message);
    const { envelope } = message;
    if (envelope.type === "edge_metrics") return;
    this.#state.take(envelope, this.#context.clock.monotonicUs());
    const topic = this.#options.topics.envelope(envelope.type);
    // Without a connection, the envelope is not even encoded.
    this.#publish(envelope.type, () => ({ topic, payload: message.bytes }));
    if (envelope.type === "recording_state") this.#publishState();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#link.close(), this.#pictures?.[Symbol.asyncDispose]()]);
  }

  /** Publishes what a client needs first: availability, discovery and the present state. */
  #announce(): void {
    const { topics, device } = this.#options;
    if (topics.discovery) {
      const hasPictures = this.#pictures !== undefined;
      const payload = JSON.stringify(discoveryPayload({ device, topics, hasPictures }));
      const topic = topics.discovery.config;
      this.#publish("discovery", () => ({ topic, payload, retained: true }));
    }
    const topic = topics.availability;
    this.#publish("availability", () => ({ topic, payload: "online", retained: true }));
    this.#publishState();
  }

  #publishState(): void {
    this.#publish("state", () => ({
      topic: this.#options.topics.state,
      payload: JSON.stringify(this.#state.at(this.#context.clock.monotonicUs())),
      expiryS: STATE_EXPIRY_S,
    }));
  }

  #publish(kind: string, messageOf: () => MqttMessage): void {
    const { counters, log } = this.#context;
    const result = this.#link.connected ? this.#link.publish(messageOf()) : "disconnected";
    if (result === "sent") return counters.add("mqtt_published_total", { type: kind });
    counters.add("mqtt_dropped_total", { type: kind, reason: result });
    if (result === "slow") {
      log.rateLimited(
        "mqtt_slow",
        60,
        "warning",
        "Dropped a message to MQTT because the connection is too slow",
        { type: kind },
      );
    }
  }

  #receive(topic: string, payload: Uint8Array): void {
    const { topics } = this.#options;
    if (topic === topics.recordingSet) {
      this.#context.commands.handle(recordingCommandOf(payload), "mqtt");
    } else if (topic === topics.discovery?.birth && isOnline(payload)) this.#announce();
  }
}

function isOnline(payload: Uint8Array): boolean {
  return new TextDecoder().decode(payload.subarray(0, 16)) === "online";
}

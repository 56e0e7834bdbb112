import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import type { FrameOutgoing } from "../../envelopes/message.ts";
import { MqttLink } from "./mqtt_link.ts";
import type { MqttOptions } from "./options.ts";

export interface PictureOptions extends MqttOptions {
  readonly topic: string;
  /** Seconds from one picture to the next. */
  readonly intervalS: number;
}

export interface PictureContext {
  readonly clock: Pick<Clock, "monotonicUs">;
  readonly counters: Counters;
  readonly log: Log;
}

/**
 * Largest picture, in bytes. Chosen: 1920x1080 at quality 80 takes less than half of it, and Home
 * Assistant keeps the newest picture of each camera in memory.
 */
export const MAX_PICTURE_BYTES = 1 << 20;
/** Size of a PUBLISH packet beside its payload and its topic, in bytes (MQTT 5, 3.3); rounded up. */
const PACKET_OVERHEAD_BYTES = 32;

/**
 * Publishes the newest frame at an interval. It has a connection of its own, so that metrics do not
 * wait behind a picture, and one picture in flight (QoS 1): while the broker has not acknowledged it,
 * no further frame is needed, and what a slow broker receives next is the newest one.
 */
export class PicturePublisher implements AsyncDisposable {
  readonly #options: PictureOptions;
  readonly #context: PictureContext;
  readonly #link: MqttLink;
  readonly #closing = new AbortController();
  #nextUs = -Infinity;
  #inFlight = false;

  constructor(options: PictureOptions, context: PictureContext) {
    const { clientId } = options;
    this.#options = options;
    this.#context = context;
    this.#link = new MqttLink({ ...options, ...context, clientId: `${clientId}-picture` });
  }

  start(): void {
    this.#link.start();
  }

  /** True while a picture is due and the broker can take it. */
  get wanted(): boolean {
    return !this.#inFlight && this.#link.connected &&
      this.#context.clock.monotonicUs() >= this.#nextUs;
  }

  /** Publishes a frame if a picture is due. */
  offer({ image: { jpeg } }: FrameOutgoing): void {
    if (!this.wanted) return;
    const { topic, intervalS } = this.#options;
    const intervalUs = intervalS * 1e6;
    const nowUs = this.#context.clock.monotonicUs();
    // Keeps a fixed grid, and starts a new one after a gap.
    this.#nextUs = nowUs - this.#nextUs < intervalUs
      ? this.#nextUs + intervalUs
      : nowUs + intervalUs;
    const maxPacketBytes = this.#link.maxPacketBytes - topic.length - PACKET_OVERHEAD_BYTES;
    const maxBytes = Math.min(MAX_PICTURE_BYTES, maxPacketBytes);
    if (jpeg.length > maxBytes) return this.#dropTooLarge(jpeg.length, maxBytes);
    void this.#send(jpeg);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#link.close();
  }

  async #send(payload: Uint8Array): Promise<void> {
    const { topic, intervalS } = this.#options;
    // A client that joins later waits for the next picture.
    const expiryS = Math.max(1, Math.ceil(intervalS));
    this.#inFlight = true;
    const delivered = await this.#link.deliver({ topic, payload, expiryS }, this.#closing.signal);
    this.#inFlight = false;
    const { counters } = this.#context;
    if (delivered) counters.add("mqtt_published_total", { type: "picture" });
    else counters.add("mqtt_dropped_total", { type: "picture", reason: "disconnected" });
  }

  #dropTooLarge(bytes: number, limit: number): void {
    const { counters, log } = this.#context;
    counters.add("mqtt_dropped_total", { type: "picture", reason: "too_large" });
    log.rateLimited(
      "mqtt_picture_too_large",
      600,
      "warning",
      "Dropped a picture for MQTT because it is too large",
      { bytes, limit },
    );
  }
}

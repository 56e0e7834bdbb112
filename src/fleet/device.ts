import type { MonotonicUs } from "../base/time.ts";
import type { Backend } from "../delivery/backend.ts";
import { Outbox } from "../delivery/outbox.ts";
import { EnvelopeFactory } from "../envelopes/envelope_factory.ts";
import type { Topic } from "../envelopes/envelope.ts";
import { EnvelopeMessage, type Message } from "../envelopes/message.ts";
import { StatusDebouncer } from "../envelopes/status.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { Device } from "./publishers.ts";
import { CAMERA_FPS, FleetVitals, sampleAt, signalAt } from "./vitals.ts";

/** Size of the published frames, in pixels. */
const FRAME = { width: 640, height: 480 } as const;
const NOT_RECORDING = { recording: false } as const;

export interface FleetDeviceContext {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly backend: Backend;
  /** Capture time of its first frame. */
  readonly startUs: MonotonicUs;
  /** The JPEG of each frame; undefined if it publishes none. */
  readonly jpeg?: Uint8Array<ArrayBuffer> | undefined;
}

/** A device of the fleet: the envelopes and the outbox of the server, without a camera. */
export class FleetDevice implements AsyncDisposable {
  readonly prefix: string;
  readonly #context: FleetDeviceContext;
  readonly #envelopes: EnvelopeFactory;
  readonly #vitals: FleetVitals;
  readonly #status = new StatusDebouncer();
  readonly #outbox: Outbox;
  readonly #published = new Map<Topic, number>();
  #edgeFrame = 0;

  constructor({ index, prefix }: Device, context: FleetDeviceContext) {
    const { clock, backend, startUs, jpeg } = context;
    this.prefix = prefix;
    this.#context = context;
    this.#envelopes = new EnvelopeFactory(clock, { simulated: true });
    // Rates that differ, so that the beats of the devices do not fall into the same messages.
    this.#vitals = new FleetVitals({
      pulseBpm: 55 + index * 7 % 50,
      breathingBpm: 10 + index * 3 % 12,
      startUs,
    });
    this.#outbox = new Outbox(backend, context, {
      // A device that offers no frame does not ask for the demand for them either.
      sendsFramesAlways: jpeg === undefined,
    });
  }

  start(): void {
    this.#outbox.start();
  }

  /** Returns the number of messages of a topic that were handed to the outbox. */
  published(topic: Topic): number {
    return this.#published.get(topic) ?? 0;
  }

  /** Publishes the core metrics of that time, and the status if it is due. */
  publishCore(atUs: MonotonicUs): void {
    const estimate = this.#vitals.estimate(atUs);
    this.#offer(new EnvelopeMessage(this.#envelopes.coreMetrics(estimate, atUs)));
    const status = this.#status.observe(estimate.condition, atUs);
    if (status) this.#offer(new EnvelopeMessage(this.#envelopes.status(status, NOT_RECORDING)));
  }

  publishEdge(atUs: MonotonicUs): void {
    const frame = this.#edgeFrame++;
    const envelope = this.#envelopes.edgeMetrics({
      sample: sampleAt(frame, atUs),
      signal: signalAt(frame),
      upperTrace: [{ timeUs: atUs, value: 0.001 * Math.sin(frame / CAMERA_FPS) }],
      ...FRAME,
      frameDegradation: this.#outbox.frameDegradation,
    });
    this.#offer(new EnvelopeMessage(envelope));
  }

  /** Publishes a frame if a client wants it. */
  publishFrame(captureUs: MonotonicUs): void {
    const { jpeg } = this.#context;
    if (!jpeg || !this.#outbox.framesWanted) return;
    const image = { ...this.#envelopes.frame(captureUs), ...FRAME, jpeg };
    const { timestamp } = image;
    this.#offer({ kind: "frame", topic: "frame", timestamp, captureUs, image });
  }

  /** Resolves when nothing waits that can be sent, or after `ms` milliseconds. */
  async flush(ms: number): Promise<void> {
    await this.#outbox.flush(ms);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#outbox[Symbol.asyncDispose]();
  }

  #offer(message: Message): void {
    this.#published.set(message.topic, this.published(message.topic) + 1);
    this.#outbox.offer(message);
  }
}

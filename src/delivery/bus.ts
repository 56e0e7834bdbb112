import type { Envelope } from "../envelopes/envelope.ts";
import { EnvelopeMessage, type FrameOutgoing, type Message } from "../envelopes/message.ts";

/** Where messages of the bus go: the queues of a transport, a server's streams, the page. */
export interface Sink {
  /** Called once, before the first message. */
  start?(): void;
  /** Takes a message. Never waits and never throws: what cannot be kept is counted. */
  offer(message: Message): void;
  /** True while the sink has a use for frames at their full rate. @default false */
  readonly framesWanted?: boolean;
  /** How far frames should be reduced for a slow link: 0, not at all, to 1. @default 0 */
  readonly frameDegradation?: number;
  /** What keeps messages from being delivered, for the status PUBLISH_DEGRADED. */
  readonly problem?: string | undefined;
  /** Resolves when everything queued was sent, or after `ms` milliseconds. */
  flush?(ms: number): Promise<void>;
}

/**
 * Hands every message to every sink, in the order of the sinks. The appliance publishes here and
 * knows no transport.
 *
 * @example
 * ```ts
 * const bus = new Bus([outbox, pageSink]);
 * bus.start();
 * bus.publish(envelopes.recordingState({ recording: false }));
 * ```
 */
export class Bus {
  readonly #sinks: readonly Sink[];

  constructor(sinks: readonly Sink[]) {
    this.#sinks = sinks;
  }

  start(): void {
    for (const sink of this.#sinks) sink.start?.();
  }

  publish(envelope: Envelope): void {
    const message = new EnvelopeMessage(envelope);
    for (const sink of this.#sinks) sink.offer(message);
  }

  publishFrame(frame: FrameOutgoing): void {
    for (const sink of this.#sinks) sink.offer(frame);
  }

  /** True while any sink wants frames at their full rate. */
  get framesWanted(): boolean {
    return this.#sinks.some(({ framesWanted }) => framesWanted);
  }

  /** The strongest reduction of frames that a sink asks for, 0 to 1. */
  get frameDegradation(): number {
    return this.#sinks.reduce(
      (most, { frameDegradation = 0 }) => Math.max(most, frameDegradation),
      0,
    );
  }

  /** The first problem that a sink reports; undefined while all is well. */
  get problem(): string | undefined {
    for (const { problem } of this.#sinks) if (problem !== undefined) return problem;
    return undefined;
  }

  /** Resolves when every sink has sent what it had queued, or after `ms` milliseconds. */
  async flush(ms: number): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.flush?.(ms)));
  }
}

import { AppError } from "../base/errors.ts";
import type { Topic } from "../envelopes/envelope.ts";
import type { Outgoing } from "../envelopes/message.ts";

/** The acknowledgement of one message. */
export interface Delivery {
  /** Number of receivers, if the backend knows it, such as from the reply to PUBLISH. */
  readonly receivers?: number;
  /** True if subscribers may be moving to another server at the moment: some have missed it. */
  readonly subscribersMoving?: boolean;
}

/** What a backend knows about the clients that receive frames, without sending one. */
export interface FrameDemand {
  /** Whether there is a client that receives frames. */
  readonly watched: boolean;
  /**
   * Number of subscriptions that may include frames; undefined if there may be some that the backend
   * cannot count.
   */
  readonly patterns: number | undefined;
}

/**
 * What a transport implements to publish: it sends one message and reports the result. Queues and
 * retries are those of the outbox in front of it.
 */
export interface Backend extends AsyncDisposable {
  readonly name: string;
  /** Where messages go: address and prefix, without secrets. A spool belongs to one destination. */
  readonly destination: string;
  /** Connects or opens, and keeps trying until disposed; an unavailable peer is not an error. */
  start(): void;
  /** False while a send would fail at once. */
  readonly ready: boolean;
  /** Calls back on each change of `ready`. */
  onReady(listener: (ready: boolean) => void): void;
  /**
   * Sends one message. Several may be in flight; they arrive in the order of the calls.
   *
   * @throws {BackendError} if it was not delivered, or if that is unknown.
   */
  send(outgoing: Outgoing): Promise<Delivery>;
  /** Sends what it has collected at once; absent if it collects nothing. Never rejects. */
  flush?(): Promise<void>;
  /** What keeps messages from being delivered, and what to do; absent while all is well. */
  readonly problem?: string | undefined;
  /**
   * True if late messages must be sent before newer ones, as to a file. Otherwise they are replayed
   * beside live messages.
   *
   * @default false
   */
  readonly inOrder?: boolean;
  /** True if messages take no network, so that no slow link delays them. @default false */
  readonly isLocal?: boolean;
  /**
   * Returns whether a topic has subscribers, which it finds out without sending a message; undefined
   * if it cannot. Never rejects.
   */
  hasSubscribers?(topic: Topic): Promise<boolean | undefined>;
  /**
   * Returns what is known about the demand for frames; undefined if nothing is, so that frames are
   * wanted while their receivers are not counted. Absent if that is always so. Never rejects.
   */
  frameDemand?(): Promise<FrameDemand | undefined>;
  /**
   * Prepares to send frames, and returns whether one can be sent now; absent if it always can when the
   * backend is ready. A frame that it cannot send yet is followed by the next one.
   */
  openForFrames?(): boolean;
  /** Fails the frames in flight, so that they do not delay metrics; absent if it cannot. */
  discardFrames?(): void;
  /** What was measured right before the backend became ready; undefined without a network. */
  readonly measured?: LinkMeasurement | undefined;
  /**
   * Measures the link again by short messages; absent if it cannot. Never rejects.
   *
   * @returns undefined if the backend is not ready, or becomes unready meanwhile
   */
  measure?(): Promise<LinkMeasurement | undefined>;
}

/** First measurement of a new connection. */
export interface LinkMeasurement {
  /** Round-trip time (RTT) of a short message, in microseconds. */
  readonly rttUs: number;
  /** Time by which each byte of a message delays its reply, in microseconds. */
  readonly usPerByte: number;
}

export interface BackendErrorOptions extends ErrorOptions {
  readonly retriable: boolean;
  readonly reason: string;
}

/** A message that a backend could not deliver. */
export class BackendError extends AppError {
  /** False if the same message would fail again: it is dropped and counted. */
  readonly retriable: boolean;
  /** Label under which the drop is counted, such as "too_big". */
  readonly reason: string;

  constructor(message: string, options: BackendErrorOptions) {
    super(message, options);
    this.retriable = options.retriable;
    this.reason = options.reason;
  }
}

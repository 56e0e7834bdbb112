import { AppError } from "../base/errors.ts";
import type { FrameImage, Topic } from "./envelope.ts";

/** Metrics, status and recording state: kept in order, never dropped for a frame. */
export interface MetricOutgoing {
  readonly kind: "metric";
  readonly topic: Exclude<Topic, "frame">;
  /** The capture time that the envelope carries, microseconds since the Unix epoch. */
  readonly timestamp: number;
  /** The envelope, UTF-8 JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A picture: the newest wins. */
export interface FrameOutgoing {
  readonly kind: "frame";
  readonly topic: "frame";
  readonly timestamp: number;
  /** Capture time in microseconds of the monotonic clock, to judge its age. */
  readonly captureUs: number;
  readonly image: FrameImage;
}

export type Outgoing = MetricOutgoing | FrameOutgoing;

/** What a backend answers to one message. */
export interface Delivery {
  /** How many got it, where the backend can tell: PUBLISH's reply. */
  readonly receivers?: number;
  /** True where subscribers may be on their way to another server, and back in a moment. */
  readonly unsettled?: boolean;
}

/**
 * A way out: Redis, files, gRPC. The outbox in front of it owns queues and retries; a backend
 * sends one message and says how it went.
 */
export interface Backend extends AsyncDisposable {
  readonly name: string;
  /** Connects or opens; goes on trying by itself until disposed. Never rejects for a peer that is away. */
  start(): void;
  /** False while a send would fail at once. */
  readonly ready: boolean;
  /** Calls back on each change of `ready`. */
  onReady(listener: (ready: boolean) => void): void;
  /**
   * Sends one message; several may be under way, and they arrive in the order of the calls.
   *
   * @throws {BackendError} where it did not arrive, or nobody can know.
   */
  send(outgoing: Outgoing): Promise<Delivery>;
  /** What is wrong, as a sentence with what to do; absent while all is well. */
  readonly trouble?: string | undefined;
  /**
   * True where late messages have to go out before newer ones: a file, a stream. Elsewhere they
   * are replayed beside them.
   */
  readonly inOrder?: boolean;
  /** How long an answer took right before it became ready, microseconds; absent for none. */
  readonly rttUs?: number | undefined;
}

export interface BackendErrorOptions extends ErrorOptions {
  readonly retriable: boolean;
  readonly reason: string;
}

/** A message that a backend could not deliver. */
export class BackendError extends AppError {
  /** False where the same message would fail again: it is dropped and counted. */
  readonly retriable: boolean;
  /** The label under which the drop is counted, such as "too_big". */
  readonly reason: string;
  constructor(message: string, options: BackendErrorOptions) {
    super(message, options);
    this.retriable = options.retriable;
    this.reason = options.reason;
  }
}

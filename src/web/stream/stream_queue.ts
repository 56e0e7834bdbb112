import type { DeviceFrame } from "../device_frame.ts";

/** What the stream needs of a WebSocket. */
export interface StreamSocket {
  /** Bytes that were given to `send()` and are not in the network yet. */
  readonly bufferedAmount: number;
  /** Sends one message; `onSent` is called later: when it is in the network, or cannot be sent. */
  send(data: string | Uint8Array<ArrayBuffer>, onSent?: () => void): void;
  ping(): void;
  close(code: number, reason: string): void;
  /** Closes without waiting for the client. */
  terminate(): void;
}

/** Bytes in the socket from which on messages wait. Chosen: some seconds of metrics. */
const MAX_BUFFERED_BYTES = 512 * 1024;
/** Bytes in the socket from which on frames wait, so that metrics stay in front. Chosen. */
const MAX_BUFFERED_FRAME_BYTES = 128 * 1024;

/**
 * Backpressure of one client. What its socket cannot take at once waits: only the newest message of
 * each key, and only the newest frame of each device, so that the memory has a limit and the client
 * catches up with the present.
 */
export class StreamQueue {
  readonly #socket: StreamSocket;
  readonly #nowMs: () => number;
  readonly #messages = new Map<string, { readonly text: string }>();
  readonly #frames = new Map<string, DeviceFrame>();
  #blockedSinceMs: number | undefined;

  /** @param nowMs monotonic time in milliseconds */
  constructor(socket: StreamSocket, nowMs: () => number) {
    this.#socket = socket;
    this.#nowMs = nowMs;
  }

  /** Time for which there was always a message that had to wait, in milliseconds. */
  get blockedMs(): number {
    return this.#blockedSinceMs === undefined ? 0 : this.#nowMs() - this.#blockedSinceMs;
  }

  /** Sends the text, or keeps it instead of the last one of the same key. */
  add(key: string, message: { readonly text: string }): void {
    this.#messages.delete(key);
    this.#messages.set(key, message);
    this.#flush();
  }

  /** Sends a frame of a device, or keeps it instead of the last one. */
  addFrame(frame: DeviceFrame): void {
    this.#frames.delete(frame.device);
    this.#frames.set(frame.device, frame);
    this.#flush();
  }

  clear(): void {
    this.#messages.clear();
    this.#frames.clear();
  }

  readonly #flush = (): void => {
    for (const [key, { text }] of this.#messages) {
      if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) break;
      this.#messages.delete(key);
      this.#socket.send(text, this.#onSent);
    }
    if (this.#messages.size === 0) this.#blockedSinceMs = undefined;
    else this.#blockedSinceMs ??= this.#nowMs();
    for (const [device, frame] of this.#frames) {
      if (this.#socket.bufferedAmount > MAX_BUFFERED_FRAME_BYTES) break;
      this.#frames.delete(device);
      this.#socket.send(frame.text);
      this.#socket.send(frame.bytes, this.#onSent);
    }
  };

  readonly #onSent = (): void => {
    if (this.#messages.size + this.#frames.size > 0) this.#flush();
  };
}

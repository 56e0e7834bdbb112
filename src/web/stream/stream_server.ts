import type { WebSocket } from "ws";
import type { Hub } from "../hub.ts";
import { StreamClient, type StreamSocket } from "./stream_client.ts";

/** Maximum number of clients of the stream. */
const MAX_STREAM_CLIENTS = 256;
/** Bytes in a socket from which on a PING has no answer, so that a flood of them fills no memory. */
const MAX_BUFFERED_PONG_BYTES = 65_536;

/** The clients of the stream of a hub. */
export class StreamServer {
  readonly #hub: Hub;
  readonly #nowMs: () => number;
  #clients = 0;

  /** @param options.nowMs monotonic time in milliseconds @default performance.now */
  constructor(hub: Hub, { nowMs = () => performance.now() }: { nowMs?: () => number } = {}) {
    this.#hub = hub;
    this.#nowMs = nowMs;
  }

  get clients(): number {
    return this.#clients;
  }

  /** True if no further client is accepted. */
  get isFull(): boolean {
    return this.#clients >= MAX_STREAM_CLIENTS;
  }

  /** Serves a client until it leaves. */
  serve(socket: WebSocket): void {
    this.#clients++;
    const client = new StreamClient({
      hub: this.#hub,
      socket: toStreamSocket(socket),
      nowMs: this.#nowMs,
    });
    socket.on("message", (data, isBinary) => client.receive(isBinary ? undefined : String(data)));
    socket.on("pong", () => client.onPong());
    socket.on("ping", (data) => {
      if (socket.bufferedAmount < MAX_BUFFERED_PONG_BYTES) socket.pong(data);
    });
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => {
      this.#clients--;
      client.end();
    });
  }
}

function toStreamSocket(socket: WebSocket): StreamSocket {
  return {
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (data, onSent) => socket.send(data, onSent),
    ping: () => {
      // A connection that is closing takes no PING.
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}

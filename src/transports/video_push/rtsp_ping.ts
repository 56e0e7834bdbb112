import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { readCertificate } from "../../base/pem.ts";
import { serverNameOf } from "../../base/server_name.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { RtspAddress } from "./flags.ts";

export interface RtspPingOptions {
  readonly address: RtspAddress;
  /** PEM file of the authorities. @default those of Deno */
  readonly tlsCaPath?: string | undefined;
  readonly clock: Pick<Clock, "sleep">;
  /** Called when the server has not responded in time. */
  readonly onSilence: () => void;
  /** Milliseconds between two requests. @default 5000 */
  readonly intervalMs?: number;
  /** Milliseconds that a response may take. @default 5000 */
  readonly timeoutMs?: number;
}

/**
 * Sends OPTIONS to an RTSP server at an interval (RFC 2326, 10.1), on a connection of its own. ffmpeg
 * sends no request after RECORD, and the kernel of a frozen server accepts video for as long as its
 * buffers have room. A server that refuses or closes the connection counts as responding: the
 * connection of the video then ends by itself.
 */
export class RtspPing implements Disposable {
  readonly #options: Required<Omit<RtspPingOptions, "tlsCaPath">> & RtspPingOptions;
  readonly #closing = new AbortController();
  #socket: Socket | undefined;
  #sequence = 0;

  constructor(options: RtspPingOptions) {
    this.#options = { intervalMs: 5000, timeoutMs: 5000, ...options };
  }

  /** Sends requests until it is disposed of. */
  async start(): Promise<void> {
    const { clock, intervalMs, onSilence } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const responds = await this.#ask();
      if (!responds && !signal.aborted) onSilence();
      await clock.sleep(intervalMs, signal);
    }
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#socket?.destroy();
  }

  /** Resolves with false if the server is silent. */
  #ask(): Promise<boolean> {
    let socket: Socket;
    try {
      socket = this.#socket ??= this.#open();
    } catch {
      // The file of the authorities is gone, which says nothing about the server.
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const finish = (responds: boolean) => {
        clearTimeout(timer);
        socket.removeListener("data", onResponse);
        socket.removeListener("close", onResponse);
        resolve(responds);
      };
      const onResponse = () => finish(true);
      const timer = setTimeout(() => {
        finish(false);
        socket.destroy();
      }, this.#options.timeoutMs);
      socket.once("data", onResponse);
      socket.once("close", onResponse);
      socket.write(`OPTIONS * RTSP/1.0\r\nCSeq: ${++this.#sequence}\r\n\r\n`);
    });
  }

  #open(): Socket {
    const { address: { host, port, tls }, tlsCaPath } = this.#options;
    const socket = tls
      ? connectTls({
        host,
        port,
        minVersion: "TLSv1.2",
        ...serverNameOf(host),
        ...tlsCaPath === undefined
          ? {}
          : { ca: readCertificate(tlsCaPath, "authorities of the RTSP server") },
      })
      : connectTcp({ host, port });
    socket.on("error", () => {}); // "close" follows
    socket.once("close", () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    return socket;
  }
}

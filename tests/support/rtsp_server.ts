import type { KeyPair } from "./certificates.ts";
import { PYTHON } from "./program.ts";
import { acceptsConnections, ServerProcess } from "./server_process.ts";

const SCRIPT = new URL("rtsp_server.py", import.meta.url).pathname;

/** An access unit that the server has received. */
export interface ReceivedVideo {
  /** Arrival in seconds since the Unix epoch. */
  readonly arrival: number;
  /** RTP timestamp, in units of 1/90000 s, modulo 2^32. */
  readonly rtp: number;
  readonly bytes: number;
  /** MD5 of the 16 KiB before the last two bytes. */
  readonly hash: string;
}

export interface RtspServerOptions {
  /** @default mjpeg */
  readonly codec?: "mjpeg" | "h264";
  /** Asks for a password (Digest). */
  readonly user?: { readonly name: string; readonly password: string };
  /** Serves TLS. */
  readonly certificate?: KeyPair;
}

/** Starts an RTSP server on 127.0.0.1 until it is disposed. */
export async function startRtspServer(options: RtspServerOptions = {}): Promise<RtspServer> {
  const server = new RtspServer(options);
  await server.restart();
  return server;
}

/** GStreamer's RTSP server, which a client publishes to at `/bed-4`. */
export class RtspServer extends ServerProcess {
  readonly #options: RtspServerOptions;

  constructor(options: RtspServerOptions) {
    super({ name: "rtsp_server" });
    this.#options = options;
  }

  get url(): string {
    return `rtsp${this.#options.certificate ? "s" : ""}://127.0.0.1:${this.port}/bed-4`;
  }

  /** What the server has received since its start. */
  get received(): ReceivedVideo[] {
    return this.log().split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** File with the newest access unit. */
  get newestPath(): string {
    return `${this.logPath}.newest`;
  }

  /** Starts it again on the same port. */
  async restart(): Promise<void> {
    const { codec = "mjpeg", user, certificate } = this.#options;
    await this.start([
      ...[PYTHON, SCRIPT, `${this.port}`, this.logPath, codec],
      ...user ? [`--user=${user.name}`, `--password=${user.password}`] : [],
      ...certificate ? [`--cert=${certificate.cert}`, `--key=${certificate.key}`] : [],
    ], acceptsConnections);
  }
}

import type { Topic } from "../../src/envelopes/envelope.ts";

/** An envelope with the device that it is from. */
export interface DeviceEnvelope {
  readonly type: string;
  readonly device: string;
  readonly payload: object;
  readonly timestamp: number;
}

/** A frame as the stream sends it. */
export interface StreamFrame {
  readonly device: string;
  readonly timestamp: number;
  readonly width: number;
  readonly height: number;
  readonly sequence: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

interface Subscriber {
  readonly socket: WebSocket;
  topics: readonly Topic[];
}

/**
 * A page server for tests of clients: it speaks the protocol of `/v1/stream` and `/v1/recording`,
 * and sends what a test passes to it.
 */
export class StreamPage implements AsyncDisposable {
  /** Messages that a new subscriber receives first, as kept for its devices. */
  kept: readonly DeviceEnvelope[] = [];
  /** What `/v1/recording` answers; null for no answer. */
  recording: { readonly status: number; readonly body: unknown } = { status: 200, body: {} };
  /** The requests for recordings. */
  readonly requests: unknown[] = [];
  /** The header `Authorization` of each subscriber. */
  readonly authorizations: (string | null)[] = [];
  readonly #subscribers = new Set<Subscriber>();
  readonly #folder: string;
  #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param folder Files that it serves too, such as those of a page that uses the client. */
  constructor({ folder = "" }: { readonly folder?: string } = {}) {
    this.#folder = folder;
    this.#server = this.#serve(0);
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Number of clients that have subscribed. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  send(
    envelope: DeviceEnvelope | { readonly type: string; readonly [key: string]: unknown },
  ): void {
    for (const { socket, topics } of this.#subscribers) {
      const { type } = envelope;
      if (!ENVELOPES.has(type) || topics.includes(type as Topic)) {
        socket.send(JSON.stringify(envelope));
      }
    }
  }

  /** Sends the text message of a frame, and the binary one with its capture time and JPEG. */
  sendFrame({ device, timestamp, jpeg, ...size }: StreamFrame): void {
    const bytes = new Uint8Array(8 + jpeg.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(timestamp));
    bytes.set(jpeg, 8);
    for (const { socket, topics } of this.#subscribers) {
      if (!topics.includes("frame")) continue;
      const payload = { ...size, format: "jpeg" };
      socket.send(JSON.stringify({ type: "frame", timestamp, payload, device }));
      socket.send(bytes);
    }
  }

  /** Closes all connections at once, and serves again on the same port. */
  async restart(): Promise<void> {
    const { port } = this;
    await this[Symbol.asyncDispose]();
    this.#server = this.#serve(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.#subscribers) socket.close(1001);
    this.#subscribers.clear();
    await this.#server.shutdown();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    const options = { hostname: "127.0.0.1", port, onListen: () => {} };
    return Deno.serve(options, (request) => this.#answer(request));
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/v1/recording") {
      this.requests.push(await request.json());
      return Response.json(this.recording.body, { status: this.recording.status });
    }
    if (pathname !== "/v1/stream") return await this.#file(pathname);
    this.authorizations.push(request.headers.get("authorization"));
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    const subscriber: Subscriber = { socket, topics: [] };
    socket.onopen = () => socket.send(JSON.stringify({ type: "connection", connected: true }));
    socket.onmessage = ({ data }) => {
      subscriber.topics = JSON.parse(data).subscribe;
      this.#subscribers.add(subscriber);
      for (const envelope of this.kept) socket.send(JSON.stringify(envelope));
      for (const device of new Set(this.kept.map(({ device }) => device))) {
        socket.send(JSON.stringify({ type: "heard", device, ago_ms: 1000 }));
      }
    };
    socket.onclose = () => this.#subscribers.delete(subscriber);
    return response;
  }

  async #file(pathname: string): Promise<Response> {
    const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
    try {
      return new Response(await Deno.readFile(this.#folder + pathname), {
        headers: { "content-type": type },
      });
    } catch {
      return new Response("not found", { status: 404 });
    }
  }
}

const ENVELOPES = new Set(["core_metrics", "edge_metrics", "status", "recording_state"]);

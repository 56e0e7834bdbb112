import { PAGE_FILES } from "../../src/web/assets.ts";
import type { Alarm, Session, Subscription } from "../../src/web/page/protocol.ts";
import type { SimulatedBed } from "./simulated_bed.ts";
import { TICK_US } from "./simulated_bed.ts";

export interface FakeWardOptions {
  readonly beds: readonly SimulatedBed[];
  readonly images: readonly Uint8Array<ArrayBuffer>[];
  readonly alarms?: readonly Alarm[];
  /** Prefix of all paths, as behind a reverse proxy. @default "/" */
  readonly prefix?: string;
}

/** A server with the protocol of the page, for states that real devices reach only by chance. */
export class FakeWardServer implements AsyncDisposable {
  readonly beds: readonly SimulatedBed[];
  alarms: readonly Alarm[];
  readonly commands: unknown[] = [];
  subscription: Subscription | undefined;
  readonly #images: readonly Uint8Array<ArrayBuffer>[];
  readonly #clients = new Map<WebSocket, Subscription>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #prefix: string;
  #turn = 0;

  constructor({ beds, images, alarms = [], prefix = "/" }: FakeWardOptions) {
    this.beds = beds;
    this.alarms = alarms;
    this.#images = images;
    this.#prefix = prefix;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#respond(request),
    );
    this.#timer = setInterval(() => this.#tick(), TICK_US / 1000);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}${this.#prefix}`;
  }

  broadcast(message: unknown): void {
    for (const socket of this.#clients.keys()) socket.send(JSON.stringify(message));
  }

  setAlarms(alarms: readonly Alarm[]): void {
    this.alarms = alarms;
    this.broadcast({ type: "alarms", alarms });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#clients.keys()) socket.close();
    await this.#server.shutdown();
  }

  #tick(): void {
    const nowMs = Date.now();
    const turn = this.#turn++;
    for (const [index, bed] of this.beds.entries()) {
      for (const envelope of bed.tick(nowMs)) this.broadcast({ ...envelope, device: bed.name });
      if (bed.isDead) continue;
      for (const [socket, { live, stills }] of this.#clients) {
        const isDue = live.includes(bed.name) ||
          (stills.includes(bed.name) && (turn + index) % 5 === 0);
        if (isDue) this.#sendFrame(socket, { bed, index, us: nowMs * 1000 });
      }
    }
    if (turn % 25 === 0) this.broadcast({ type: "alive" });
  }

  #sendFrame(socket: WebSocket, { bed: { name }, index, us }: {
    readonly bed: SimulatedBed;
    readonly index: number;
    readonly us: number;
  }): void {
    const jpeg = this.#images[(this.#turn + 7 * index) % this.#images.length]!;
    const payload = { width: 640, height: 480, format: "jpeg", sequence: this.#turn };
    socket.send(JSON.stringify({ type: "frame", timestamp: us, device: name, payload }));
    const bytes = new Uint8Array(8 + jpeg.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.round(us)));
    bytes.set(jpeg, 8);
    socket.send(bytes);
  }

  async #respond(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith(this.#prefix)) return new Response("", { status: 404 });
    const path = pathname.slice(this.#prefix.length - 1);
    const file = PAGE_FILES.get(path);
    if (file) return new Response(file.text, { headers: { "content-type": file.type } });
    switch (path) {
      case "/v1/stream":
        return this.#stream(request);
      case "/v1/page":
        return Response.json({ alarms: true, sessions: true, history: true });
      case "/v1/sessions":
        return Response.json({ sessions: [SESSION] });
      case "/v1/trends":
        return Response.json(trendOf(searchParams.get("device") ?? ""));
      case "/v1/alarms/acknowledge":
        return this.#acknowledge(await request.json());
      case "/v1/recording":
        return this.#record(await request.json());
    }
    return new Response("", { status: 404 });
  }

  #stream(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ type: "connection", connected: true }));
    });
    socket.addEventListener("message", ({ data }) => {
      const isFirst = !this.#clients.has(socket);
      this.subscription = JSON.parse(data);
      this.#clients.set(socket, this.subscription!);
      if (!isFirst) return;
      socket.send(JSON.stringify({ type: "alarms", alarms: this.alarms }));
      for (const bed of this.beds) {
        socket.send(JSON.stringify({ ...bed.statusEnvelope(Date.now()), device: bed.name }));
        socket.send(JSON.stringify({
          type: "heard",
          device: bed.name,
          ago_ms: bed.isDead ? 65_000 : 0,
        }));
      }
    });
    socket.addEventListener("close", () => this.#clients.delete(socket));
    return response;
  }

  #acknowledge({ device, rule }: { device?: string; rule?: string }): Response {
    this.setAlarms(
      this.alarms.map((alarm) =>
        (device ?? alarm.device) === alarm.device && (rule ?? alarm.rule) === alarm.rule
          ? { ...alarm, acknowledged: true }
          : alarm
      ).filter(({ acknowledged, state }) => !acknowledged || state === "active"),
    );
    return Response.json({ alarms: this.alarms });
  }

  #record(command: {
    readonly device?: string;
    readonly devices?: readonly string[];
    readonly recording: boolean;
  }): Response {
    this.commands.push(command);
    const names = command.devices ?? [command.device];
    const beds = this.beds.filter(({ name }) => names.includes(name));
    for (const bed of beds) {
      this.broadcast({ ...bed.record(command, Date.now()), device: bed.name });
    }
    const { recording } = command;
    const results = beds.map(({ name }) => ({ device: name, recording, outcome: "confirmed" }));
    return Response.json({ results });
  }
}

const SESSION: Session = {
  session_id: "visit-7",
  modified: 1_767_225_600_000_000,
  files: [
    { name: "metrics_visit-7.csv", bytes: 310_000 },
    { name: "metrics_visit-7.jsonl", bytes: 12_300_000 },
  ],
};

/** An hour of trend, with a gap. */
function trendOf(device: string) {
  const now = Math.floor(Date.now() / 5000) * 5e6;
  const at = Array.from({ length: 720 }, (_, index) => index);
  const isGap = (index: number) => index > 300 && index < 360;
  const column = (base: number, swing: number) =>
    at.map((index) =>
      isGap(index) ? null : base + swing * Math.sin(index / 60) + swing * Math.sin(index / 7) / 3
    );
  const confidence = at.map((index) => isGap(index) ? null : 0.95);
  return {
    device,
    interval_s: 5,
    columns: {
      time: at.map((index) => now - (719 - index) * 5e6),
      pulse: column(72, 8),
      pulse_confidence: confidence,
      breathing: column(15, 2),
      breathing_confidence: confidence,
    },
  };
}

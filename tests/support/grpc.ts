import { CommandHandler } from "../../src/control/commands.ts";
import { Recording } from "../../src/control/recording.ts";
import { GrpcServer, type GrpcServerOptions } from "../../src/transports/grpc/grpc_server.ts";
import { Counters } from "../../src/telemetry/counters.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { fakeMetrics, fakeStatus } from "./fake_stream.ts";

/** A gRPC server on a free loopback port, with its dependencies. */
export class GrpcBench implements AsyncDisposable {
  readonly counters = new Counters();
  readonly recording = new Recording();
  readonly server: GrpcServer;
  resets = 0;
  #sequence = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: Partial<GrpcServerOptions> = {}) {
    const { counters, recording } = this;
    const commands = new CommandHandler({ recording, counters, log: silentLog });
    this.server = new GrpcServer({
      port: 0,
      recording,
      commands,
      counters,
      log: silentLog,
      onReset: () => this.resets++,
      ...options,
    });
    this.server.start();
  }

  get address(): string {
    return `127.0.0.1:${this.server.port}`;
  }

  /** Publishes one message of each type. */
  publish(): void {
    for (const envelope of [...fakeMetrics(this.#sequence), fakeStatus(this.#sequence)]) {
      this.server.publish(envelope);
    }
    this.#sequence++;
  }

  /** Publishes at an interval. */
  stream(everyMs: number): void {
    this.#timer = setInterval(() => this.publish(), everyMs);
  }

  /** Opens a TCP connection to the server. */
  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.server.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.server[Symbol.asyncDispose]();
  }
}

import type { ReceivedEnvelope } from "../../src/envelopes/received.ts";
import { metricsAt, type MetricsOf } from "./alarms.ts";
import { type ProgramUnderTest, startProgram } from "./physiology_server.ts";
import type { RedisServer } from "./redis_server.ts";
import { waitFor } from "./wait.ts";

/** The command `alert`, which runs beside a Redis, with the permissions of the packed program. */
export class AlertProgram implements AsyncDisposable {
  readonly #client;
  #lastUs = 0;

  private constructor(readonly program: ProgramUnderTest, server: RedisServer) {
    this.#client = server.client();
  }

  /** Starts it with a file of rules; waits until it receives envelopes. */
  static async start(
    server: RedisServer,
    { folder, rules, flags = [] }: {
      readonly folder: string;
      readonly rules: object;
      readonly flags?: readonly string[];
    },
  ): Promise<AlertProgram> {
    const path = `${folder}/rules.json`;
    Deno.writeTextFileSync(path, JSON.stringify(rules));
    const program = startProgram([
      "alert",
      `--rules=${path}`,
      "--redis_host=127.0.0.1",
      `--redis_port=${server.port}`,
      ...flags,
    ]);
    const alert = new AlertProgram(program, server);
    try {
      if (flags.includes("--noredis_use_pubsub")) await alert.logs("Watching", 90_000);
      else await alert.subscribed();
      return alert;
    } catch (cause) {
      await alert[Symbol.asyncDispose]();
      throw new Error(`alert has not started:\n${program.stderr}`, { cause });
    }
  }

  /** Waits until it is subscribed. */
  async subscribed(): Promise<void> {
    await waitFor("the subscription", async () => {
      if (!this.program.running) throw new Error(this.program.stderr);
      return Number(await this.#client.pubsub("NUMPAT")) >= 2;
    }, { timeoutMs: 90_000 });
  }

  async publish(device: string, envelope: ReceivedEnvelope): Promise<void> {
    await this.#client.publish(`${device}:${envelope.type}`, JSON.stringify(envelope));
  }

  /** Publishes core metrics that were captured now; returns their timestamp. */
  async metrics(values: MetricsOf, device = "bed-1"): Promise<number> {
    // Strictly increasing, as those of a device.
    this.#lastUs = Math.max(this.#lastUs + 1, Date.now() * 1000);
    await this.publish(device, metricsAt(this.#lastUs, values));
    return this.#lastUs;
  }

  /** Waits until it has logged a text. */
  async logs(text: string | RegExp, timeoutMs = 20_000): Promise<void> {
    await waitFor(`the log line ${text}`, () => {
      const { stderr, running } = this.program;
      if (typeof text === "string" ? stderr.includes(text) : text.test(stderr)) return true;
      if (!running) throw new Error(stderr);
      return false;
    }, { timeoutMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
  }
}

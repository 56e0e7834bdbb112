import { createInterface, type Interface } from "node:readline";
import { Readable } from "node:stream";
import { PYTHON } from "../../tests/support/program.ts";

const PROGRAM = new URL("subscriber.py", import.meta.url).pathname;

/** What the subscriber has found since it started; times since the last `begin`. */
export interface SubscriberReport {
  /** Number of different core metrics. */
  readonly received: number;
  readonly missing: number;
  readonly doubledUnmarked: number;
  readonly doubledMarked: number;
  readonly outOfOrder: number;
  /** Messages in the channel of another server or of another type. */
  readonly foreign: number;
  /** Greatest age of the newest core metric, in milliseconds. */
  readonly oldestMs: number;
  /** The same since the last `settle`. */
  readonly settledMs: number;
  /** From the end of the cause to the first live core metric after it; null without one. */
  readonly recoveryMs: number | null;
}

export interface SubscriberOptions {
  readonly port: number;
  readonly password?: string;
  /** Reads histories instead of channels. */
  readonly keyValue?: boolean;
}

/** The independent subscriber, a program of its own in Python. */
export class IndependentSubscriber implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #commands: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #interface: Interface;
  readonly #lines: AsyncIterator<string>;

  private constructor({ port, password, keyValue }: SubscriberOptions) {
    this.#child = new Deno.Command("setpriv", {
      // deno-fmt-ignore
      args: [
        "--pdeathsig", "KILL", PYTHON, PROGRAM, `--port=${port}`,
        ...password === undefined ? [] : [`--password=${password}`], ...keyValue ? ["--key_value"] : [],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#commands = this.#child.stdin.getWriter();
    this.#interface = createInterface({ input: Readable.fromWeb(this.#child.stdout as never) });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  /** Starts it and waits until it has subscribed. */
  static async start(options: SubscriberOptions): Promise<IndependentSubscriber> {
    const subscriber = new IndependentSubscriber(options);
    await subscriber.#line();
    return subscriber;
  }

  /** Begins a fault. */
  begin(): Promise<void> {
    return this.#send("begin");
  }

  /** Starts the measurement of `settledMs`. */
  settle(): Promise<void> {
    return this.#send("settle");
  }

  /** Ends the cause. With a wrong clock at the server, the first arrival counts as the recovery. */
  end({ clockIsWrong = false } = {}): Promise<void> {
    return this.#send(clockIsWrong ? "end arrived" : "end");
  }

  async report(): Promise<SubscriberReport> {
    await this.#send("report");
    return JSON.parse(await this.#line());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#commands.close().catch(() => {}); // it may have exited
    await this.#child.status;
    this.#interface.close();
  }

  #send(command: string): Promise<void> {
    return this.#commands.write(new TextEncoder().encode(`${command}\n`));
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The subscriber has exited");
    return value;
  }
}

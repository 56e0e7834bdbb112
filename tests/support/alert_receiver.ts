import { freePort } from "./free_port.ts";
import { Program, PYTHON } from "./program.ts";
import { waitFor } from "./wait.ts";

const SCRIPT = new URL("alert_receiver.py", import.meta.url).pathname;
export const WEBHOOK_SECRET = "a secret of the test";

/** What the receiver has seen of one request. */
export interface ReceivedAlert {
  readonly received_us: number;
  /** True if the signature fits the body. */
  readonly signed: boolean;
  readonly fresh: boolean;
  readonly key: string | null;
  readonly authorization: string | null;
  readonly answer: string;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
}

/** An HTTP server in Python that verifies alerts, until it is disposed. */
export class AlertReceiver implements AsyncDisposable {
  readonly port = freePort();
  #program: Program | undefined;

  constructor(readonly folder: string) {
    Deno.writeTextFileSync(this.secretPath, WEBHOOK_SECRET + "\n");
  }

  static async start(folder: string, answers: readonly string[] = []): Promise<AlertReceiver> {
    const receiver = new AlertReceiver(folder);
    await receiver.start(answers);
    return receiver;
  }

  get secretPath(): string {
    return `${this.folder}/secret`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/alerts`;
  }

  /** @param answers statuses that it gives first, such as `500`, `429 2` or `hang` */
  async start(answers: readonly string[] = []): Promise<void> {
    const path = `${this.folder}/answers`;
    Deno.writeTextFileSync(path, answers.join("\n"));
    this.#program = new Program(PYTHON, [SCRIPT, `${this.port}`, this.secretPath, path]);
    await this.#program.prints("ready");
  }

  async kill(): Promise<void> {
    await this.#program?.[Symbol.asyncDispose]();
  }

  freeze(): void {
    this.#program?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#program?.kill("SIGCONT");
  }

  /** The requests since it was started last. */
  get received(): ReceivedAlert[] {
    return (this.#program?.output ?? "").split("\n").filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line));
  }

  /** Waits for a number of requests. */
  async receives(count: number, timeoutMs = 20_000): Promise<ReceivedAlert[]> {
    return await waitFor(
      `${count} alerts`,
      () => this.received.length >= count && this.received,
      { timeoutMs },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

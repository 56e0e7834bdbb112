import { waitFor } from "./wait.ts";

/** Debian's Python, which finds the modules of Debian packages. */
export const PYTHON = "/usr/bin/python3";
export const SAMPLES = new URL("../../samples/", import.meta.url).pathname;

/**
 * A program that runs beside a test; killed when disposed, or when the test process ends.
 *
 * @example
 * ```ts
 * await using client = new Program(PYTHON, ["client.py"]);
 * await client.prints("connected");
 * ```
 */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  /** Everything that it has written to stdout and stderr. */
  output = "";

  constructor(command: string, args: readonly string[], options: Deno.CommandOptions = {}) {
    this.#child = new Deno.Command("setpriv", {
      ...options,
      args: ["--pdeathsig", "KILL", command, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reading = Promise.all([this.#read(this.#child.stdout), this.#read(this.#child.stderr)]);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.output += text;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Waits until it has written `text`.
   *
   * @throws {Error} with the output so far, after `timeoutMs` milliseconds
   */
  async prints(text: string | RegExp, timeoutMs = 20_000): Promise<void> {
    const found = () =>
      typeof text === "string" ? this.output.includes(text) : text.test(this.output);
    try {
      await waitFor(`the program to print ${text}`, found, { timeoutMs });
    } catch (cause) {
      throw new Error(
        `${cause instanceof Error ? cause.message : cause}: its output:\n${this.output}`,
      );
    }
  }

  /** Waits until it has exited and returns its exit status. */
  async ended(): Promise<number> {
    await this.#reading;
    return (await this.#child.status).code;
  }

  kill(signal: Deno.Signal = "SIGTERM"): void {
    try {
      this.#child.kill(signal);
    } catch {
      // it has exited already
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }
}

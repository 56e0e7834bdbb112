/** How a child process ended. */
export interface ChildEnd {
  /** True if the exit status is 0. */
  readonly success: boolean;
  /** The signal that terminated the process, if one did. */
  readonly signal: Deno.Signal | null;
  /** Reason that was passed to `kill`, if this program killed the process. */
  readonly reason: string | undefined;
  /** The last characters of stderr. */
  readonly stderr: string;
}

/** Characters of stderr that are kept. */
const STDERR_TAIL = 4_000;

/**
 * Child process whose stdout is read by the owner, and of whose stderr the end is kept. A child that
 * reads or writes a pipe ends with this program, because the pipe closes.
 */
export class ChildProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stderrDone: Promise<void>;
  readonly #onStderr: (text: string) => void;
  #stderr = "";
  #reason: string | undefined;

  /**
   * Starts a program.
   *
   * @param options.stdin true opens a pipe to the child; otherwise it reads nothing. @default false
   * @param options.env all variables of its environment. @default those of this program
   * @param options.cwd its working directory. @default that of this program
   * @param options.onStderr receives what it writes to stderr, as it arrives
   */
  constructor(
    path: string,
    args: readonly string[],
    { stdin = false, env, cwd, onStderr = () => {} }: {
      readonly stdin?: boolean;
      readonly env?: Readonly<Record<string, string>>;
      readonly cwd?: string;
      readonly onStderr?: (text: string) => void;
    } = {},
  ) {
    this.#child = new Deno.Command(path, {
      args: [...args],
      ...env && { clearEnv: true, env },
      ...cwd !== undefined && { cwd },
      stdin: stdin ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#onStderr = onStderr;
    this.#stderrDone = this.#readStderr();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Pipe to the child's stdin; only if it was requested. */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdin;
  }

  get stdout(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdout;
  }

  /** Waits until the process has ended. */
  async end(): Promise<ChildEnd> {
    const [{ success, signal }] = await Promise.all([this.#child.status, this.#stderrDone]);
    return { success, signal, reason: this.#reason, stderr: this.#stderr };
  }

  /** Kills the process; `end` returns the reason of the first call. */
  kill(reason: string): void {
    this.#reason ??= reason;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // The process has already ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("it was closed");
    await this.end();
    // A reader of stdout sees its end; without a reader, the pipe is closed here.
    if (!this.#child.stdout.locked) await this.#child.stdout.cancel().catch(() => {});
  }

  async #readStderr(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      const text = decoder.decode(chunk, { stream: true });
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL);
      this.#onStderr(text);
    }
  }
}

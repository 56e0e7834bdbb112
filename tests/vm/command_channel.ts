import { createHash } from "node:crypto";

/** One end of a connection that may lose or damage bytes. */
export interface Link {
  /** Reads into `buffer` and returns the number of bytes, or null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes bytes and returns how many were written, which may be fewer than given. */
  write(bytes: Uint8Array): Promise<number>;
}

export interface CommandResult {
  /** Exit status. */
  readonly status: number;
  /** Standard output and standard error. */
  readonly output: string;
}

/** The other end has closed the link. */
export class LinkEnded extends Error {}

interface Answer extends CommandResult {
  readonly id: number;
}

const encoder = new TextEncoder();

/**
 * Runs commands through the agent `agent.sh` at the other end of a link. Lost or damaged requests and
 * answers are sent again, and the agent runs each command only once.
 */
export class CommandChannel {
  readonly #link: Link;
  readonly #resendMs: number;
  readonly #decoder = new TextDecoder("latin1");
  #pendingRead: Promise<number | null> | undefined;
  readonly #buffer = new Uint8Array(65536);
  #received = "";
  #lastId = 0;
  #lastExchange: Promise<unknown> = Promise.resolve();

  /** @param options.resendMs time in ms before a request is sent again; each timeout doubles it */
  constructor(link: Link, { resendMs = 5000 }: { resendMs?: number } = {}) {
    this.#link = link;
    this.#resendMs = resendMs;
  }

  /**
   * Runs one line of shell and returns its exit status and output. Concurrent commands run in order.
   *
   * @throws {TypeError} for a command of several lines
   * @throws {LinkEnded} if the other end closes the link
   * @throws {Error} after `timeoutMs` milliseconds without an answer
   */
  async run(command: string, timeoutMs: number): Promise<CommandResult> {
    if (command.includes("\n")) {
      throw new TypeError(`Cannot run a command of several lines: ${command}`);
    }
    const result = this.#lastExchange.then(() => this.#exchange(command, timeoutMs));
    this.#lastExchange = result.catch(() => {});
    return await result;
  }

  async #exchange(command: string, timeoutMs: number): Promise<CommandResult> {
    const id = ++this.#lastId;
    const body = `${id} ${command}`;
    const request = encoder.encode(`${checksum(body)} ${body}\n`);
    const deadlineMs = performance.now() + timeoutMs;
    let waitMs = this.#resendMs;
    while (true) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`No answer within ${timeoutMs} ms: ${command}`);
      await this.#write(request);
      const reply = await this.#receive(id, Math.min(waitMs, leftMs));
      if (reply === "timeout") waitMs *= 2;
      else if (reply !== "damaged") return { status: reply.status, output: reply.output };
    }
  }

  /** Waits up to `waitMs` for the answer to a request; "damaged" means to send the request again. */
  async #receive(id: number, waitMs: number): Promise<Answer | "damaged" | "timeout"> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<"timeout">((resolve) => {
      timer = setTimeout(() => resolve("timeout"), waitMs);
    });
    try {
      while (true) {
        for (let line = this.#nextLine(); line !== undefined; line = this.#nextLine()) {
          if (line === "") continue;
          const answer = parseAnswer(line);
          if (answer === undefined) return "damaged";
          if (answer.id === id) return answer;
        }
        // A read that is pending at the timeout continues; the next call takes its result.
        this.#pendingRead ??= this.#link.read(this.#buffer).catch(() => null);
        const count = await Promise.race([this.#pendingRead, timeout]);
        if (count === "timeout") return count;
        this.#pendingRead = undefined;
        if (count === null) throw new LinkEnded("The agent has closed the link");
        this.#received += this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #nextLine(): string | undefined {
    const end = this.#received.indexOf("\n");
    if (end < 0) return undefined;
    const line = this.#received.slice(0, end);
    this.#received = this.#received.slice(end + 1);
    return line;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let offset = 0; offset < bytes.length;) {
        offset += await this.#link.write(bytes.subarray(offset));
      }
    } catch (cause) {
      throw new LinkEnded("The agent has closed the link", { cause });
    }
  }
}

function checksum(body: string): string {
  return createHash("md5").update(`${body}\n`).digest("hex");
}

/** Parses the line of an answer; returns undefined if it does not match its checksum. */
function parseAnswer(line: string): Answer | undefined {
  const [, received, body] = /^([0-9a-f]{32}) (.*)$/.exec(line) ?? [];
  if (body === undefined || received !== checksum(body)) return undefined;
  const [id, status, output = ""] = body.split(" ");
  return {
    id: Number(id),
    status: Number(status),
    output: new TextDecoder().decode(Uint8Array.fromBase64(output)),
  };
}

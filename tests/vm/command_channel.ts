import { createHash } from "node:crypto";

/** One end of a connection whose bytes may get lost or damaged on the way. */
export interface Link {
  /** Resolves to the count of bytes read, or to null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Resolves to the count of bytes written, which may be less than all. */
  write(bytes: Uint8Array): Promise<number>;
}

export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

/** The other end of a link has closed it. */
export class LinkEnded extends Error {}

interface Answer extends CommandResult {
  readonly id: number;
}

const encoder = new TextEncoder();

/**
 * Runs commands by the agent of `agent.sh` at the other end of a link. What is lost or damaged on
 * the way is sent again, and the agent runs each command only once.
 */
export class CommandChannel {
  readonly #link: Link;
  readonly #resendMs: number;
  readonly #decoder = new TextDecoder("latin1");
  #reading: Promise<number | null> | undefined;
  readonly #buffer = new Uint8Array(65536);
  #received = "";
  #lastId = 0;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param options.resendMs wait for an answer before the first repetition; each wait doubles it */
  constructor(link: Link, { resendMs = 5000 }: { resendMs?: number } = {}) {
    this.#link = link;
    this.#resendMs = resendMs;
  }

  /**
   * Runs one line of shell and returns its status and what it wrote; commands wait for one another.
   *
   * @throws {TypeError} for a command of several lines
   * @throws {LinkEnded} when the other end closes the link
   * @throws {Error} after `timeoutMs` milliseconds without an answer
   */
  async run(command: string, timeoutMs: number): Promise<CommandResult> {
    if (command.includes("\n")) throw new TypeError(`Not one line: ${command}`);
    const result = this.#turn.then(() => this.#exchange(command, timeoutMs));
    this.#turn = result.catch(() => {});
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
      if (leftMs <= 0) throw new Error(`Waited ${timeoutMs} ms in vain for: ${command}`);
      await this.#write(request);
      const heard = await this.#hear(id, Math.min(waitMs, leftMs));
      if (heard === "nothing") waitMs *= 2;
      else if (heard !== "damaged") return { status: heard.status, output: heard.output };
    }
  }

  /** The answer to a request, or what came in its place within `waitMs`. */
  async #hear(id: number, waitMs: number): Promise<Answer | "damaged" | "nothing"> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<"nothing">((resolve) => {
      timer = setTimeout(() => resolve("nothing"), waitMs);
    });
    try {
      while (true) {
        for (let line = this.#nextLine(); line !== undefined; line = this.#nextLine()) {
          if (line === "") continue;
          const answer = parseAnswer(line);
          if (answer === undefined) return "damaged";
          if (answer.id === id) return answer;
        }
        // A read that is not over by then goes on: the next call takes what it brings.
        this.#reading ??= this.#link.read(this.#buffer).catch(() => null);
        const count = await Promise.race([this.#reading, timeout]);
        if (count === "nothing") return count;
        this.#reading = undefined;
        if (count === null) throw new LinkEnded("The link to the agent has ended");
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
      for (let at = 0; at < bytes.length;) at += await this.#link.write(bytes.subarray(at));
    } catch (cause) {
      throw new LinkEnded("The link to the agent has ended", { cause });
    }
  }
}

function checksum(body: string): string {
  return createHash("md5").update(`${body}\n`).digest("hex");
}

/** What a line says, unless it disagrees with its checksum. */
function parseAnswer(line: string): Answer | undefined {
  const [, sum, body] = /^([0-9a-f]{32}) (.*)$/.exec(line) ?? [];
  if (body === undefined || sum !== checksum(body)) return undefined;
  const [id, status, output = ""] = body.split(" ");
  return {
    id: Number(id),
    status: Number(status),
    output: new TextDecoder().decode(Uint8Array.fromBase64(output)),
  };
}

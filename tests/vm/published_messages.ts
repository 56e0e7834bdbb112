import type { Received, Subscriber } from "../support/physiology_server.ts";
import { waitFor } from "../support/wait.ts";
import { type Machine, SLOW_MS } from "./machine.ts";

/** Options of `waitFor()` for a machine; polling is slow because each poll takes time of the machine. */
export const SLOW = { timeoutMs: SLOW_MS, pollMs: 200 };

type Of<Type extends Received["type"]> = Extract<Received, { type: Type }>;

export interface PublishedMessagesOptions {
  /** Command that prints the log of the server. @default one that prints /tmp/server.log */
  readonly logCommand?: string;
}

/** Messages that the server in a machine has published; waits long enough for an emulated processor. */
export class PublishedMessages {
  readonly #logCommand: string;

  constructor(
    private readonly subscriber: Subscriber,
    private readonly machine: Machine,
    { logCommand = "cat /tmp/server.log" }: PublishedMessagesOptions = {},
  ) {
    this.#logCommand = logCommand;
  }

  /** Number of messages received so far: a start position for `status()` and `since()`. */
  get count(): number {
    return this.subscriber.received.length;
  }

  /** Returns the received messages of a type. */
  of<Type extends Received["type"]>(type: Type): Of<Type>[] {
    return this.subscriber.all(type);
  }

  /** Returns the messages received after the first `start` ones. */
  since(start: number): readonly Received[] {
    return this.subscriber.received.slice(start);
  }

  /** Waits for a status that is received after the first `start` messages. */
  status(name: string, start: number): Promise<Of<"status">> {
    const { received } = this.subscriber;
    return this.wait(
      `the status ${name}`,
      () => this.of("status").find((s) => s.payload.name === name && received.indexOf(s) >= start),
    );
  }

  /** Returns the boot id of the last metrics, which is different after each start of the server. */
  bootId(): string | undefined {
    return this.of("core_metrics").at(-1)?.payload.metadata?.boot_id;
  }

  /** Waits for metrics of another process than the one with the boot id `before`. */
  async newProcess(before: string | undefined): Promise<void> {
    await this.wait("a new process", () => {
      const id = this.bootId();
      return id !== undefined && id !== before;
    });
  }

  /** Waits for the next `count` messages of a type and returns them. */
  async next<Type extends Received["type"]>(type: Type, count: number): Promise<Of<Type>[]> {
    const before = this.of(type).length;
    await this.wait(
      `${count} more messages ${type}`,
      () => this.of(type).length >= before + count,
    );
    return this.of(type).slice(before);
  }

  /** Waits for a condition; a timeout error contains the log of the server. */
  async wait<Value>(what: string, condition: () => Value | Promise<Value>) {
    try {
      return await waitFor(what, condition, SLOW);
    } catch (cause) {
      const { output } = await this.machine.run(this.#logCommand);
      throw new Error(`${cause}:\n${output}`, { cause });
    }
  }
}

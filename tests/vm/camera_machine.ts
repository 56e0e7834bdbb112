import { packedProgram } from "../support/packed_program.ts";
import type { Received, Subscriber } from "../support/physiology_server.ts";
import { waitFor } from "../support/wait.ts";
import type { ArchiveEntry } from "./archive.ts";
import { findKernel, programEntries } from "./kernel.ts";
import { Machine, SLOW_MS } from "./machine.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Folder into which `scripts/test_camera_vm` unpacks Debian's kernel. */
const KERNEL = Deno.env.get("TEST_KERNEL") ?? `${ROOT}.tools/vm/kernel`;
/** Folder of the native test programs. */
export const BUILD = `${ROOT}ffi/native/build/x64`;

/** Options of `waitFor()` for a machine; polling is slow because each poll takes time of the machine. */
export const SLOW = { timeoutMs: SLOW_MS, pollMs: 200 };

/** Boots a machine with the packed server in `/bin`. */
export async function bootWithProgram(
  folder: string,
  { modules, programs, files = [] }: {
    readonly modules: readonly string[];
    readonly programs: Readonly<Record<string, string>>;
    readonly files?: readonly ArchiveEntry[];
  },
): Promise<Machine> {
  const program = await packedProgram(folder);
  const entries = await programEntries(
    { ...programs, "/bin/physiology_server": program },
    [`${ROOT}.tools/x64/deno`, `${ROOT}.tools/x64/libonnxruntime.so.1`],
  );
  return await Machine.boot({
    kernel: findKernel(KERNEL),
    modules,
    megabytes: 2048,
    files: [...entries, ...files],
  });
}

/**
 * Returns a function that runs a step and ends the test if the step fails: the next steps depend on
 * the state that it leaves in the machine.
 */
export function stepsOf(test: Deno.TestContext) {
  return async (
    name: string,
    run: () => Promise<void>,
    { ignore = false }: { readonly ignore?: boolean } = {},
  ): Promise<void> => {
    const passed = await test.step({ name, fn: run, ignore });
    if (!passed && !ignore) throw new Error(`Stopped after: ${name}`);
  };
}

type Of<Type extends Received["type"]> = Extract<Received, { type: Type }>;

/** Messages that the server in a machine has published; waits long enough for an emulated processor. */
export class PublishedMessages {
  constructor(private readonly subscriber: Subscriber, private readonly machine: Machine) {}

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
    return this.#wait(
      `the status ${name}`,
      () => this.of("status").find((s) => s.payload.name === name && received.indexOf(s) >= start),
    );
  }

  /** Returns the boot id of the last metrics, which is different after each start of the server. */
  bootId(): string | undefined {
    return this.of("core_metrics").at(-1)?.payload.metadata?.boot_id;
  }

  /** Waits for the next `count` messages of a type and returns them. */
  async next<Type extends Received["type"]>(type: Type, count: number): Promise<Of<Type>[]> {
    const before = this.of(type).length;
    await this.#wait(
      `${count} more messages ${type}`,
      () => this.of(type).length >= before + count,
    );
    return this.of(type).slice(before);
  }

  /** Waits for a condition; a timeout error contains the log of the server. */
  async #wait<Value>(what: string, condition: () => Value) {
    try {
      return await waitFor(what, condition, SLOW);
    } catch (cause) {
      const { output } = await this.machine.run("cat /tmp/server.log");
      throw new Error(`${cause}:\n${output}`, { cause });
    }
  }
}

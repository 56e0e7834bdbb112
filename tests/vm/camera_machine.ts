import { packedProgram } from "../support/packed_program.ts";
import type { Received, Subscriber } from "../support/physiology_server.ts";
import { waitFor } from "../support/wait.ts";
import type { ArchiveEntry } from "./archive.ts";
import { findKernel, programEntries } from "./kernel.ts";
import { Machine, SLOW_MS } from "./machine.ts";

/** Where `scripts/test_camera_vm` put Debian's kernel and the native programs. */
const ROOT = new URL("../../", import.meta.url).pathname;
const KERNEL = Deno.env.get("TEST_KERNEL") ?? `${ROOT}.tools/vm/kernel`;
export const BUILD = `${ROOT}ffi/native/build/x64`;

/** How a test waits for the machine; each look inside costs it some of its time. */
export const SLOW = { timeoutMs: SLOW_MS, pollMs: 200 };

/** A machine with the packed server in `/bin`. */
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

/** Runs a step, and ends the test where it fails: in such a machine the next means nothing. */
export function stepsOf(test: Deno.TestContext) {
  return async (name: string, run: () => Promise<void>): Promise<void> => {
    if (!await test.step(name, run)) throw new Error(`Stopped after: ${name}`);
  };
}

type Of<Type extends Received["type"]> = Extract<Received, { type: Type }>;

/** What the server in the machine has published, waited for with patience. */
export class Ear {
  constructor(private readonly subscriber: Subscriber, private readonly machine: Machine) {}

  /** A place in time: `status` looks only at what came after it. */
  get now(): number {
    return this.subscriber.received.length;
  }

  of<Type extends Received["type"]>(type: Type): Of<Type>[] {
    return this.subscriber.all(type);
  }

  since(mark: number): readonly Received[] {
    return this.subscriber.received.slice(mark);
  }

  status(name: string, after: number): Promise<Of<"status">> {
    const { received } = this.subscriber;
    return this.#wait(
      `the status ${name}`,
      () => this.of("status").find((s) => s.payload.name === name && received.indexOf(s) >= after),
    );
  }

  /** What tells this start of the server from others. */
  session(): string | undefined {
    return this.of("core_metrics").at(-1)?.payload.metadata?.boot_id;
  }

  /** Waits for `count` messages of a type that are still to come. */
  async more<Type extends Received["type"]>(type: Type, count: number): Promise<Of<Type>[]> {
    const before = this.of(type).length;
    await this.#wait(`${count} more of ${type}`, () => this.of(type).length >= before + count);
    return this.of(type).slice(before);
  }

  /** Says what the server had to say where it disappoints. */
  async #wait<Value>(what: string, condition: () => Value) {
    try {
      return await waitFor(what, condition, SLOW);
    } catch (cause) {
      const { output } = await this.machine.run("cat /tmp/server.log");
      throw new Error(`${cause}:\n${output}`, { cause });
    }
  }
}

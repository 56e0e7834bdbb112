import type { Outlet } from "../outlet.ts";
import { lslFlags, lslPermissions, lslRules, MACHINE_ID_PATH, type WithLsl } from "./flags.ts";

/** Sending to Lab Streaming Layer, by the library of the user's system. */
export const lslOutlet = {
  topics: { lsl: lslFlags },
  rules: lslRules,
  policies: [],
  isSelected: ({ lsl }) => lsl.enabled,
  permissions: lslPermissions,
  async check({ lsl }) {
    const { openLsl } = await import("../../../ffi/lsl.ts");
    openLsl(lsl.libraryPath);
  },
  async open({ lsl, redis }, context) {
    const { openLsl } = await import("../../../ffi/lsl.ts");
    const { LslSink } = await import("./lsl_sink.ts");
    const library = openLsl(lsl.libraryPath);
    const name = lsl.name ?? redis.keyPrefix;
    const sink = new LslSink({ library, name, machineId: readMachineId() }, context);
    context.log.info("Sending streams of Lab Streaming Layer", { liblsl: library.version, name });
    return { sink, [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose]() };
  },
} as const satisfies Outlet<WithLsl>;

/** Returns undefined on a system without the file. */
function readMachineId(): string | undefined {
  try {
    return Deno.readTextFileSync(MACHINE_ID_PATH).trim() || undefined;
  } catch {
    return undefined;
  }
}

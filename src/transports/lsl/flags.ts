import { bool, optionalPath, optionalText, topic, type ValuesOf } from "../../config/flag.ts";
import type { Rule } from "../../config/flag_table.ts";
import { definedPaths, type PermissionsOf } from "../../config/permissions.ts";

/** A random number that identifies the machine (machine-id(5)). */
export const MACHINE_ID_PATH = "/etc/machine-id";

/** The streams of Lab Streaming Layer, which run beside any transport. */
export const lslFlags = topic("Lab Streaming Layer", ["serve"], {
  enabled: bool(
    "lsl",
    "Also send streams of Lab Streaming Layer, by the library liblsl of this system; every program " +
      "on the network can receive them.",
  ),
  libraryPath: optionalPath(
    "lsl_library",
    "Path of liblsl; default: liblsl.so.2 or liblsl.so, where the system finds it.",
    { loadsCode: true },
  ),
  name: optionalText(
    "lsl_name",
    "Name of this device in the names of its streams; default: the key prefix of Redis.",
    {
      placeholder: "NAME",
      pattern: { regex: /^[^\p{Cc}]{1,100}$/u, description: "1 to 100 characters" },
    },
  ),
});

export type LslSettings = ValuesOf<typeof lslFlags>;

/** The settings that concern Lab Streaming Layer. */
export interface WithLsl {
  readonly lsl: LslSettings;
  readonly redis: { readonly keyPrefix: string };
}

export const lslRules: readonly Rule<WithLsl>[] = [
  ({ lsl }) =>
    !lsl.enabled && (lsl.libraryPath ?? lsl.name) !== undefined
      ? "Cannot use lsl_* without the streams: add --lsl"
      : undefined,
];

/** Deno does not confine the sockets of liblsl. */
export const lslPermissions: PermissionsOf<WithLsl> = ({ lsl }) =>
  lsl.enabled ? { ffi: true, read: [MACHINE_ID_PATH, ...definedPaths(lsl.libraryPath)] } : {};

import { FLAGS } from "../app/flags.ts";
import type { Origin } from "../config/load.ts";
import { maskUrls } from "../config/secret.ts";
import { formatValue } from "../config/values.ts";
import type { CommandContext } from "./command.ts";

/** Prints every effective value of `serve` and its origin; secrets are masked. */
export function run({ settings, originOf, print }: CommandContext): Promise<number> {
  const entries = FLAGS.flagsOf("serve").filter(({ flag }) => !flag.action);
  if (settings.output.json) {
    const object = Object.fromEntries(entries.map((entry) => [
      entry.flag.name,
      { value: FLAGS.valueOf(settings, entry) ?? null, origin: originOf(entry) },
    ]));
    print(maskUrls(JSON.stringify(object, null, 2)));
    return Promise.resolve(0);
  }
  const width = Math.max(...FLAGS.entries.map(({ flag }) => flag.name.length)) + 3;
  const lines = entries.map((entry) => {
    const assignment = `--${entry.flag.name}=${formatValue(FLAGS.valueOf(settings, entry))}`;
    return `${assignment.padEnd(width + 12)}  # ${describeOrigin(originOf(entry))}`;
  });
  print(maskUrls(lines.join("\n")));
  return Promise.resolve(0);
}

function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "default":
      return "default";
    case "flag":
      return "command line";
    case "environment":
      return `environment ${origin.name}`;
    case "file":
      return `"${origin.key}" in ${origin.path}`;
    case "credential":
      return `systemd credential ${origin.name}`;
  }
}

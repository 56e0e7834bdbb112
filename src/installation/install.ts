import { UnavailableError, UsageError } from "../base/errors.ts";
import type { Host } from "./host.ts";
import { ACCOUNT, PATHS, SERVICE } from "./paths.ts";
import type { ServicePlan } from "./plan.ts";

interface InstallOptions {
  readonly host: Host;
  /** The packed program; undefined if this program runs from source. */
  readonly program: string | undefined;
}

/** The calls of systemctl that start the service; none for an image. */
function startSteps({ root }: Host): readonly (readonly string[])[] {
  return root ? [] : [["daemon-reload"], ["enable", SERVICE], ["restart", SERVICE]];
}

/** Returns what `install()` would do, as sentences and file texts without secrets. */
export function describeInstall(
  { files, cron }: ServicePlan,
  { host, program }: InstallOptions,
): string[] {
  const { root, usesSystemd } = host;
  return [
    ...usesSystemd ? [] : [`# Create the account ${ACCOUNT}`],
    `# Unpack ${program ?? "the packed program"} to ${root}${PATHS.programFolder}`,
    `# Copy ${program ?? "the packed program"} to ${root}${PATHS.program}`,
    ...files.map(({ path, mode, text, secret }) =>
      `# Write ${root}${path}, mode 0${mode.toString(8)}\n${secret ? "***\n" : text}`
    ),
    ...root ? [`# Link ${root}${PATHS.wantsLink}`] : [],
    ...startSteps(host).map((step) => `# Run systemctl ${step.join(" ")}`),
    ...usesSystemd
      ? []
      : [`# systemd is not running here: add this line with crontab -e as root: ${cron}`],
  ];
}

/**
 * Installs the program and its service.
 *
 * @throws {UsageError} if the program runs from source
 * @throws {UnavailableError} if a step fails, or with the line for crontab without systemd
 */
export async function install(
  { files, stale, cron }: ServicePlan,
  { host, program }: InstallOptions,
): Promise<void> {
  if (!program) {
    throw new UsageError(
      "Cannot install from source: build the executable with 'deno task compile' and install that",
    );
  }
  if (!host.usesSystemd) await host.addAccount();
  await host.unpackProgram(program);
  host.copyProgram(program);
  for (const file of files) if (host.usesSystemd || file.path !== PATHS.unit) host.writeFile(file);
  for (const path of stale) host.remove(path);
  if (!host.usesSystemd) {
    host.makeStateFolder();
    throw new UnavailableError(
      "Cannot install a service: systemd is not running here: the program and its configuration " +
        `are in place: add this line with crontab -e as root: ${cron}`,
    );
  }
  if (host.root) host.enableUnit();
  for (const step of startSteps(host)) await host.systemctl(step);
  host.removeUnpackedProgram();
}

import { UnavailableError, UsageError } from "../base/errors.ts";
import type { Host } from "./host.ts";
import { ACCOUNT, PATHS, type Service, serviceOf } from "./paths.ts";
import type { ServicePlan } from "./plan.ts";

interface InstallOptions {
  readonly host: Host;
  /** The packed program; undefined if this program runs from source. */
  readonly program: string | undefined;
  /** @default the service without a name */
  readonly service?: Service;
}

/** The calls of systemctl that start the service; none for an image. */
function startSteps({ root }: Host, { unitName }: Service): readonly (readonly string[])[] {
  return root ? [] : [["daemon-reload"], ["enable", unitName], ["restart", unitName]];
}

/** False for the drop-in of an instance: without systemd, it keeps its flags for the next `install`. */
function isUnit(path: string): boolean {
  return path.endsWith(".service");
}

/** Returns what `install()` would do, as sentences and file texts without secrets. */
export function describeInstall(
  { files, cron }: ServicePlan,
  { host, program, service = serviceOf() }: InstallOptions,
): string[] {
  const { root, usesSystemd } = host;
  return [
    ...usesSystemd ? [] : [`# Create the account ${ACCOUNT}`],
    `# Unpack ${program ?? "the packed program"} to ${root}${PATHS.programFolder}`,
    `# Copy ${program ?? "the packed program"} to ${root}${PATHS.program}`,
    ...files.map(({ path, mode, text, secret }) =>
      `# Write ${root}${path}, mode 0${mode.toString(8)}\n${secret ? "***\n" : text}`
    ),
    ...root ? [`# Link ${root}${service.wants.link}`] : [],
    ...startSteps(host, service).map((step) => `# Run systemctl ${step.join(" ")}`),
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
  { host, program, service = serviceOf() }: InstallOptions,
): Promise<void> {
  if (!program) {
    throw new UsageError(
      "Cannot install from source: build the executable with 'deno task compile' and install that",
    );
  }
  if (!host.usesSystemd) await host.addAccount();
  await host.unpackProgram(program);
  host.copyProgram(program);
  for (const file of files) if (host.usesSystemd || !isUnit(file.path)) host.writeFile(file);
  for (const path of stale) host.remove(path);
  if (!host.usesSystemd) {
    host.makeStateFolder(service);
    throw new UnavailableError(
      "Cannot install a service: systemd is not running here: the program and its configuration " +
        `are in place: add this line with crontab -e as root: ${cron}`,
    );
  }
  if (host.root) host.enable(service);
  for (const step of startSteps(host, service)) await host.systemctl(step);
  host.removeUnpackedProgram();
}

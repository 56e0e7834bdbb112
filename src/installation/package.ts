import { UsageError } from "../base/errors.ts";
import type { Host } from "./host.ts";
import { PACKAGE, PACKAGE_PATHS, PATHS, serviceOf } from "./paths.ts";
import { addressDirectives, renderUnit } from "./unit.ts";

/**
 * Renders the unit of the Debian package. Its flags are in a file, as an upgrade replaces the unit; no
 * host is known, so that none is excluded.
 *
 * @param options.devices devices besides those of video4linux, as `DeviceAllow=` names them
 */
export function packageUnit(
  template: string,
  { devices }: { readonly devices: readonly string[] },
): string {
  const { program, programFolder, flags, secrets } = PACKAGE_PATHS;
  const unit = renderUnit(template, {
    // A flag that is given again in ARGS replaces the first.
    execStart: `${program} --spool_path=spool --state_path=. ` +
      `--redis_config_path=${PATHS.redisConfig} $ARGS`,
    additions: [
      "Environment=ARGS=--use_camera",
      `EnvironmentFile=-${flags}`,
      // No credentials: a unit with the credential of a file that is absent does not start.
      `EnvironmentFile=-${secrets}`,
      ...devices.map((device) => `DeviceAllow=${device} rw`),
      ...addressDirectives(true),
    ],
  });
  return unit
    .replace(/^# Written by .*$/m, `# Of the package ${PACKAGE}. Its flags: ${flags}`)
    .replace(/^(ExecStartPre=\+).*$/m, `$1${program} --unpack_to=${programFolder}`);
}

/** @throws {UsageError} if the service is that of the Debian package, for `install` and `uninstall` */
export function rejectPackage({ hasPackage, root }: Pick<Host, "hasPackage" | "root">): void {
  if (!hasPackage) return;
  throw new UsageError(
    `Cannot change ${serviceOf().unitName} of the Debian package ${PACKAGE}: set its flags in ` +
      `${root}${PACKAGE_PATHS.flags} and ${root}${PATHS.redisConfig}, then run 'systemctl restart ` +
      `physiology_server'; 'apt remove ${PACKAGE}' removes it`,
  );
}

import type { Host } from "./host.ts";
import { INSTANCE_NAME, PATHS, type Service, serviceOf } from "./paths.ts";
import { execStartOf, splitArguments } from "./unit.ts";

/** A service that is installed, and its flags. */
export interface InstalledService {
  readonly service: Service;
  /** The text of the file with its flags. */
  readonly unit: string;
  /** The arguments of the program. */
  readonly args: readonly string[];
  /** The text of its JSON file of values for Redis, if it has one that can be read. */
  readonly redisConfig: string | undefined;
}

/** Returns the installed services: the one without a name, and then the instances by name. */
export function installedServices(
  host: Pick<Host, "readFile" | "listFolder">,
): InstalledService[] {
  const instances = host.listFolder(PATHS.unitFolder).flatMap((name) => {
    const instance = /^physiology_server@(.+)\.service\.d$/.exec(name)?.[1];
    return instance !== undefined && INSTANCE_NAME.regex.test(instance) ? [instance] : [];
  });
  return [undefined, ...instances].flatMap((instance) => {
    const service = serviceOf(instance);
    const unit = host.readFile(service.unit);
    if (unit === undefined) return [];
    const [, ...args] = splitArguments(execStartOf(unit));
    return [{ service, unit, args, redisConfig: host.readFile(service.redisConfig) }];
  });
}

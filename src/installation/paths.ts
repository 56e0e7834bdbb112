/** The paths that `install` and the service write; `uninstall` leaves files of the user. */
export const PATHS = {
  program: "/usr/local/bin/physiology_server",
  /** The unpacked program, which only root may change; `INSTALLED` in `launcher/cache.c`. */
  programFolder: "/usr/local/lib/physiology_server",
  unitFolder: "/etc/systemd/system",
  unit: "/etc/systemd/system/physiology_server.service",
  /** The unit of all instances, without their flags. */
  instanceUnit: "/etc/systemd/system/physiology_server@.service",
  wantsLink: "/etc/systemd/system/multi-user.target.wants/physiology_server.service",
  configFolder: "/etc/physiology_server",
  redisConfig: "/etc/physiology_server/redis.json",
  stateFolder: "/var/lib/physiology_server",
} as const;

/** The paths of the Debian package, which shares the other folders with `install`. */
export const PACKAGE_PATHS = {
  program: "/usr/bin/physiology_server",
  /** As `PATHS.programFolder`. */
  programFolder: "/usr/lib/physiology_server",
  unit: "/usr/lib/systemd/system/physiology_server.service",
  /** The flags of the service. */
  flags: "/etc/default/physiology_server",
  /** Variables with secrets, which only root can read. */
  secrets: "/etc/physiology_server/secrets",
} as const;

/** The name of the Debian package. */
export const PACKAGE = "physiology-server";

/** The account of the program if cron starts it; systemd assigns the service a user by itself. */
export const ACCOUNT = "physiology_server";

/** A service that `install` sets up: the one without a name, or an instance of the template unit. */
export interface Service {
  /** The value of `--instance`; undefined for the service without it. */
  readonly instance: string | undefined;
  /** The name in commands: `systemctl status ID`. */
  readonly id: string;
  /** The name of the systemd unit. */
  readonly unitName: string;
  /** The file with its flags: the unit itself, or the drop-in of an instance (systemd.unit(5)). */
  readonly unit: string;
  /** The link that starts the service at boot, and the unit that the link leads to. */
  readonly wants: { readonly link: string; readonly unit: string };
  readonly configFolder: string;
  readonly redisConfig: string;
  readonly stateFolder: string;
}

/** Returns the service of an instance, or the one without a name. */
export function serviceOf(instance?: string): Service {
  const id = instance === undefined ? "physiology_server" : `physiology_server@${instance}`;
  const unitName = `${id}.service`;
  const unit = `${PATHS.unitFolder}/${unitName}`;
  return {
    instance,
    id,
    unitName,
    unit: instance === undefined ? unit : `${unit}.d/install.conf`,
    wants: {
      link: `${PATHS.unitFolder}/multi-user.target.wants/${unitName}`,
      unit: instance === undefined ? unit : PATHS.instanceUnit,
    },
    configFolder: `/etc/${id}`,
    redisConfig: `/etc/${id}/redis.json`,
    stateFolder: `/var/lib/${id}`,
  };
}

/**
 * The name of an instance. systemd would escape other characters in the name of the unit
 * (systemd-escape(1)), and allows 31 characters in that of the user, which is `physiology-NAME`.
 */
export const INSTANCE_NAME = {
  regex: /^[a-z0-9][a-z0-9_-]{0,19}$/,
  description: "1 to 20 lowercase letters, digits, '-' or '_', and begin with a letter or digit",
} as const;

/** The paths that `install` and the service write; `uninstall` leaves files of the user. */
export const PATHS = {
  program: "/usr/local/bin/physiology_server",
  /** The unpacked program, which only root may change; `INSTALLED` in `launcher/cache.c`. */
  programFolder: "/usr/local/lib/physiology_server",
  unit: "/etc/systemd/system/physiology_server.service",
  wantsLink: "/etc/systemd/system/multi-user.target.wants/physiology_server.service",
  configFolder: "/etc/physiology_server",
  redisConfig: "/etc/physiology_server/redis.json",
  stateFolder: "/var/lib/physiology_server",
} as const;

/** The account of the program if cron starts it; systemd assigns the service a user by itself. */
export const ACCOUNT = "physiology_server";

/** The name of the systemd unit. */
export const SERVICE = "physiology_server.service";

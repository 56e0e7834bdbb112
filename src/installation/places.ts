/** Where `install` puts things; everything of ours is in these. */
export const PLACES = {
  program: "/usr/local/bin/physiology_server",
  unit: "/etc/systemd/system/physiology_server.service",
  wanted: "/etc/systemd/system/multi-user.target.wants/physiology_server.service",
  folder: "/etc/physiology_server",
  redisConfig: "/etc/physiology_server/redis.json",
  state: "/var/lib/physiology_server",
} as const;

export const SERVICE = "physiology_server.service";

import { isPattern } from "../../base/glob.ts";
import { list, topic, type ValuesOf } from "../../config/flag.ts";
import type { Rule } from "../../config/flag_table.ts";
import type { RedisSettings } from "./flags.ts";

/** The commands that read the envelopes of devices from Redis. */
export const readerFlags = topic("Devices", ["log", "alert", "dashboard", "fhir"], {
  devices: list(
    "devices",
    "Key prefixes of the devices to read, or patterns such as ward-*; sharded channels " +
      "(--redis_sharded_publish) have no patterns.",
    {
      default: ["*"],
      placeholder: "PREFIX,PREFIX",
      pattern: { regex: /^[^\s\p{Cc}]{1,200}$/u, description: "a list of prefixes without spaces" },
    },
  ),
});

export type ReaderSettings = ValuesOf<typeof readerFlags>;

/** Rule of the commands that read devices. */
export const readerRule: Rule<{
  readonly redis: Pick<RedisSettings, "shardedPublish" | "usePubsub">;
  readonly reader: ReaderSettings;
}> = ({ redis, reader }) => {
  const pattern = reader.devices.find(isPattern);
  if (!redis.shardedPublish || !redis.usePubsub || pattern === undefined) return undefined;
  return `Cannot find devices on sharded channels by the pattern '${pattern}': name each one, ` +
    "such as --devices=ward-1,ward-2";
};

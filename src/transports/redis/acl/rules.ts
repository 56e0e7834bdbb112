import { TOPICS } from "../../../envelopes/envelope.ts";

/**
 * What a user of Redis may do: publish on channels, publish as keys and streams, or read what devices
 * publish and send them recording commands.
 */
export const ACL_ROLES = ["publisher", "keeper", "reader"] as const;
export type AclRole = typeof ACL_ROLES[number];

/** Commands of every connection. */
const CONNECTING = ["ping", "client|setname", "select", "info", "cluster|slots"];

const COMMANDS: Readonly<Record<AclRole, readonly string[]>> = {
  publisher: [
    ...["publish", "spublish", "pubsub|numsub", "pubsub|shardnumsub", "pubsub|numpat"],
    ...["exists", "brpop"],
  ],
  keeper: ["set", "xadd", "xtrim", "expire", "brpop"],
  reader: [
    ...["cluster|info", "subscribe", "unsubscribe", "psubscribe", "ssubscribe", "sunsubscribe"],
    ...["get", "scan", "xread", "xrange", "xrevrange", "lpush"],
  ],
};

/**
 * Returns the fewest rules that work for a role, without a password, in the syntax of ACL SETUSER.
 *
 * @param prefix key prefix of the device, without glob characters.
 */
export function aclRules(role: AclRole, prefix: string): readonly string[] {
  const channels = TOPICS.map((topic) => `&${prefix}:${topic}`);
  const keys = role === "publisher"
    ? ["frame:demand", "command_queue", "metrics:command_queue"]
    : ["*"];
  return [
    ...["resetkeys", "resetchannels", "-@all"],
    ...[...CONNECTING, ...COMMANDS[role]].map((command) => `+${command}`),
    ...keys.map((key) => `~${prefix}:${key}`),
    ...role === "keeper" ? [] : channels,
    // The only key that a reader writes: it asks the device for frames.
    ...role === "reader" ? [`(+set ~${prefix}:frame:demand)`] : [],
  ];
}

/** The users of `config/redis.acl`, each with the password to replace. */
const EXAMPLES = [
  ["publisher", "change-me"],
  ["keeper", "change-me-too"],
  ["reader", "change-me-three"],
] as const;

/** Returns `config/redis.acl`: a user for each role of a device with the default prefix. */
export function aclExample(): string {
  return EXAMPLES.map(([role, password]) =>
    `user physiology_${role} on >${password} ${aclRules(role, "physiology").join(" ")}\n`
  ).join("");
}

import { EXIT } from "../base/errors.ts";
import { PasswordFolder } from "../transports/redis/acl/passwords.ts";
import { aclRules } from "../transports/redis/acl/rules.ts";
import { taggedPrefix } from "../transports/redis/partition.ts";
import type { CommandContext } from "./command.ts";

/** Prints the line of each device's user in an ACL file of Redis, with hashes of its passwords. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const { devices, passwordFolder, role, rotate, retire } = settings.acl;
  const { partitions } = settings.redis;
  const passwords = await PasswordFolder.open(passwordFolder!);
  const users = devices.map((device) => ({
    device,
    user: role === "reader" ? `${device}-reader` : device,
  }));
  for (const { user } of users) {
    if (rotate) passwords.rotate(user);
    if (retire) passwords.retire(user);
  }
  for (const { device, user } of users) {
    const hashes = (await passwords.hashesOf(user)).map((hash) => `#${hash}`);
    // The whole state, so that ACL SETUSER with it ends what was valid before.
    const rules = aclRules(role, taggedPrefix({ keyPrefix: device, partitions }));
    print(["user", user, "on", "resetpass", ...hashes, ...rules].join(" "));
  }
  return EXIT.ok;
}

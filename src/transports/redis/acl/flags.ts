import { bool, choice, list, optionalPath, topic, type ValuesOf } from "../../../config/flag.ts";
import type { Rule } from "../../../config/flag_table.ts";
import { definedPaths, type PermissionsOf } from "../../../config/permissions.ts";
import { ACL_ROLES } from "./rules.ts";

/** Users of Redis for devices. */
export const aclFlags = topic("Access rules", ["acl"], {
  devices: list("device", "Key prefixes of the devices, each also the name of its user in Redis.", {
    placeholder: "NAME,NAME",
    pattern: {
      regex: /^[A-Za-z0-9][\w.:@+-]{0,99}$/,
      description: "a list of names of 1 to 100 letters, digits and _ . : @ + -",
    },
  }),
  passwordFolder: optionalPath(
    "password_folder",
    "Folder for a file with the password of each user; missing passwords are generated.",
    { placeholder: "FOLDER", writes: "folder" },
  ),
  role: choice(
    "acl_role",
    "What each user may do: publish on channels, publish as keys and streams " +
      "(--noredis_use_pubsub), or read the device and send it commands, as NAME-reader.",
    { default: "publisher", choices: ACL_ROLES },
  ),
  rotate: bool("rotate", "Generate a new password for each; the old one stays valid beside it."),
  retire: bool("retire", "End the old password of each."),
});

interface WithAcl {
  readonly acl: ValuesOf<typeof aclFlags>;
}

/** Requires the devices and the folder. */
export const aclRule: Rule<WithAcl> = ({ acl }) => {
  if (acl.devices.length === 0) return "Cannot make access rules without a device: add --device";
  if (!acl.passwordFolder) {
    return "Cannot make access rules without a place for passwords: add --password_folder";
  }
  if (acl.rotate && acl.retire) {
    return "Cannot rotate and retire at once: the device needs the old password until it has the new";
  }
  return undefined;
};

export const aclPermissions: PermissionsOf<WithAcl> = ({ acl }) => {
  const paths = definedPaths(acl.passwordFolder);
  return { read: paths, write: paths };
};

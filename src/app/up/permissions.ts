import { assetPath } from "../../base/assets.ts";
import { definedPaths, hostAndPort, type PermissionsOf } from "../../config/permissions.ts";
import type { HttpSettings } from "../../web/flags.ts";
import { stateFolder } from "./state_folder.ts";

/** What `up` needs beside the server: the broker and its ports, the state folder, addresses. */
export const upPermissions: PermissionsOf<{ readonly server: HttpSettings }> = (
  { server },
  { env },
) => ({
  write: definedPaths(stateFolder(env)),
  // The ports are chosen later.
  net: [hostAndPort("127.0.0.1", 0), hostAndPort(server.httpAddress, 0)],
  run: [assetPath("sandbox")],
  sys: ["networkInterfaces"],
});

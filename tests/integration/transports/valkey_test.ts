/** Runs the tests of channels, keys, high availability and ACL files against Valkey. */
import { useServer } from "../../support/redis_server.ts";

const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
const program = new URL(`../../../.tools/${arch}/valkey/valkey-server`, import.meta.url).pathname;

if (isFile(program)) {
  useServer(program);
  await import("./redis_pubsub_test.ts");
  await import("./redis_key_value_test.ts");
  await import("./redis_high_availability_test.ts");
  await import("./redis_acl_file_test.ts");
} else {
  Deno.test.ignore(
    "RedisBackend publishes to Valkey (skipped: scripts/setup --tests found none)",
    () => {},
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

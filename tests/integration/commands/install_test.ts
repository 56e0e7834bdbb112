import assert from "node:assert/strict";
import { temporaryFolder } from "../../support/folders.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Runs a command as the packed program, which any file can replace here. */
async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(`${ROOT}scripts/physiology_server`, {
    args,
    env: { PHYSIOLOGY_EXECUTABLE: "/bin/true" },
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

function* filesUnder(folder: string, prefix = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesUnder(`${folder}/${name}`, `${prefix}/${name}`);
    else yield `${prefix}/${name}`;
  }
}

Deno.test("install into an image is repeatable without flags, and uninstall removes everything", async () => {
  using image = temporaryFolder();
  const files = () => [...filesUnder(image.path)].sort();
  const unit = () =>
    Deno.readTextFileSync(`${image.path}/etc/systemd/system/physiology_server.service`);
  await run("install", `--root=${image.path}`, "--redis_host=::1", "--redis_password=hunter2");
  const installed = [files(), unit()];
  assert.deepEqual(files(), [
    "/etc/physiology_server/redis.json",
    "/etc/physiology_server/redis_password",
    "/etc/systemd/system/multi-user.target.wants/physiology_server.service",
    "/etc/systemd/system/physiology_server.service",
    "/usr/local/bin/physiology_server",
  ]);
  const secret = Deno.statSync(`${image.path}/etc/physiology_server/redis_password`);
  assert.equal(secret.mode! & 0o777, 0o600);
  await run("install", `--root=${image.path}`);
  assert.deepEqual([files(), unit()], installed);
  await run("uninstall", `--root=${image.path}`);
  assert.deepEqual(files(), []);
});

Deno.test("install --dry-run prints everything and writes nothing", async () => {
  using image = temporaryFolder();
  const output = await run(
    "install",
    "--dry-run",
    `--root=${image.path}`,
    "--redis_password=hunter2",
  );
  assert.match(output, /^# Write .*redis_password, mode 0600\n\*\*\*$/m);
  assert.doesNotMatch(output, /hunter2/);
  assert.deepEqual([...filesUnder(image.path)], []);
});

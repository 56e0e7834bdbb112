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

Deno.test("install --provision into an image configures the device that its host name selects", async () => {
  using image = temporaryFolder();
  using files = temporaryFolder();
  Deno.mkdirSync(`${image.path}/etc`);
  Deno.writeTextFileSync(`${image.path}/etc/hostname`, "pi-2\n");
  Deno.writeTextFileSync(`${files.path}/ward-2`, "owl-7\n");
  const provision = `${files.path}/devices.json`;
  const device = (name: string) => ({
    redis_key_prefix: name,
    redis_username: name,
    redis_password_file: `${files.path}/${name}`,
  });
  Deno.writeTextFileSync(
    provision,
    JSON.stringify({
      "*": { simulate: true, redis_host: "::1" },
      "pi-1": device("ward-1"),
      "pi-2": device("ward-2"),
    }),
  );
  await run("install", `--root=${image.path}`, `--provision=${provision}`);
  const configuration = `${image.path}/etc/physiology_server`;
  const redis = JSON.parse(Deno.readTextFileSync(`${configuration}/redis.json`));
  assert.deepEqual([redis.key_prefix, redis.username, redis.host], ["ward-2", "ward-2", "::1"]);
  assert.equal(Deno.readTextFileSync(`${configuration}/redis_password`).trim(), "owl-7");
});

Deno.test("install --instance into an image adds instances, and uninstall removes one after the other", async () => {
  using image = temporaryFolder();
  const files = () => [...filesUnder(image.path)].sort();
  const root = `--root=${image.path}`;
  await run("install", root, "--redis_host=::1");
  const single = files();
  const units = "/etc/systemd/system";
  const filesOf = (name: string) => [
    `/etc/physiology_server@${name}/redis.json`,
    `${units}/multi-user.target.wants/physiology_server@${name}.service`,
    `${units}/physiology_server@${name}.service.d/install.conf`,
  ];
  await run("install", "--instance=bed1", root, "--redis_host=::1");
  await run("install", "--instance=bed2", root, "--redis_host=::1", "--redis_password=hunter2");
  const template = `${units}/physiology_server@.service`;
  const secret = "/etc/physiology_server@bed2/redis_password";
  const all = [...single, template, ...filesOf("bed1"), ...filesOf("bed2"), secret].sort();
  assert.deepEqual(files(), all);
  assert.equal(Deno.statSync(image.path + secret).mode! & 0o777, 0o600);
  const configs = ["bed1", "bed2"].map((name) =>
    JSON.parse(Deno.readTextFileSync(image.path + filesOf(name)[0]))
  );
  assert.deepEqual(configs.map(({ key_prefix }) => key_prefix), ["bed1", "bed2"]);
  const dropIn = () => Deno.readTextFileSync(image.path + filesOf("bed2")[2]);
  const before = dropIn();
  await run("install", "--instance=bed2", root);
  assert.deepEqual([files(), dropIn()], [all, before]);
  await run("uninstall", "--instance=bed2", root);
  assert.deepEqual(files(), [...single, template, ...filesOf("bed1")].sort());
  await run("uninstall", root);
  const program = "/usr/local/bin/physiology_server";
  assert.deepEqual(files(), [program, template, ...filesOf("bed1")].sort());
  await run("uninstall", "--instance=bed1", root);
  assert.deepEqual(files(), []);
});

import fc from "fast-check";
import assert from "node:assert/strict";
import { PATHS } from "../../../src/installation/paths.ts";
import { type PlanOptions, planService as plan } from "../../../src/installation/plan.ts";
import { systemdVersion } from "../../../src/installation/system.ts";
import { quoteArgument } from "../../../src/installation/unit.ts";
import { type Configuration, load, selectedSources } from "../../../src/app/flags.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";

const TEMPLATE = Deno.readTextFileSync(
  new URL("../../../config/physiology_server.service", import.meta.url),
);

function planService(loaded: Configuration, template: string, options: Partial<PlanOptions> = {}) {
  const { settings } = loaded;
  return plan(loaded, template, {
    hasInput: selectedSources(settings).length > 0,
    writes: permissionsFor("serve", settings, { assets: "/a", env: {} })?.write ?? [],
    ...options,
  });
}

function planFor(...argv: string[]): Map<string, string> {
  return planOnSystemd(undefined, ...argv);
}

function planOnSystemd(
  systemd: number | "none" | undefined,
  ...argv: string[]
): Map<string, string> {
  const readText = (path: string) => path === "/pw" ? "hunter2\n" : '{"database": 3}';
  const loaded = load(["install", ...argv], { env: {}, readText });
  const { files } = planService(loaded, TEMPLATE, { systemd });
  return new Map(files.map(({ path, text }) => [path, text]));
}

const startOf = (plan: Map<string, string>) =>
  /^ExecStart=(.*)$/m.exec(plan.get(PATHS.unit) ?? "")?.[1];

Deno.test("planService() uses a camera and a spool without flags", () => {
  const plan = planFor();
  assert.deepEqual([...plan.keys()], [PATHS.unit]);
  assert.equal(startOf(plan), `${PATHS.program} --use_camera --spool_path=spool --state_path=.`);
});

Deno.test("planService() stores values for Redis in a file that a reload reads again", () => {
  const plan = planFor("--redis_host=cloud", "--redis_config_path=/any.json", "--redis_tls");
  assert.deepEqual(JSON.parse(plan.get(PATHS.redisConfig) ?? ""), {
    host: "cloud",
    database: 3,
    tls: true,
  });
  assert.match(startOf(plan) ?? "", new RegExp(`--redis_config_path=${PATHS.redisConfig}$`));
});

Deno.test("planService() stores a secret as a credential, and not in the unit or the configuration", () => {
  for (const flag of ["--redis_password=hunter2", "--redis_password_file=/pw"]) {
    const plan = planFor(flag, "--redis_host=cloud");
    const path = `${PATHS.configFolder}/redis_password`;
    assert.equal(plan.get(path), "hunter2\n");
    assert.match(
      plan.get(PATHS.unit) ?? "",
      new RegExp(`^LoadCredential=redis_password:${path}$`, "m"),
    );
    for (const [name, text] of plan) if (name !== path) assert.doesNotMatch(text, /hunter2/);
  }
});

Deno.test("planService() stores a secret in a file of variables for systemd before version 247", () => {
  const plan = planOnSystemd(245, `--redis_password=a"b$c\\d`, "--redis_host=cloud");
  const path = `${PATHS.configFolder}/redis_password`;
  assert.equal(plan.get(path), 'PHYSIOLOGY_REDIS_PASSWORD="a\\"b\\$c\\\\d"\n');
  const unit = plan.get(PATHS.unit) ?? "";
  assert.match(unit, new RegExp(`^EnvironmentFile=${path}$`, "m"));
  assert.doesNotMatch(unit, /LoadCredential|a"b/);
});

Deno.test("planService() passes a private key of root as a credential", () => {
  const flags = [
    "--redis_tls",
    "--redis_tls_cert_path=/etc/c.pem",
    "--redis_tls_key_path=/etc/k.pem",
  ];
  const plan = planFor(...flags);
  assert.match(plan.get(PATHS.unit) ?? "", /^LoadCredential=redis_tls_key_path:\/etc\/k\.pem$/m);
  const { tls_key_path, tls_cert_path } = JSON.parse(plan.get(PATHS.redisConfig) ?? "");
  assert.equal(tls_cert_path, "/etc/c.pem");
  assert.equal(tls_key_path, "/run/credentials/physiology_server.service/redis_tls_key_path");
  for (const systemd of [245, "none"] as const) {
    const config = planOnSystemd(systemd, ...flags).get(PATHS.redisConfig) ?? "";
    assert.equal(JSON.parse(config).tls_key_path, "/etc/k.pem");
  }
});

Deno.test("planService() stores a secret in a file for cron", () => {
  const plan = planOnSystemd("none", "--redis_password=hunter2");
  assert.equal(plan.get(`${PATHS.configFolder}/redis_password`), "hunter2\n");
});

Deno.test("systemdVersion() reads the version from the file name of the library", async () => {
  const root = await Deno.makeTempDir();
  const versionOf = () => systemdVersion({ root, print: () => {} });
  try {
    assert.equal(versionOf(), undefined);
    Deno.mkdirSync(`${root}/usr/lib/systemd`, { recursive: true });
    Deno.writeTextFileSync(`${root}/usr/lib/systemd/libsystemd-shared-245.so`, "");
    assert.equal(versionOf(), 245);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("planService() removes a password that is no longer set, and no other files", () => {
  const readText = () => "{}";
  const { stale } = planService(
    load(["install", "--redis_host=a"], { env: {}, readText }),
    TEMPLATE,
  );
  assert(stale.includes(`${PATHS.configFolder}/redis_password`));
  assert(!stale.includes(PATHS.redisConfig));
});

Deno.test("planService() keeps the values of an installed unit without flags, and updates its template", () => {
  const readText = () => "hunter2";
  const argv = ["install", "--redis_password_file=/pw", "--spool_path=/data/spool", "--loop"];
  const [, before] = planService(load(argv, { env: {}, readText }), TEMPLATE).files;
  const template = TEMPLATE.replace("WatchdogSec=30", "WatchdogSec=45");
  const { files, stale } = planService(load(["install"], { env: {}, readText }), template, {
    installed: before?.text,
  });
  assert.deepEqual([files.length, stale], [1, []]);
  assert.equal(files[0]?.text, before?.text.replace("WatchdogSec=30", "WatchdogSec=45"));
  assert.match(files[0]?.text ?? "", /--loop[^]*LoadCredential[^]*ReadWritePaths=-\/data\/spool/);
});

Deno.test("planService() keeps other flags and makes their folders writable", () => {
  const plan = planFor(
    "--simulate",
    "--streaming_backend=file",
    "--file_base_directory=/data/out",
    "--noenable_edge_metrics",
    "--redis_key_prefix=ward",
  );
  assert.match(startOf(plan) ?? "", / --simulate .*--noenable_edge_metrics/);
  assert.doesNotMatch(startOf(plan) ?? "", /use_camera/);
  assert.match(plan.get(PATHS.unit) ?? "", /^ReadWritePaths=-\/data\/out$/m);
});

Deno.test("planService() rejects a path that the service cannot access", () => {
  assert.throws(
    () => planFor("--redis_tls", "--redis_tls_ca_path=/home/pi/ca.pem"),
    /cannot access that folder: move it to \/etc\/physiology_server/,
  );
});

Deno.test("planService() resolves a path to read, and leaves a path to write relative to the service's folder", () => {
  const before = Deno.cwd();
  Deno.chdir("/usr/share");
  try {
    const plan = planFor("--input_video_path=clip.avi", "--state_path=state.json");
    const start = startOf(plan) ?? "";
    assert.match(start, /--input_video_path=\/usr\/share\/clip\.avi /);
    assert.match(start, /--state_path=state\.json/);
    assert.match(startOf(planFor("--input_video_path=rtsp://cam/1")) ?? "", /=rtsp:\/\/cam\/1 /);
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("planService() quotes the line for crontab for the shell, and escapes percent signs", () => {
  const readText = () => "hunter2";
  const argv = ["install", "--redis_key_prefix=it's100%", "--redis_password=hunter2"];
  const { cron = "" } = planService(load(argv, { env: {}, readText }), TEMPLATE);
  assert.doesNotMatch(cron, /hunter2/);
  assert.match(cron, /--redis_password_file=\/etc\/physiology_server\/redis_password/);
  assert.match(cron, /^@reboot /);
});

Deno.test("quoteArgument() quotes an argument so that systemd reads it back unchanged", () => {
  assert.equal(quoteArgument("--a=100%$HOME"), "--a=100%%$$HOME");
  assert.equal(quoteArgument('a "b"'), '"a \\"b\\""');
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }).filter((text) => !/(?![\t\n])\p{Cc}/u.test(text)),
      (text) => {
        const quoted = quoteArgument(text);
        assert(!quoted.includes("\n"));
        const inner = quoted.startsWith('"') ? JSON.parse(quoted) : quoted;
        assert.equal(
          inner.replaceAll("%%", "%").replaceAll("$$", "$"),
          text,
        );
      },
    ),
  );
});

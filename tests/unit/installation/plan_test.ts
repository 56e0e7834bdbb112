import fc from "fast-check";
import assert from "node:assert/strict";
import { accountIds } from "../../../src/installation/account.ts";
import { ACCOUNT, PATHS } from "../../../src/installation/paths.ts";
import { type PlanOptions, planService as plan } from "../../../src/installation/plan.ts";
import { quoteArgument } from "../../../src/installation/unit.ts";
import { type Configuration, load, selectedSources } from "../../../src/app/flags.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { peersOf } from "../../../src/app/peers.ts";
import { permissionsFor } from "../../../src/app/permissions.ts";

const TEMPLATE = Deno.readTextFileSync(
  new URL("../../../config/physiology_server.service", import.meta.url),
);

function planService(loaded: Configuration, template: string, options: Partial<PlanOptions> = {}) {
  const { settings } = loaded;
  return plan(loaded, template, {
    hasInput: selectedSources(settings).length > 0,
    peers: peersOf(settings, { assets: "/a", env: {} }),
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
  assert.doesNotMatch(startOf(plan) ?? "", /--redis_(host|tls|database)/);
});

Deno.test("planService() stores a secret as a credential, and not in the unit or the configuration", () => {
  for (const flag of ["--redis_password=hunter2", "--redis_password_file=/pw"]) {
    const plan = planFor(flag, "--redis_host=::1");
    const path = `${PATHS.configFolder}/redis_password`;
    assert.equal(plan.get(path), "hunter2\n");
    assert.doesNotMatch(startOf(plan) ?? "", /--redis_(host|password)/);
    assert.match(
      plan.get(PATHS.unit) ?? "",
      new RegExp(`^LoadCredential=redis_password:${path}$`, "m"),
    );
    for (const [name, text] of plan) if (name !== path) assert.doesNotMatch(text, /hunter2/);
  }
});

Deno.test("planService() stores a secret in a file of variables for systemd before version 247", () => {
  const plan = planOnSystemd(245, `--redis_password=a"b$c\\d`, "--redis_host=::1");
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

Deno.test("planService() removes a password that is no longer set, and no other files", () => {
  const readText = () => "{}";
  const { stale } = planService(
    load(["install", "--redis_host=::1"], { env: {}, readText }),
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
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("planService() stores the URL of a camera for root alone, and no other file holds it", () => {
  const url = "rtsp://me:hunter2@cam/1?token=hunter2";
  for (
    const argv of [
      [`--input_video_path=${url}`],
      [`--input_video_url=${url}`],
      ["--input_video_url_file=/url"],
    ]
  ) {
    const readText = (path: string) => path === "/url" ? `${url}\n` : "";
    const plan = planService(load(["install", ...argv], { env: {}, readText }), TEMPLATE, {
      hasInput: true,
      writes: [],
      peers: [],
    });
    const texts = plan.files.map(({ path, mode, text, secret }) => ({ path, mode, text, secret }));
    const path = `${PATHS.configFolder}/input_video_url`;
    assert.deepEqual(texts.filter(({ text }) => /hunter2/.test(text)), [
      { path, mode: 0o600, text: `${url}\n`, secret: true },
    ]);
    const unit = texts.find((file) => file.path === PATHS.unit)?.text ?? "";
    assert.match(unit, new RegExp(`^LoadCredential=input_video_url:${path}$`, "m"));
    assert.doesNotMatch(unit, /--(input_video|use_camera)/);
    assert.doesNotMatch(plan.cron ?? "", /hunter2/);
    assert.match(
      plan.cron ?? "",
      /--input_video_url_file=\/etc\/physiology_server\/input_video_url/,
    );
  }
});

Deno.test("planService() allows devices besides those of video4linux, also after an upgrade", () => {
  const devices = ["char-media", "/dev/vcsm-cma"];
  const lines = /^DeviceAllow=.*$/gm;
  const unitOf = (options: Partial<PlanOptions>, ...argv: string[]) => {
    const loaded = load(["install", ...argv], { env: {}, readText: () => "" });
    return planService(loaded, TEMPLATE, options).files.find(({ path }) => path === PATHS.unit)!
      .text;
  };
  const unit = unitOf({ devices }, "--camera_source=libcamera");
  assert.deepEqual(unit.match(lines)?.toSorted(), [
    "DeviceAllow=/dev/vcsm-cma rw",
    "DeviceAllow=char-media rw",
    "DeviceAllow=char-video4linux rw",
  ]);
  assert.match(unit, /^ExecStart=.* --use_camera --camera_source=libcamera /m);
  assert.deepEqual(unitOf({ installed: unit }).match(lines), unit.match(lines));
  assert.deepEqual(unitOf({}).match(lines), ["DeviceAllow=char-video4linux rw"]);
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

Deno.test("planService() writes secrets for root alone, and everything else for all", () => {
  const argv = ["install", "--redis_host=::1", "--redis_password=hunter2"];
  const { files } = planService(load(argv, { env: {}, readText: () => "" }), TEMPLATE);
  const modes = files.map(({ path, mode, secret }) => [path, mode, secret]);
  assert.deepEqual(modes, [
    [`${PATHS.configFolder}/redis_password`, 0o600, true],
    [PATHS.redisConfig, 0o644, false],
    [PATHS.unit, 0o644, false],
  ]);
  assert.equal(files[1]!.text, '{\n  "host": "::1"\n}\n');
  assert.match(files[2]!.text, /^ExecStart=.* --redis_config_path=\/etc\/.*redis\.json$/m);
});

Deno.test("planService() transfers secrets as credentials from systemd 247 on, and before as variables", () => {
  for (
    const [systemd, pattern] of [
      [246, /^EnvironmentFile=/m],
      [247, /^LoadCredential=/m],
      [undefined, /^LoadCredential=/m],
      ["none", /^LoadCredential=/m],
    ] as const
  ) {
    assert.match(planOnSystemd(systemd, "--redis_password=x").get(PATHS.unit) ?? "", pattern);
  }
});

Deno.test("planService() with flags writes the whole unit again, also if one is installed", () => {
  const configuration = load(["install", "--loop"], { env: {}, readText: () => "" });
  const { files, stale } = planService(configuration, TEMPLATE, { installed: "ExecStart=old" });
  assert.match(files.at(-1)?.text ?? "", /^ExecStart=.* --loop /m);
  assert.ok(stale.length > 0);
});

Deno.test("planService() without flags and without an installed unit removes nothing", () => {
  const { files, stale } = planService(
    load(["install"], { env: {}, readText: () => "" }),
    TEMPLATE,
  );
  assert.deepEqual([files.length, stale], [1, []]);
});

Deno.test("planService() removes every file that install wrote before and does not need now", () => {
  const configuration = load(["install", "--loop"], { env: {}, readText: () => "" });
  const { stale } = planService(configuration, TEMPLATE);
  for (const name of ["redis.json", "redis_password", "grpc_token", "http_token"]) {
    assert.ok(stale.includes(`${PATHS.configFolder}/${name}`), name);
  }
});

Deno.test("planService() keeps a configured spool and state, and ignores empty secrets and defaults", () => {
  const plan = planFor("--spool_path=/data/spool", "--state_path=/data", "--redis_password=");
  const start = startOf(plan) ?? "";
  assert.equal(start.match(/--spool_path/g)?.length, 1);
  assert.equal(start.match(/--state_path/g)?.length, 1);
  assert.deepEqual([...plan.keys()], [PATHS.unit]);
  const unit = plan.get(PATHS.unit) ?? "";
  assert.match(unit, /^ReadWritePaths=-\/data\/spool\nReadWritePaths=-\/data$/m);
});

Deno.test("planService() makes the folder of a written file writable, and none of the service's own", () => {
  const unit = (...argv: string[]) => planFor(...argv).get(PATHS.unit) ?? "";
  assert.match(unit("--log_path=/data/log/p.log"), /^ReadWritePaths=-\/data\/log$/m);
  const own = unit(`--spool_path=${PATHS.stateFolder}/spool`, "--state_path=relative");
  assert.doesNotMatch(own, /^ReadWritePaths/m);
  // A flag of another transport writes nothing.
  assert.doesNotMatch(unit("--file_base_directory=/data/out"), /^ReadWritePaths/m);
  const configuration = load(["install", "--file_base_directory=/data/out"], {
    env: {},
    readText: () => "",
  });
  const { files } = planService(configuration, TEMPLATE, { writes: true });
  assert.match(files.at(-1)!.text, /^ReadWritePaths=-\/data\/out$/m);
});

Deno.test("planService() rejects a library that the service may not execute", () => {
  for (const path of ["/opt/liblsl.so", "/usrlib/liblsl.so", "/etc/physiology_server/liblsl.so"]) {
    assert.throws(
      () => planFor("--lsl", `--lsl_library=${path}`),
      /the service executes files below \/usr only: install the library there/,
      path,
    );
  }
  const plan = planFor("--lsl", "--lsl_library=/usr/local/lib/liblsl.so.2");
  assert.match(startOf(plan) ?? "", / --lsl --lsl_library=\/usr\/local\/lib\/liblsl\.so\.2/);
});

Deno.test("planService() rejects every folder that the service cannot see, and no other", () => {
  const hidden = ["/home/pi", "/root", "/root/a", "/run/user/1", "/tmp/a", "/var/tmp/a"];
  for (const path of hidden) {
    assert.throws(() => planFor(`--spool_path=${path}`), /cannot access that folder/, path);
  }
  for (const path of ["/homes/pi", "/rooted", "/run/users", "/data/tmp", "/var/tmpx", "tmp"]) {
    assert.doesNotThrow(() => planFor(`--spool_path=${path}`), path);
  }
});

Deno.test("planService() has cron restart the program except after an error of the configuration", () => {
  const argv = ["install", "--log_path=/data/it's 100%.log"];
  const configuration = load(argv, { env: {}, readText: () => "" });
  const { cron } = planService(configuration, TEMPLATE, { systemd: "none" });
  assert.equal(
    cron,
    "@reboot umask 077; cd /var/lib/physiology_server && while :; do " +
      "setpriv --reuid=physiology_server --regid=physiology_server --init-groups " +
      "--inh-caps=-all --bounding-set=-all --no-new-privs /usr/local/bin/physiology_server " +
      "--use_camera '--log_path=/data/it'\\''s 100\\%.log' --spool_path=spool --state_path=.; " +
      "case $? in 64|78) break;; esac; sleep 1; done",
  );
});

Deno.test({
  name: "planService() has cron run the program without root, capabilities and a way back",
  ignore: Deno.uid() !== 0,
  async fn() {
    using folder = temporaryFolder();
    Deno.chmodSync(folder.path, 0o755);
    const program = `${folder.path}/program`;
    Deno.writeTextFileSync(
      program,
      '#!/bin/sh\nid -u\nid -g\numask\ngrep -E "^(Cap|NoNewPrivs)" /proc/self/status\nexit 64\n',
    );
    Deno.chmodSync(program, 0o755);
    const configuration = load(["install"], { env: {}, readText: () => "" });
    const { cron = "" } = planService(configuration, TEMPLATE, { systemd: "none" });
    const { uid, gid } = accountIds("daemon")!;
    const line = cron.replace("@reboot ", "").replaceAll("\\%", "%")
      .replace(PATHS.stateFolder, folder.path).replace(PATHS.program, program)
      .replace(`--reuid=${ACCOUNT}`, "--reuid=daemon").replace(
        `--regid=${ACCOUNT}`,
        `--regid=${gid}`,
      );
    const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
    const [user, group, mask, ...status] = new TextDecoder().decode(stdout).trim().split("\n");
    assert.deepEqual([user, group, mask], [`${uid}`, `${gid}`, "0077"]);
    const none = "0000000000000000";
    assert.deepEqual(Object.fromEntries(status.map((each) => each.split(":\t"))), {
      CapInh: none,
      CapPrm: none,
      CapEff: none,
      CapBnd: none,
      CapAmb: none,
      NoNewPrivs: "1",
    });
  },
});

const addressesFor = (...argv: string[]) =>
  planFor(...argv).get(PATHS.unit)!.match(/^IPAddress\w+=.*$/gm)?.toSorted();

for (
  const { what, argv, allowed } of [
    { what: "a Redis on this machine", argv: ["--redis_host=::1"], allowed: [] },
    { what: "no broker", argv: ["--streaming_backend=file"], allowed: [] },
    {
      what: "a Redis and a broker with addresses",
      argv: ["--redis_host=10.0.0.7", "--mqtt_url=mqtts://[fd00::7]"],
      allowed: ["10.0.0.7", "fd00::7"],
    },
    { what: "a Redis with a name", argv: ["--redis_host=cloud"], allowed: ["any"] },
    { what: "a Cluster", argv: ["--redis_cluster"], allowed: ["any"] },
    {
      what: "clients on the network",
      argv: ["--http_port=80", "--http_address=::", "--http_allow_plaintext"]
        .concat([`--http_token=${"t".repeat(16)}`]),
      allowed: ["any"],
    },
    { what: "Lab Streaming Layer", argv: ["--lsl"], allowed: ["any"] },
    { what: "a stream", argv: ["--input_video_path=rtsp://10.0.0.9/"], allowed: ["any"] },
  ]
) {
  Deno.test(`planService() allows the service no other addresses than it needs for ${what}`, () => {
    const lines = [...allowed, "localhost"].map((address) => `IPAddressAllow=${address}`);
    assert.deepEqual(addressesFor(...argv, "--redis_allow_plaintext"), [
      ...lines.toSorted(),
      "IPAddressDeny=any",
    ]);
  });
}

Deno.test("planService() keeps the addresses of an installed unit, and limits none that was not limited", () => {
  const loaded = load(["install"], { env: {}, readText: () => "{}" });
  const renewed = (installed: string) =>
    planService(loaded, TEMPLATE, { installed }).files[0]!.text.match(/^IPAddressAllow=.*$/gm);
  const unit = planFor("--redis_host=10.0.0.7", "--redis_allow_plaintext").get(PATHS.unit)!;
  const expected = ["IPAddressAllow=10.0.0.7", "IPAddressAllow=localhost"];
  assert.deepEqual(renewed(unit)?.toSorted(), expected);
  const old = unit.replaceAll(/^IPAddress.*\n/gm, "");
  assert.deepEqual(renewed(old)?.toSorted(), ["IPAddressAllow=any", "IPAddressAllow=localhost"]);
});

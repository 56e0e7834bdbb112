import fc from "fast-check";
import assert from "node:assert/strict";
import { FLAGS, load } from "../../../src/app/flags.ts";
import { UsageError } from "../../../src/base/errors.ts";
import { installedServices } from "../../../src/installation/installed.ts";
import { INSTANCE_PORTS } from "../../../src/installation/instance.ts";
import { type Service, serviceOf } from "../../../src/installation/paths.ts";
import { planService } from "../../../src/installation/plan.ts";
import { fakeHost } from "../../support/fake_host.ts";

const TEMPLATE = Deno.readTextFileSync(
  new URL("../../../config/physiology_server@.service", import.meta.url),
);

/** A machine with services, of which `install()` is called as the command calls it. */
class Machine {
  readonly texts: Record<string, string> = {};

  /** Installs a service and returns its arguments. */
  install(instance: string | undefined, ...argv: string[]): readonly string[] {
    const service = serviceOf(instance);
    const host = fakeHost({ texts: this.texts });
    const { files, stale } = planService(
      load(["install", ...argv], { env: {}, readText: () => "" }),
      TEMPLATE,
      {
        service,
        services: installedServices(host),
        hasInput: true,
        writes: true,
        peers: [],
        installed: this.texts[service.unit],
      },
    );
    for (const { path, text } of files) this.texts[path] = text;
    for (const path of stale) delete this.texts[path];
    return this.argsOf(service);
  }

  remove(instance: string): void {
    delete this.texts[serviceOf(instance).unit];
  }

  argsOf({ id }: Service): readonly string[] {
    return installedServices(fakeHost({ texts: this.texts }))
      .find(({ service }) => service.id === id)!.args;
  }

  redisOf(instance: string): unknown {
    return JSON.parse(this.texts[serviceOf(instance).redisConfig]!);
  }

  portOf(instance: string): number {
    const port = this.argsOf(serviceOf(instance)).find((each) => each.startsWith("--port="));
    return Number(port?.slice("--port=".length));
  }
}

Deno.test("planService() gives an instance its name as the prefix, unless one is given", () => {
  const machine = new Machine();
  machine.install("bed2");
  assert.deepEqual(machine.redisOf("bed2"), { key_prefix: "bed2" });
  machine.install("bed2", "--redis_key_prefix=ward:2", "--redis_host=::1");
  assert.deepEqual(machine.redisOf("bed2"), { host: "::1", key_prefix: "ward:2" });
});

Deno.test("planService() gives each instance the lowest free port for gRPC, and keeps it", () => {
  const machine = new Machine();
  const { first } = INSTANCE_PORTS;
  for (const name of ["a", "b", "c"]) machine.install(name);
  assert.deepEqual(["a", "b", "c"].map((name) => machine.portOf(name)), [
    first,
    first + 1,
    first + 2,
  ]);
  machine.remove("a");
  machine.install("c", "--loop");
  assert.equal(machine.portOf("c"), first + 2, "the port of a service that is installed again");
  machine.install("c");
  assert.equal(machine.portOf("c"), first + 2, "the port of a service that is upgraded");
  machine.install("d");
  assert.equal(machine.portOf("d"), first, "the port of a service that was removed");
  machine.install("e", `--http_port=${first + 3}`);
  assert.equal(machine.portOf("e"), first + 4, "no port that its own page has");
});

Deno.test("planService() takes the port that is given, or none, and returns to the rule without", () => {
  const machine = new Machine();
  machine.install("a", "--port=7000");
  machine.install("b", "--port=0");
  assert.deepEqual([machine.portOf("a"), machine.portOf("b")], [7000, 0]);
  machine.install("a", "--loop");
  assert.equal(machine.portOf("a"), INSTANCE_PORTS.first);
});

Deno.test("planService() rejects a port of another service, and names one that is free", () => {
  const machine = new Machine();
  machine.install(undefined, "--http_port=8080");
  machine.install("a", "--http_port=8081");
  const rejects = (expected: RegExp, ...argv: string[]) =>
    assert.throws(() => machine.install("b", ...argv), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, expected);
      return true;
    });
  rejects(
    /^Cannot install with --http_port=8080: physiology_server\.service uses it: choose another one, such as 8082$/,
    "--http_port=8080",
  );
  rejects(/--http_port=8081: physiology_server@a\.service uses it/, "--http_port=8081");
  rejects(/--port=8081: physiology_server@a\.service uses it/, "--port=8081");
  const port = INSTANCE_PORTS.first;
  rejects(new RegExp(`--port=${port}: physiology_server@a`), `--port=${port}`);
  machine.install("b", "--http_port=8082");
  machine.install("a", "--http_port=8081", "--loop");
  machine.install(undefined, "--http_port=8081");
});

Deno.test("planService() rejects a camera, a folder or a file of another service", () => {
  const machine = new Machine();
  const flags = [
    "--camera_device=/dev/v4l/by-id/a",
    "--spool_path=/data/a spool",
    "--state_path=/data/a",
  ];
  machine.install("a", ...flags);
  for (const flag of flags) {
    assert.throws(
      () => machine.install("b", flag),
      (error) =>
        error instanceof UsageError &&
        error.message ===
          `Cannot install with ${flag}: physiology_server@a.service uses it: choose another one`,
    );
  }
  machine.install("b", "--spool_path=/data/b", "--camera_device=/dev/v4l/by-id/b");
  // A relative path is one in the folder of the service, and a file that is read can be shared.
  const shared = ["--spool_path=s", "--redis_tls", "--redis_tls_ca_path=/etc/ca.pem"];
  machine.install("c", ...shared);
  machine.install("d", ...shared);
});

Deno.test("planService() rejects the prefix of another service on the same Redis only", () => {
  const machine = new Machine();
  machine.install(undefined, "--redis_host=::1");
  machine.install("a", "--redis_host=::1");
  for (const prefix of ["physiology", "a"]) {
    assert.throws(
      () => machine.install("b", "--redis_host=::1", `--redis_key_prefix=${prefix}`),
      new RegExp(`--redis_key_prefix=${prefix}: physiology_server(@a)?\\.service uses it`),
    );
  }
  machine.install("b", "--redis_host=::1", "--redis_port=6380", "--redis_key_prefix=a");
  machine.texts[serviceOf("a").redisConfig] = "{damaged";
  machine.install("c", "--redis_host=::1", "--redis_key_prefix=a");
});

Deno.test("planService() has no port left after a hundred instances", () => {
  const machine = new Machine();
  const { first, last } = INSTANCE_PORTS;
  for (let port = first; port <= last; port++) machine.install(`i${port}`);
  assert.equal(machine.portOf(`i${last}`), last);
  assert.throws(() => machine.install("more"), /every port from 50061 to 50160 is assigned/);
  machine.install("more", "--port=7000");
});

Deno.test("planService() shares no port between services, in whatever order they come and go", () => {
  const action = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    argv: fc.constantFrom<string[]>(
      [],
      ["--loop"],
      ["--port=50062"],
      ["--port=50070", "--http_port=50061"],
      ["--http_port=8080"],
      ["remove"],
    ),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
      const machine = new Machine();
      for (const { name, argv } of actions) {
        if (argv[0] === "remove") machine.remove(name);
        else {
          try {
            machine.install(name, ...argv);
          } catch (error) {
            assert.ok(error instanceof UsageError);
          }
        }
        const ports = installedServices(fakeHost({ texts: machine.texts })).flatMap(({ args }) =>
          args.flatMap((each) => /^--(?:http_)?port=(\d+)$/.exec(each)?.[1] ?? [])
        );
        assert.equal(new Set(ports).size, ports.length, ports.join());
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("planService() writes the unit of all instances, and the flags of one to its drop-in", () => {
  const machine = new Machine();
  machine.install("bed2", "--simulate", "--spool_path=/data/spool", "--redis_password=hunter2");
  const service = serviceOf("bed2");
  assert.deepEqual(Object.keys(machine.texts), [
    "/etc/physiology_server@bed2/redis_password",
    "/etc/physiology_server@bed2/redis.json",
    "/etc/systemd/system/physiology_server@.service",
    "/etc/systemd/system/physiology_server@bed2.service.d/install.conf",
  ]);
  const dropIn = machine.texts[service.unit]!;
  assert.equal(
    dropIn,
    "# Written by physiology_server install.\n[Service]\nExecStart=\n" +
      "ExecStart=/usr/local/bin/physiology_server --simulate --spool_path=/data/spool " +
      "--port=50061 --state_path=. --redis_config_path=/etc/physiology_server@bed2/redis.json\n" +
      "LoadCredential=redis_password:/etc/physiology_server@bed2/redis_password\n" +
      "ReadWritePaths=-/data/spool\n",
  );
  machine.install("bed2");
  assert.equal(machine.texts[service.unit], dropIn, "an upgrade keeps the flags");
  const key = ["--redis_tls", "--redis_tls_cert_path=/etc/c", "--redis_tls_key_path=/etc/k"];
  machine.install("bed2", ...key);
  const { tls_key_path } = machine.redisOf("bed2") as Record<string, string>;
  assert.equal(
    tls_key_path,
    "/run/credentials/physiology_server@bed2.service/redis_tls_key_path",
  );
  assert.equal(machine.texts["/etc/physiology_server@bed2/redis_password"], undefined);
});

Deno.test("planService() has cron start an instance in its folder, with its secrets and port", () => {
  const { files, cron } = planService(
    load(["install", "--redis_password=hunter2"], { env: {}, readText: () => "" }),
    TEMPLATE,
    { service: serviceOf("bed2"), hasInput: false, writes: [], peers: [], systemd: "none" },
  );
  assert.match(cron!, /^@reboot umask 077; cd \/var\/lib\/physiology_server@bed2 && while/);
  assert.match(
    cron!,
    / --port=50061 .*--redis_password_file=\/etc\/physiology_server@bed2\/redis_password; case/,
  );
  assert.match(cron!, /--redis_config_path=\/etc\/physiology_server@bed2\/redis\.json/);
  assert.equal(files[0]!.owner, "physiology_server");
});

Deno.test("planService() names the folders of the instance that its service can access", () => {
  const machine = new Machine();
  assert.throws(
    () => machine.install("bed2", "--spool_path=/tmp/spool"),
    /move it to \/etc\/physiology_server@bed2 or \/var\/lib\/physiology_server@bed2$/,
  );
  machine.install("bed2", "--spool_path=/var/lib/physiology_server@bed2/spool");
  assert.doesNotMatch(machine.texts[serviceOf("bed2").unit]!, /ReadWritePaths/);
});

Deno.test("FLAGS has the flags of which an instance has values of its own", () => {
  const names = FLAGS.flagsOf("serve").map(({ flag }) => flag.name);
  for (const name of ["port", "http_port", "redis_key_prefix", "camera_device"]) {
    assert(names.includes(name), name);
  }
  const ports = FLAGS.flagsOf("serve").filter(({ flag }) =>
    flag.kind === "int" && /(^|_)port$/.test(flag.name)
  ).map(({ flag }) => flag.name);
  // The service listens on the first two; the others are those of peers.
  assert.deepEqual(ports.filter((name) => !["port", "http_port"].includes(name)), ["redis_port"]);
});

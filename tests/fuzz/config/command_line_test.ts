import fc from "fast-check";
import assert from "node:assert/strict";
import { ExitError } from "../../../src/base/errors.ts";
import { FLAGS, load } from "../../../src/app/flags.ts";
import { nearest } from "../../../src/base/nearest.ts";
import { parseCommandLine } from "../../../src/config/command_line.ts";
import { formatValue } from "../../../src/config/values.ts";

const names = FLAGS.entries.map(({ flag }) => flag.name);
const word = fc.oneof(
  fc.string(),
  fc.constantFrom("-", "--", "---", "=", "--=", "--no", "true", "serve", "--help"),
  fc.tuple(fc.constantFrom("--", "-", "--no"), fc.constantFrom(...names), fc.string())
    .map(([dashes, name, rest]) => dashes + name + rest),
  fc.tuple(fc.constantFrom(...names), fc.string()).map(([name, text]) => `--${name}=${text}`),
);

/** Fails on any error without an exit status. */
function acceptOrReject(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert(error instanceof ExitError, String(error));
    assert.match(error.message, /^Cannot /);
    assert([64, 78].includes(error.exitStatus));
  }
}

Deno.test("load() accepts any command line or rejects it with an ExitError", () => {
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 6 }),
      (argv) => acceptOrReject(() => load(argv, { env: {}, readText: () => "{}" })),
    ),
    { numRuns: 3000 },
  );
});

Deno.test("load() accepts any configuration file or rejects it with an ExitError", () => {
  const keys = FLAGS.entries.flatMap(({ flag }) => flag.file ? [flag.file.key] : []);
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), fc.jsonValue())
      .map((value) => JSON.stringify(value)),
  );
  const argv = ["--simulate", "--redis_config_path=/r", "--filesystem_ipc_config_path=/f"];
  fc.assert(
    fc.property(
      text,
      text,
      (redis, filesystem) =>
        acceptOrReject(() =>
          load(argv, { env: {}, readText: (path) => path === "/r" ? redis : filesystem })
        ),
    ),
    { numRuns: 3000 },
  );
});

Deno.test("load() accepts any environment variable or rejects it with an ExitError", () => {
  const variable = fc.constantFrom(...names).map((name) => `PHYSIOLOGY_${name.toUpperCase()}`);
  fc.assert(
    fc.property(
      fc.dictionary(variable, fc.string()),
      (env) => acceptOrReject(() => load(["--simulate"], { env, readText: () => "{}" })),
    ),
    { numRuns: 2000 },
  );
});

Deno.test("parseCommandLine() returns a text unchanged in every form of a flag", () => {
  const entries = FLAGS.flagsOf("serve").filter(({ flag }) => flag.kind === "path");
  fc.assert(
    fc.property(
      fc.constantFrom(...entries),
      fc.string({ minLength: 1 }).filter((text) => !text.startsWith("--") && !text.includes("\0")),
      (entry, text) => {
        const name = `--${entry.flag.name}`;
        for (const argv of [[`${name}=${text}`], [name, text], [`${name.slice(1)}`, text]]) {
          assert.equal(parseCommandLine(FLAGS, argv).values.get(entry), text);
        }
      },
    ),
  );
});

Deno.test("load() accepts every number in a flag's range and reads its printed form back", () => {
  const numbers = FLAGS.flagsOf("serve").filter(({ flag }) => flag.kind === "int");
  for (const entry of numbers) {
    const [min = 0, max = 0] = entry.flag.range ?? [];
    fc.assert(
      fc.property(fc.integer({ min, max: Math.min(max, 2 ** 31 - 1) }), (value) => {
        const text = formatValue(value);
        const { settings } = load(["print-config", `--${entry.flag.name}=${text}`], {
          env: {},
          readText: () => "{}",
        });
        assert.equal(FLAGS.valueOf(settings, entry), value);
      }),
      { numRuns: 20 },
    );
  }
});

Deno.test("nearest() finds a flag with one missing letter", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...names.filter((name) => name.length > 5)),
      fc.nat(),
      (name, offset) => {
        const at = offset % name.length;
        const typo = name.slice(0, at) + name.slice(at + 1);
        if (names.includes(typo)) return;
        const found = nearest(typo, names);
        assert(
          found !== undefined && Math.abs(found.length - typo.length) <= 1,
          `${typo} ${found}`,
        );
      },
    ),
  );
});

import assert from "node:assert/strict";
import { edf } from "../../../src/recording/formats/edf/edf.ts";
import { mcap } from "../../../src/recording/formats/mcap.ts";
import { SessionFiles } from "../../../src/recording/session_files.ts";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { Vault } from "../../../src/recording/vault.ts";
import { decrypt, makeIdentity } from "../../support/age.ts";
import { temporaryFolder } from "../../support/folders.ts";

const pulse = (timestamp: number): ReceivedEnvelope => (
  { type: "core_metrics", timestamp, payload: { pulse: { value: 71 } } }
);

/** A folder with two recipients, and a vault for them. */
async function newVault(folder: string) {
  const identities = ["a", "b"].map((name) => makeIdentity(`${folder}/${name}`));
  const recipients = `${folder}/recipients`;
  const lines = identities.map(({ recipient }) => recipient);
  Deno.writeTextFileSync(recipients, `# the study\n\n${lines.join("\n")}\n`);
  const directory = `${folder}/out`;
  return { identities, directory, vault: await Vault.open({ directory, recipients }) };
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("Vault encrypts lines and series of a session for each recipient, as age reads them", async () => {
  using folder = temporaryFolder();
  const { directory, vault, identities } = await newVault(folder.path);
  const files = new SessionFiles({ directory, sessionId: "anna", vault });
  const envelopes = Array.from({ length: 3000 }, (_, index) => pulse(index)); // over one block
  for (const each of envelopes) files.append(each);
  Array.from(files.derive());
  await files.encrypt();
  const [csv = "", json = "", lines = ""] = namesIn(directory).filter((name) =>
    /^metrics/.test(name)
  );
  assert.match(
    [csv, json, lines].join(),
    /^metrics_(\w{16})\.csv\.age,metrics_\1\.json\.age,metrics_\1\.jsonl\.age/,
  );
  for (const identity of identities) {
    const read = (name: string) => decrypt(`${directory}/${name}`, identity) ?? "";
    assert.equal(read(lines), envelopes.map((each) => JSON.stringify(each) + "\n").join(""));
    assert.equal(JSON.parse(read(json)).session_id, "anna");
    assert.match(read(csv), /^2999,core_metrics\.pulse,value,71$/m);
  }
  const stranger = makeIdentity(`${folder.path}/c`);
  assert.equal(decrypt(`${directory}/${lines}`, stranger), undefined);
});

Deno.test("Vault encrypts a session again after further messages, and leaves only age files at the end", async () => {
  using folder = temporaryFolder();
  const { directory, vault, identities: [identity] } = await newVault(folder.path);
  const files = new SessionFiles({ directory, sessionId: "anna", vault });
  for (const timestamp of [1, 2]) {
    files.append(pulse(timestamp));
    Array.from(files.derive());
    await files.encrypt();
  }
  files.removeSealed();
  vault.removeKey();
  const names = namesIn(directory);
  assert.deepEqual(names.map((name) => name.replace(/^metrics_\w{16}/, "")), [
    ".csv.age",
    ".json.age",
    ".jsonl.age",
  ]);
  const { series } = JSON.parse(decrypt(`${directory}/${names[1]}`, identity!)!);
  assert.deepEqual(series["core_metrics.pulse"].timestamp, [1, 2]);
});

Deno.test("Vault encrypts further formats, and leaves none of them open", async () => {
  using folder = temporaryFolder();
  const { directory, vault, identities: [identity] } = await newVault(folder.path);
  const files = new SessionFiles({ directory, sessionId: "anna", vault, formats: [mcap, edf] });
  files.append(pulse(1));
  Array.from(files.derive());
  await files.encrypt();
  for (
    const [ending, content] of [
      [".mcap", /^.MCAP0[^]*"value":71[^]*MCAP0/],
      [".edf", /^0 {7}X X X X {73}Startdate [^]*EDF Annotations/],
    ] as const
  ) {
    const [name, ...others] = namesIn(directory).filter((each) => each.includes(ending));
    assert.deepEqual(others, []);
    assert.match(name!, new RegExp(`^metrics_\\w{16}\\${ending}\\.age$`));
    const text = decrypt(`${directory}/${name}`, identity!)!;
    assert.match(text, content);
  }
});

Deno.test("SessionFiles append no sealed line to a file that another program has changed", async () => {
  using folder = temporaryFolder();
  const { directory, vault } = await newVault(folder.path);
  const files = new SessionFiles({ directory, sessionId: "anna", vault });
  files.append(pulse(1));
  const [path] = namesIn(directory).filter((name) => name.endsWith(".sealed"));
  Deno.truncateSync(`${directory}/${path}`, 10);
  assert.throws(() => files.append(pulse(2)), /^Error: another program has changed .*\.sealed$/);
});

for (
  const [what, text, reason] of [
    [
      "a private key",
      "AGE-SECRET-KEY-1QQQ\n",
      /line 1 must be a public key of age, which begins with age1$/,
    ],
    ["no key", "# none\n", /it must contain a public key of age: age-keygen -y prints one$/],
  ] as const
) {
  Deno.test(`Vault.open() refuses a file with ${what}, without showing its content`, async () => {
    using folder = temporaryFolder();
    const recipients = `${folder.path}/recipients`;
    Deno.writeTextFileSync(recipients, text);
    const opening = Vault.open({ directory: folder.path, recipients });
    await assert.rejects(opening, { name: "ConfigError", message: reason });
  });
}

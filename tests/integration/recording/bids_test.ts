import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { bids } from "../../../src/recording/formats/bids.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { recordedEnvelopes, saveSession } from "../../support/recorded_session.ts";

/** The command line of bids-validator 1.15, in one file, which `scripts/setup --tests` installs. */
const VALIDATOR = new URL("../../../.tools/bids_validator.cjs", import.meta.url).pathname;
const SCRIPT = `require(process.argv[1]).default([process.argv[2], "--json"])
  .catch((code) => process.exit(code));`;
const isInstalled = (() => {
  try {
    return Deno.statSync(VALIDATOR).isFile;
  } catch {
    return false;
  }
})();

interface Issue {
  readonly key: string;
  readonly files: readonly { readonly evidence: string | null }[];
}

/** Returns the errors and warnings that the validator finds in a dataset. */
async function issuesOf(dataset: string): Promise<string[]> {
  const { stdout, stderr } = await new Deno.Command("node", {
    args: ["--no-deprecation", "-e", SCRIPT, VALIDATOR, dataset],
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.match(text, /^\{/, new TextDecoder().decode(stderr));
  const { issues } = JSON.parse(text) as {
    readonly issues: { readonly errors: readonly Issue[]; readonly warnings: readonly Issue[] };
  };
  return [...issues.errors, ...issues.warnings]
    .map(({ key, files }) => `${key} ${files[0]?.evidence ?? ""}`.trim());
}

function rowsOf(path: string): string[][] {
  const text = new TextDecoder().decode(gunzipSync(Deno.readFileSync(path)));
  return text.split("\n").slice(0, -1).map((line) => line.split("\t"));
}

/** Saves a session and returns the folder of its subject. */
function saved(
  folder: string,
  envelopes: readonly ReceivedEnvelope[],
  sessionId = "visit7",
): string {
  saveSession(folder, bids, envelopes, sessionId);
  return `${folder}/bids/sub-${sessionId}`;
}

Deno.test({
  name: isInstalled ? "bids" : "bids (skipped: .tools/bids_validator.cjs is missing)",
  ignore: !isInstalled,
  fn: async (test) => {
    await test.step("writes datasets that bids-validator accepts", async () => {
      using folder = temporaryFolder();
      saved(folder.path, recordedEnvelopes(20));
      saved(folder.path, recordedEnvelopes(0), "empty");
      saved(folder.path, recordedEnvelopes(5), "visit-8/ä");
      // Only the researchers know the authors.
      assert.deepEqual(await issuesOf(`${folder.path}/bids`), ["NO_AUTHORS"]);
    });
    await test.step("would be rejected without the rate", async () => {
      using folder = temporaryFolder();
      const subject = saved(folder.path, recordedEnvelopes(5));
      const path = `${subject}/beh/sub-visit7_task-recording_recording-vitals_physio.json`;
      const { SamplingFrequency: _, ...sidecar } = JSON.parse(Deno.readTextFileSync(path));
      Deno.writeTextFileSync(path, JSON.stringify(sidecar));
      assert.match(
        (await issuesOf(`${folder.path}/bids`)).join(),
        /required property .SamplingFrequency/,
      );
    });
  },
});

Deno.test("bids writes the vital signs of each second, and n/a while they are withheld", () => {
  using folder = temporaryFolder();
  const subject = saved(folder.path, recordedEnvelopes(4));
  const stem = `${subject}/beh/sub-visit7_task-recording_recording-vitals_physio`;
  const { SamplingFrequency, Columns } = JSON.parse(Deno.readTextFileSync(`${stem}.json`));
  assert.equal(SamplingFrequency, 1);
  assert.deepEqual(Columns, ["pulse", "pulse_confidence", "breathing", "breathing_confidence"]);
  const trusted = ["72.50", "0.950", "16.20", "0.890"];
  assert.deepEqual(rowsOf(`${stem}.tsv.gz`), [trusted, trusted, trusted, trusted]);
  const withheld = recordedEnvelopes(4).filter(({ type, payload }) =>
    type !== "core_metrics" || (payload["metadata"] as { sequence: number }).sequence < 3
  );
  const later = recordedEnvelopes(4).at(-2)!;
  const { pulse: _pulse, ...payload } = later.payload;
  saved(folder.path, [...withheld, { ...later, type: "core_metrics", payload }], "short");
  const path = `${folder.path}/bids/sub-short/beh/sub-short_task-recording_recording-vitals_physio`;
  const rows = rowsOf(`${path}.tsv.gz`);
  assert.deepEqual(rows, [0, 1, 2, 3].map(() => ["n/a", "n/a", "n/a", "n/a"]));
});

Deno.test("bids writes waveforms at the rate of the camera, and when they began", () => {
  using folder = temporaryFolder();
  const envelopes = recordedEnvelopes(200); // over one gzip member
  const subject = saved(folder.path, envelopes);
  const stem = `${subject}/beh/sub-visit7_task-recording_recording-waveforms_physio`;
  const { SamplingFrequency, StartTime, Columns } = JSON.parse(
    Deno.readTextFileSync(`${stem}.json`),
  );
  assert.deepEqual([SamplingFrequency, StartTime, Columns], [30, 0, ["cardiac", "respiratory"]]);
  const rows = rowsOf(`${stem}.tsv.gz`);
  const firstUs = envelopes.find(({ type }) => type === "core_metrics")!.timestamp;
  assert.ok(Math.abs(rows.length - 199.8 * 30) < 2, `${rows.length}`);
  for (const k of [0, 1000, 5000]) {
    const truth = Math.sin((firstUs + k * 1e6 / 30) / 1e6 * 2 * Math.PI * 1.2);
    assert.ok(Math.abs(Number(rows[k]![0]) - truth) < 0.01, `${k}: ${rows[k]} ${truth}`);
  }
  const scans = Deno.readTextFileSync(`${subject}/sub-visit7_scans.tsv`).split("\n");
  assert.match(scans[1]!, /^beh\/sub-visit7_.*physio\.tsv\.gz\t2026-01-01T00:00:00\.200Z$/);
});

Deno.test("bids keeps a description that a researcher has completed", () => {
  using folder = temporaryFolder();
  saved(folder.path, recordedEnvelopes(1), "a");
  const path = `${folder.path}/bids/dataset_description.json`;
  Deno.writeTextFileSync(path, '{"Authors": ["A", "B"]}');
  saved(folder.path, recordedEnvelopes(1), "b");
  assert.equal(Deno.readTextFileSync(path), '{"Authors": ["A", "B"]}');
});

Deno.test("bids lists each session as a subject, and writes none without metrics", () => {
  using folder = temporaryFolder();
  for (const id of ["b", "a", "a"]) saved(folder.path, recordedEnvelopes(1), id);
  saved(folder.path, recordedEnvelopes(0), "empty");
  const { path } = folder;
  assert.equal(
    Deno.readTextFileSync(`${path}/bids/participants.tsv`),
    "participant_id\nsub-a\nsub-b\n",
  );
});

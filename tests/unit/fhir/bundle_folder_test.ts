import assert from "node:assert/strict";
import { UnavailableError } from "../../../src/base/errors.ts";
import { BundleFolder } from "../../../src/fhir/bundle_folder.ts";
import { bundleOf } from "../../../src/fhir/observations.ts";
import {
  coreMetrics,
  MAPPING,
  START_US,
  summaryOf,
  trusted,
} from "../../support/fhir_intervals.ts";
import { fillDisk, temporaryFolder, testWithSmallDisk } from "../../support/folders.ts";

const bundle = (pulse: number) => bundleOf(summaryOf([coreMetrics(5, trusted(pulse))]), MAPPING)!;

Deno.test("BundleFolder keeps the first file of an interval, in a folder for its day", () => {
  using folder = temporaryFolder();
  const target = new BundleFolder(`${folder.path}/fhir`);
  const first = bundle(70);
  target.add(first, START_US);
  target.add(bundle(90), START_US);
  const day = `${folder.path}/fhir/2026-01-01`;
  const [file, ...others] = [...Deno.readDirSync(day)].map(({ name }) => name);
  assert.deepEqual(others, []);
  assert.match(file!, /^20260101T000000\.000Z_[\da-f-]{36}\.json$/);
  assert.deepEqual(JSON.parse(Deno.readTextFileSync(`${day}/${file}`)), first);
});

Deno.test("BundleFolder reports a folder that it cannot use", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/file`;
  Deno.writeTextFileSync(path, "");
  assert.throws(() => new BundleFolder(path), UnavailableError);
});

testWithSmallDisk("BundleFolder leaves no part of a file on a full disk", (path) => {
  const target = new BundleFolder(path);
  target.add(bundle(70), START_US);
  fillDisk(`${path}/full`);
  const later = bundleOf({ ...summaryOf([coreMetrics(5, trusted())]), bootId: "b" }, MAPPING)!;
  assert.throws(() => target.add(later, START_US), {
    name: "UnavailableError",
    message: /^Cannot write .*No space left/,
  });
  assert.equal([...Deno.readDirSync(`${path}/2026-01-01`)].length, 1);
  return Promise.resolve();
});

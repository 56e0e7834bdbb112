import assert from "node:assert/strict";
import { encodeLine } from "../../../src/database/line_protocol.ts";
import { measurementRow } from "../../support/database_rows.ts";
import { FAKE_START_US } from "../../support/fake_stream.ts";

Deno.test("encodeLine() has the device as a tag, and no field for a null", () => {
  const row = measurementRow(3, { pulse: 72, pulse_confidence: 0.95, apnea: false });
  assert.equal(
    encodeLine(row),
    'measurements,device=ward boot_id="boot",sequence=3i,pulse=72,pulse_confidence=0.95,' +
      "apnea=false 1767225600600000000\n",
  );
});

Deno.test("encodeLine() escapes tags and texts", () => {
  const values = { device: "a b,c=d\\", time: FAKE_START_US, code: 1, name: 'x"\\ ,=' };
  assert.equal(
    encodeLine({ table: "statuses", values: { ...values, message: null, session_id: null } }),
    'statuses,device=a\\ b\\,c\\=d/ code=1i,name="x\\"\\\\ ,=" 1767225600000000000\n',
  );
});

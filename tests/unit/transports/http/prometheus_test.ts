import assert from "node:assert/strict";
import { prometheusText } from "../../../../src/transports/http/prometheus.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";

Deno.test("prometheusText() groups counters and gauges by name, with their labels", () => {
  const counters = new Counters();
  counters.add("sent_total", { class: "frame" }, 3);
  counters.set("streams", 2.5);
  counters.add("sent_total", { class: "metric", "a-b": "c" });
  assert.equal(
    prometheusText(counters),
    "# TYPE physiology_sent_total counter\n" +
      'physiology_sent_total{class="frame"} 3\n' +
      'physiology_sent_total{class="metric",a_b="c"} 1\n' +
      "# TYPE physiology_streams gauge\n" +
      "physiology_streams 2.5\n",
  );
});

Deno.test("prometheusText() escapes labels and names, and writes numbers that are not finite", () => {
  const counters = new Counters();
  counters.set("a.b", Infinity, { x: 'a"b\\c\nd' });
  counters.set("c", NaN);
  assert.equal(
    prometheusText(counters),
    '# TYPE physiology_a_b gauge\nphysiology_a_b{x="a\\"b\\\\c\\nd"} +Inf\n' +
      "# TYPE physiology_c gauge\nphysiology_c NaN\n",
  );
  assert.equal(prometheusText(new Counters()), "");
});

// A page that shows the pulse of bed-1 with the hook; the test bundles it for Chromium.
import { PhysiologyClient, webSocketSource } from "physiology-client";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { useVitals } from "../examples/use_vitals.ts";

const client = new PhysiologyClient(webSocketSource("/"), { staleAfterMs: 1500 });

function Pulse() {
  const { pulse, reason } = useVitals(client, "bed-1");
  return createElement("b", null, pulse?.toFixed(1) ?? reason ?? "");
}

createRoot(document.body).render(createElement(Pulse));

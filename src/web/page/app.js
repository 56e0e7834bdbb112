import { Chart } from "./chart.js";
import { confidenceInWords, reasonInWords, secondsInWords, statusInWords } from "./words.js";

/** Numbers older than this are not shown as if they were of now. */
const STALE_MS = 3000;
/** Two runs of the program that are both heard within so long go on at once. */
const DOUBLE_MS = 1000;
/** Without status for so long (the server repeats it every 5 s) the device counts as gone. */
const SILENT_MS = 8000;

const DOUBLE = "Two devices publish under this name: give each its own key prefix.";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const main = document.querySelector("#devices");
const connection = document.querySelector("#connection");
const devices = new Map();

/** Writes only what changed: a screen reader reads a live region whenever it is written. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

class Device {
  #name;
  #root;
  #heardMs = -Infinity;
  #metricsMs = -Infinity;
  /** Undefined until the device has said it, which it does with each status. */
  #recording;
  #session;
  /** When each run of the program was heard last, by its name. */
  #runs = new Map();
  #status = { text: "", good: false };
  #facts = { fps: undefined, latency: undefined };
  #rates = new Map();
  #videoOn = true;

  constructor(name) {
    this.#name = name;
    const template = document.querySelector("#device");
    this.#root = template.content.cloneNode(true).firstElementChild;
    this.#find("h2").textContent = name;
    this.#find("img").alt = `Live video of ${name}`;
    for (const section of this.#root.querySelectorAll(".rate")) {
      const canvas = section.querySelector("canvas");
      const kind = section.dataset.name;
      this.#rates.set(kind, {
        section,
        chart: new Chart(canvas, `--${kind}`),
        output: section.querySelector("output"),
        reason: section.querySelector(".reason"),
      });
    }
    this.#find("form").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#recording !== true) this.#command(true);
    });
    this.#find(".stop").addEventListener("click", () => {
      if (this.#recording !== false) this.#command(false);
    });
    this.#find(".toggle-video").addEventListener("click", () => {
      this.#videoOn = !this.#videoOn;
      this.showVideo();
    });
    this.#find("img").addEventListener("error", () => setTimeout(() => this.showVideo(), 2000));
    const after = [...main.querySelectorAll(".device")].find((each) => each.dataset.name > name);
    this.#root.dataset.name = name;
    this.#root.setAttribute("aria-label", name);
    main.insertBefore(this.#root, after ?? null);
    this.showVideo();
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  remove() {
    this.#find("img").removeAttribute("src");
    this.#root.remove();
  }

  /** (Re)opens the video, or closes it: a hidden page must not keep the camera's network busy. */
  showVideo() {
    const image = this.#find("img");
    const on = this.#videoOn && !document.hidden;
    this.#find(".video").classList.toggle("off", !this.#videoOn);
    this.#find(".no-video").hidden = this.#videoOn;
    write(this.#find(".toggle-video"), this.#videoOn ? "Hide video" : "Show video");
    image.hidden = !this.#videoOn;
    if (on) image.src = `/video?device=${encodeURIComponent(this.#name)}&open=${Date.now()}`;
    else image.removeAttribute("src");
  }

  take(type, payload) {
    this.#heardMs = performance.now();
    if (type === "core_metrics") this.#takeMetrics(payload);
    else if (type === "edge_metrics") this.#facts.fps = payload.signal?.fps;
    else if (type === "status") {
      this.#status = { text: statusInWords(payload), good: payload.code === 0 };
      // Each status says it again, for a page that was opened after the change.
      if (typeof payload.recording === "boolean") this.#takeRecording(payload);
    } else if (type === "recording_state") this.#takeRecording(payload);
    this.refresh();
  }

  /** What the page's server knew already is as old as the device's silence. */
  heard(agoMs) {
    this.#heardMs = performance.now() - agoMs;
    this.refresh();
  }

  #takeMetrics(payload) {
    this.#metricsMs = performance.now();
    this.#facts.latency = payload.metadata?.latency_ms;
    this.#runs.set(payload.metadata?.boot_id, this.#metricsMs);
    for (const [name, { section, chart, output, reason }] of this.#rates) {
      const measured = payload[name] ?? {};
      chart.add(name === "pulse" ? measured.trace : measured.upper_trace);
      const { value, confidence } = measured.strict ?? {};
      const shown = Number.isFinite(value);
      section.classList.toggle("withheld", !shown);
      output.dataset.value = shown ? value.toFixed(name === "pulse" ? 0 : 1) : "–";
      reason.dataset.text = shown
        ? confidenceInWords(confidence)
        : reasonInWords(payload.withheld?.[name]);
    }
  }

  #takeRecording({ recording, session_id: session }) {
    // Said again and again: an answer to a command must stay to be read.
    if (recording === this.#recording && session === this.#session) return;
    this.#session = session;
    this.#recording = recording === true;
    // Not `disabled`, which would take the focus away from whoever has just pressed it.
    this.#find(".start").setAttribute("aria-disabled", String(this.#recording));
    this.#find(".stop").setAttribute("aria-disabled", String(!this.#recording));
    const line = this.#find(".recording");
    line.classList.toggle("on", this.#recording);
    const named = typeof session === "string" ? ` session ${session.slice(0, 128)}` : "";
    write(line, this.#recording ? `Recording${named}` : "Not recording");
  }

  /** What depends on the time: nothing may look alive that is not. */
  refresh() {
    const now = performance.now();
    const stale = now - this.#metricsMs > STALE_MS;
    // Where metrics were flowing, or the connection is broken, the heartbeat need not be waited for.
    const flowed = this.#heardMs - this.#metricsMs < STALE_MS;
    const silent = now - this.#heardMs > (flowed || broken ? STALE_MS : SILENT_MS);
    this.#root.classList.toggle("stale", stale);
    this.#root.classList.toggle("silent", silent);
    for (const [run, heardMs] of this.#runs) {
      if (now - heardMs > DOUBLE_MS) this.#runs.delete(run);
    }
    const double = this.#runs.size > 1;
    const sinceInWords = (thenMs) => secondsInWords((now - thenMs) / 1000);
    const unmeasured = this.#metricsMs > -Infinity
      ? `No measurement for ${sinceInWords(this.#metricsMs)}.`
      : "No measurement yet.";
    for (const { section, output, reason } of this.#rates.values()) {
      section.classList.toggle("stale", stale);
      if (stale || double) section.classList.add("withheld");
      write(output, stale || double ? "–" : output.dataset.value ?? "–");
      write(reason, stale ? unmeasured : double ? DOUBLE : reason.dataset.text ?? "");
    }
    const status = this.#find(".status");
    const { text, good } = double ? { text: DOUBLE, good: false } : this.#status;
    write(status, silent ? "Nothing is heard from this device." : text);
    status.classList.toggle("good", !silent && !stale && good);
    status.classList.toggle("bad", silent || !good);
    const { fps, latency } = this.#facts;
    write(
      this.#find(".facts"),
      stale ? (silent ? `silent for ${sinceInWords(this.#heardMs)}` : "") : [
        Number.isFinite(fps) ? `${fps.toFixed(1)} pictures/s` : "",
        Number.isFinite(latency) ? `${latency.toFixed(0)} ms old` : "",
      ].filter(Boolean).join(", "),
    );
  }

  draw() {
    for (const { chart } of this.#rates.values()) chart.draw();
  }

  /** For a screen reader: curves say what the number says. */
  describe() {
    for (const [name, { section, output, reason }] of this.#rates) {
      const text = `${name} curve, ${output.textContent} per minute, ${reason.textContent}`;
      section.querySelector("canvas").setAttribute("aria-label", text);
    }
  }

  async #command(recording) {
    const session = this.#find("input").value.trim();
    const command = { device: this.#name, recording };
    if (recording && session) command.session_id = session;
    const line = this.#find(".recording");
    try {
      const response = await fetch("/api/recording", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(command),
      });
      if (!response.ok) line.textContent = `The command failed: ${await response.text()}`;
    } catch {
      line.textContent = "The command failed: the page's server is away";
    }
  }
}

function deviceOf(name) {
  let device = devices.get(name);
  if (!device) {
    document.querySelector("#empty").hidden = true;
    devices.set(name, device = new Device(name));
  }
  return device;
}

let broken = false;

function say(text, { isBroken = false } = {}) {
  broken = isBroken;
  connection.classList.toggle("broken", broken);
  write(connection, text);
}

let wasAway = false;

function follow() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => {
    if (wasAway) { for (const device of devices.values()) device.showVideo(); }
    wasAway = false;
  });
  events.addEventListener("error", () => {
    wasAway = true;
    say("The page's server is away: trying again", { isBroken: true });
    // A refusal ends an EventSource for good; a lost connection it heals itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
  events.addEventListener("message", ({ data }) => take(JSON.parse(data)));
}

function take({ type, device, payload, connected, ago_ms }) {
  if (type === "connection") {
    say(connected ? "Connected" : "Redis is away: trying again", { isBroken: !connected });
  } else if (type === "gone") {
    devices.get(device)?.remove();
    devices.delete(device);
  } else if (type === "heard") {
    devices.get(device)?.heard(ago_ms);
  } else {
    deviceOf(device).take(type, payload);
  }
}

follow();
document.addEventListener("visibilitychange", () => {
  for (const device of devices.values()) device.showVideo();
});
setInterval(() => {
  for (const device of devices.values()) device.refresh();
}, 500);
setInterval(() => {
  for (const device of devices.values()) device.describe();
}, 5000);

let lastDraw = 0;
function animate(time) {
  // Thirty a second are smooth; one a second for whoever wants stillness.
  if (time - lastDraw > (calm.matches ? 1000 : 30)) {
    lastDraw = time;
    for (const device of devices.values()) device.draw();
  }
  requestAnimationFrame(animate);
}
requestAnimationFrame(animate);

import { Chart } from "./chart.js";
import {
  formatConfidence,
  formatDuration,
  formatReason,
  formatSignal,
  formatStatus,
} from "./format.js";

/** Age above which values are no longer shown, in milliseconds. */
const STALE_MS = 3000;
/** If two boot ids are seen within this time, two servers publish with one prefix, in milliseconds. */
const DUPLICATE_MS = 1000;
/** Time without a message after which a device is offline (status repeats every 5 s), in milliseconds. */
const SILENT_MS = 8000;

const DUPLICATE = "Two devices use this key prefix: set a different one for each";

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const main = document.querySelector("#devices");
const connection = document.querySelector("#connection");
const hidden = document.querySelector("#hidden");
const devices = new Map();

/** Sets the text only if it changed, because screen readers announce each write to a live region. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

class Device {
  #name;
  #root;
  #lastSeenMs = -Infinity;
  #metricsMs = -Infinity;
  /** Undefined until the first status or recording state. */
  #recording;
  #session;
  /** Time of the last metrics of each boot id. */
  #boots = new Map();
  #status = { text: "", good: false };
  #signal = { fps: undefined, latencyMs: undefined };
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
      this.updateVideo();
    });
    this.#find("img").addEventListener("error", () => setTimeout(() => this.updateVideo(), 2000));
    const next = [...main.querySelectorAll(".device")].find((each) => each.dataset.name > name);
    this.#root.dataset.name = name;
    this.#root.setAttribute("aria-label", name);
    main.insertBefore(this.#root, next ?? null);
    this.updateVideo();
  }

  #find(selector) {
    return this.#root.querySelector(selector);
  }

  remove() {
    this.#find("img").removeAttribute("src");
    this.#root.remove();
  }

  /** (Re)opens the video, or closes it if it or the page is hidden, to save bandwidth. */
  updateVideo() {
    const image = this.#find("img");
    const on = this.#videoOn && !document.hidden;
    this.#find(".video").classList.toggle("off", !this.#videoOn);
    this.#find(".no-video").hidden = this.#videoOn;
    setText(this.#find(".toggle-video"), this.#videoOn ? "Hide video" : "Show video");
    image.hidden = !this.#videoOn;
    if (on) image.src = `/video?device=${encodeURIComponent(this.#name)}&open=${Date.now()}`;
    else image.removeAttribute("src");
  }

  /** Shows a message of the device. */
  update(type, payload) {
    this.#lastSeenMs = performance.now();
    if (type === "core_metrics") this.#updateMetrics(payload);
    else if (type === "edge_metrics") this.#signal.fps = payload.signal?.fps;
    else if (type === "status") {
      this.#status = { text: formatStatus(payload), good: payload.code === 0 };
      // Each status repeats the recording state.
      if (typeof payload.recording === "boolean") this.#updateRecording(payload);
    } else if (type === "recording_state") this.#updateRecording(payload);
    this.refresh();
  }

  /** Sets the age of the latest state that the server sent at the start. */
  setLastSeen(agoMs) {
    this.#lastSeenMs = performance.now() - agoMs;
    this.refresh();
  }

  #updateMetrics(payload) {
    this.#metricsMs = performance.now();
    this.#signal.latencyMs = payload.metadata?.latency_ms;
    this.#boots.set(payload.metadata?.boot_id, this.#metricsMs);
    for (const [name, { section, chart, output, reason }] of this.#rates) {
      const vital = payload[name] ?? {};
      chart.add(name === "pulse" ? vital.trace : vital.upper_trace);
      const { value, confidence } = vital.strict ?? {};
      const isPublished = Number.isFinite(value);
      section.classList.toggle("withheld", !isPublished);
      output.dataset.value = isPublished ? value.toFixed(name === "pulse" ? 0 : 1) : "–";
      reason.dataset.text = isPublished
        ? formatConfidence(confidence)
        : formatReason(payload.withheld?.[name]);
    }
  }

  #updateRecording({ recording, session_id: session }) {
    // Repeated states must not overwrite the response to a command.
    if (recording === this.#recording && session === this.#session) return;
    this.#session = session;
    this.#recording = recording === true;
    // `disabled` would move the focus away from the button that was just pressed.
    this.#find(".start").setAttribute("aria-disabled", String(this.#recording));
    this.#find(".stop").setAttribute("aria-disabled", String(!this.#recording));
    const line = this.#find(".recording");
    line.classList.toggle("on", this.#recording);
    const suffix = typeof session === "string" ? ` session ${session.slice(0, 128)}` : "";
    setText(line, this.#recording ? `Recording${suffix}` : "Not recording");
  }

  /** Updates everything that depends on the time, so that outdated values are not shown as current. */
  refresh() {
    const now = performance.now();
    const stale = now - this.#metricsMs > STALE_MS;
    // If metrics were flowing, or the connection is lost, do not wait for the status.
    const hadMetrics = this.#lastSeenMs - this.#metricsMs < STALE_MS;
    const silent = now - this.#lastSeenMs > (hadMetrics || isDisconnected ? STALE_MS : SILENT_MS);
    this.#root.classList.toggle("stale", stale);
    this.#root.classList.toggle("silent", silent);
    for (const [bootId, lastSeenMs] of this.#boots) {
      if (now - lastSeenMs > DUPLICATE_MS) this.#boots.delete(bootId);
    }
    const isDuplicate = this.#boots.size > 1;
    const formatAge = (thenMs) => formatDuration((now - thenMs) / 1000);
    const staleText = this.#metricsMs > -Infinity
      ? `No measurement for ${formatAge(this.#metricsMs)}`
      : "No measurement yet";
    for (const { section, output, reason } of this.#rates.values()) {
      section.classList.toggle("stale", stale);
      if (stale || isDuplicate) section.classList.add("withheld");
      setText(output, stale || isDuplicate ? "–" : output.dataset.value ?? "–");
      setText(reason, stale ? staleText : isDuplicate ? DUPLICATE : reason.dataset.text ?? "");
    }
    const status = this.#find(".status");
    const { text, good } = isDuplicate ? { text: DUPLICATE, good: false } : this.#status;
    setText(status, silent ? "No data from this device" : text);
    status.classList.toggle("good", !silent && !stale && good);
    status.classList.toggle("bad", silent || !good);
    const offline = silent ? `offline for ${formatAge(this.#lastSeenMs)}` : "";
    setText(this.#find(".facts"), stale ? offline : formatSignal(this.#signal));
  }

  /** Draws the waveforms. */
  draw() {
    for (const { chart } of this.#rates.values()) chart.draw();
  }

  /** Updates the descriptions of the waveforms for screen readers. */
  describe() {
    for (const [name, { section, output, reason }] of this.#rates) {
      const text = `${name} waveform, ${output.textContent} per minute, ${reason.textContent}`;
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
      if (!response.ok) line.textContent = `Command failed: ${await response.text()}`;
    } catch {
      line.textContent = "Command failed: no connection to the server";
    }
  }
}

function findOrAdd(name) {
  let device = devices.get(name);
  if (!device) {
    document.querySelector("#empty").hidden = true;
    devices.set(name, device = new Device(name));
  }
  return device;
}

let isDisconnected = false;

function setConnection(text, { disconnected }) {
  isDisconnected = disconnected;
  connection.classList.toggle("broken", disconnected);
  setText(connection, text);
}

let wasDisconnected = false;

function subscribe() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => {
    if (wasDisconnected) { for (const device of devices.values()) device.updateVideo(); }
    wasDisconnected = false;
  });
  events.addEventListener("error", () => {
    wasDisconnected = true;
    setConnection("Server disconnected: reconnecting", { disconnected: true });
    // An EventSource reconnects by itself, except after an HTTP error.
    if (events.readyState === EventSource.CLOSED) setTimeout(subscribe, 2000);
  });
  events.addEventListener("message", ({ data }) => handleEvent(JSON.parse(data)));
}

function handleEvent({ type, device, payload, connected, ago_ms, count }) {
  if (type === "connection") {
    setConnection(connected ? "Connected" : "Redis disconnected: reconnecting", {
      disconnected: !connected,
    });
  } else if (type === "gone") {
    devices.get(device)?.remove();
    devices.delete(device);
  } else if (type === "hidden") {
    hidden.hidden = count === 0;
    setText(hidden, `${count} ${count === 1 ? "device" : "devices"} not shown: too many publish`);
  } else if (type === "heard") {
    devices.get(device)?.setLastSeen(ago_ms);
  } else {
    findOrAdd(device).update(type, payload);
  }
}

subscribe();
document.addEventListener("visibilitychange", () => {
  for (const device of devices.values()) device.updateVideo();
});
setInterval(() => {
  for (const device of devices.values()) device.refresh();
}, 500);
setInterval(() => {
  for (const device of devices.values()) device.describe();
}, 5000);

let lastDraw = 0;
function animate(time) {
  // Up to about 30 frames per second, or one with reduced motion.
  if (time - lastDraw > (reducedMotion.matches ? 1000 : 30)) {
    lastDraw = time;
    for (const device of devices.values()) device.draw();
  }
  requestAnimationFrame(animate);
}
requestAnimationFrame(animate);

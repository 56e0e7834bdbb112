import type { Catalogue } from "../messages/catalogue.ts";
import { conditionOf } from "../model/condition.ts";
import { type Device, type VitalName, VITALS } from "../model/device.ts";
import { formatConfidence, formatVital } from "../model/format.ts";
import type { WardDevice } from "../model/ward.ts";
import type { Actions } from "./actions.ts";
import { button, element, setAttribute, setText } from "./dom.ts";
import { RecordingControls } from "./recording_controls.ts";
import { TrendsPanel, type TrendsPanelOptions } from "./trends_panel.ts";
import { SWEEP_MM_PER_S, WaveformCanvas } from "./waveform_canvas.ts";

export interface DetailOptions extends TrendsPanelOptions {
  readonly actions: Actions;
}

/** All about a device: live video, waveforms, condition, recording, trends. */
export class Detail {
  readonly name: string;
  readonly root: HTMLElement;
  readonly video: HTMLCanvasElement;
  readonly #words: Catalogue;
  readonly #facts: HTMLElement;
  readonly #simulated: HTMLElement;
  readonly #alarm: HTMLElement;
  readonly #operator: HTMLElement;
  readonly #person: HTMLElement;
  readonly #controls: RecordingControls;
  readonly #trends: TrendsPanel;
  readonly #vitals: readonly VitalSection[];

  constructor(device: Device, options: DetailOptions) {
    const { words } = options;
    const { name } = device;
    this.name = name;
    this.#words = words;
    this.#facts = element("p", { class: "facts" });
    this.#simulated = element("p", { class: "simulated", hidden: true }, words.simulated);
    this.#alarm = element("p", { class: "alarm-line", hidden: true });
    this.#operator = element("p", { class: "operator" });
    this.#person = element("p", { class: "person" });
    this.video = element("canvas", {
      class: "live",
      role: "img",
      "aria-label": words.liveVideo(name),
    });
    this.video.width = 640;
    this.video.height = 480;
    const frame = element(
      "div",
      { class: "video" },
      this.video,
      element("div", { class: "for-person" }, this.#person),
    );
    frame.append(button(
      { class: "enlarge", "aria-label": words.enlarge(name), title: words.enlarge(name) },
      () => void toggleFullscreen(frame),
    ));
    this.#vitals = VITALS.map((vital) => new VitalSection(device, { vital, words }));
    this.#controls = new RecordingControls(name, options);
    this.#trends = new TrendsPanel(name, options);
    this.root = element(
      "article",
      { class: "detail", "aria-label": name, "data-device": name },
      element("div", { class: "detail-head" }, element("h2", {}, name), this.#facts),
      this.#simulated,
      element("div", { class: "condition" }, this.#alarm, this.#operator),
      frame,
      element("div", { class: "vitals" }, ...this.#vitals.map(({ root }) => root)),
      this.#controls.root,
      this.#trends.root,
    );
  }

  update(view: WardDevice): void {
    const words = this.#words;
    const condition = conditionOf(view, words);
    setAttribute(this.root, "data-trouble", view.trouble);
    setAttribute(this.root, "data-stale", view.stale || view.silent ? "" : undefined);
    setAttribute(this.root, "data-condition", condition.kind);
    setText(this.#operator, condition.operator);
    setText(this.#person, condition.person);
    this.#simulated.hidden = !view.simulated;
    this.#alarm.hidden = !view.alarm && !view.apnea;
    const cause = view.alarm?.cause ?? (view.apnea ? { condition: "apnea" } as const : undefined);
    setText(this.#alarm, cause ? words.alarmCause(cause) : "");
    setText(this.#facts, this.#factsOf(view));
    for (const each of this.#vitals) each.update(view);
    this.#controls.update(view);
    this.#trends.update();
  }

  /** Draws the waveforms. */
  draw(nowMs: number): void {
    for (const each of this.#vitals) each.draw(nowMs);
  }

  dispose(): void {
    this.#trends.close();
  }

  #factsOf({ stale, silent, agoMs, fps, latencyMs }: WardDevice): string {
    const words = this.#words;
    if (silent) return words.offlineFor(words.duration(agoMs / 1000));
    if (stale) return "";
    return [
      fps === undefined ? "" : words.frameRate(fps.toFixed(0)),
      latencyMs === undefined ? "" : words.latency(latencyMs.toFixed(0)),
    ].filter(Boolean).join(" · ");
  }
}

/** Number, confidence or reason, and waveform of a vital sign. */
class VitalSection {
  readonly root: HTMLElement;
  readonly #vital: VitalName;
  readonly #words: Catalogue;
  readonly #number: HTMLElement;
  readonly #reason: HTMLElement;
  readonly #waveform: WaveformCanvas;

  constructor(
    device: Device,
    { vital, words }: { readonly vital: VitalName; readonly words: Catalogue },
  ) {
    this.#vital = vital;
    this.#words = words;
    this.#number = element("b", { class: "number" });
    this.#reason = element("p", { class: "reason" });
    const canvas = element("canvas", {
      class: "waveform",
      role: "img",
      "aria-label": words.waveform(words[vital], device.name),
    });
    this.#waveform = new WaveformCanvas(canvas, { vital, buffer: device.waveforms[vital] });
    const unit = vital === "pulse" ? words.pulseUnit : words.breathingUnit;
    const speed = words.sweep(String(SWEEP_MM_PER_S[vital]));
    this.root = element(
      "section",
      { class: `vital ${vital}` },
      element("h3", {}, words[vital], " ", element("span", { class: "unit" }, unit)),
      element("p", {}, this.#number),
      this.#reason,
      element("div", { class: "sweep" }, canvas, element("span", { class: "speed" }, speed)),
    );
  }

  update(view: WardDevice): void {
    const words = this.#words;
    const { value, confidence, withheld } = view[this.#vital];
    setText(this.#number, formatVital(value, { vital: this.#vital, detailed: true }));
    setAttribute(this.root, "data-withheld", value === undefined ? "" : undefined);
    const label = withheld !== undefined && Object.hasOwn(words.withheld, withheld)
      ? words.withheld[withheld as keyof Catalogue["withheld"]].label
      : withheld ?? "";
    const percent = formatConfidence(confidence);
    setText(this.#reason, value === undefined ? label : percent && words.confidence(percent));
  }

  draw(nowMs: number): void {
    this.#waveform.draw(nowMs);
  }
}

async function toggleFullscreen(target: HTMLElement): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await target.requestFullscreen?.();
}

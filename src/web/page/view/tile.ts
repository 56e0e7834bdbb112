import type { Catalogue } from "../messages/catalogue.ts";
import { conditionOf, firstSentence } from "../model/condition.ts";
import { VITALS } from "../model/device.ts";
import { formatVital, qualityBars } from "../model/format.ts";
import type { WardDevice } from "../model/ward.ts";
import type { Priority } from "../protocol.ts";
import { element, setAttribute, setText } from "./dom.ts";

/** Marks of the priorities, as IEC 60601-1-8 suggests, so that no state is shown by color alone. */
export const PRIORITY_MARKS: Readonly<Record<Priority, string>> = {
  high: "!!!",
  medium: "!!",
  low: "!",
};

/** Address of the detail view of a device, within the page. */
export function detailHash(device: string): string {
  return `#device=${encodeURIComponent(device)}`;
}

/** A device in the overview: a link to its detail view. */
export class Tile {
  readonly root: HTMLLIElement;
  readonly link: HTMLAnchorElement;
  readonly still: HTMLCanvasElement;
  readonly #words: Catalogue;
  readonly #alarm: HTMLElement;
  readonly #recording: HTMLElement;
  readonly #simulated: HTMLElement;
  readonly #sentence: HTMLElement;
  readonly #quality: HTMLElement;
  readonly #qualityText: HTMLElement;
  readonly #numbers: Readonly<Record<(typeof VITALS)[number], HTMLElement>>;

  constructor(name: string, words: Catalogue) {
    this.#words = words;
    this.#alarm = element("span", { class: "mark" });
    this.#recording = element("span", { class: "recording-mark", hidden: true }, "●");
    this.#recording.append(element("span", { class: "hidden-text" }, ` ${words.recording}`));
    this.#simulated = element("span", { class: "simulated", hidden: true }, words.simulated);
    this.#numbers = {
      pulse: element("b", { class: "pulse" }),
      breathing: element("b", { class: "breathing" }),
    };
    this.still = element("canvas", { class: "still", "aria-hidden": "true" });
    this.still.width = 4;
    this.still.height = 3;
    this.#sentence = element("span", { class: "sentence" });
    this.#quality = element("span", { class: "bars", "aria-hidden": "true" });
    this.#qualityText = element("span", { class: "hidden-text" });
    const hidden = (text: string) => element("span", { class: "hidden-text" }, ` ${text} `);
    this.link = element(
      "a",
      { href: detailHash(name) },
      element(
        "span",
        { class: "tile-head" },
        this.#alarm,
        element("span", { class: "name" }, name),
        this.#recording,
        this.#quality,
        this.#qualityText,
      ),
      element(
        "span",
        { class: "numbers" },
        hidden(words.pulse),
        this.#numbers.pulse,
        hidden(words.breathing),
        this.#numbers.breathing,
      ),
      this.#simulated,
      element("span", { class: "tile-foot" }, this.still, this.#sentence),
    );
    this.root = element("li", { class: "tile", "data-device": name }, this.link);
  }

  update(view: WardDevice): void {
    const words = this.#words;
    const { operator } = conditionOf(view, words);
    const { alarm } = view;
    setAttribute(this.root, "data-trouble", view.trouble);
    setAttribute(this.root, "data-acknowledged", alarm?.acknowledged ? "" : undefined);
    setAttribute(this.root, "data-stale", view.stale || view.silent ? "" : undefined);
    setText(this.#alarm, alarm ? PRIORITY_MARKS[alarm.priority] : "");
    setText(
      this.#sentence,
      alarm ? words.alarmCause(alarm.cause) : view.apnea ? words.apnea : firstSentence(operator),
    );
    this.#simulated.hidden = !view.simulated;
    this.#recording.hidden = view.recording !== true || view.silent;
    for (const vital of VITALS) {
      const { value } = view[vital];
      const text = formatVital(value, { vital });
      setText(this.#numbers[vital], text);
      setAttribute(this.#numbers[vital], "data-digits", String(text.length));
      setAttribute(this.#numbers[vital], "data-withheld", value === undefined ? "" : undefined);
    }
    const bars = qualityBars(view.pulse.confidence);
    setAttribute(this.#quality, "data-bars", String(bars));
    setText(this.#qualityText, ` ${words.quality} ${bars}/4`);
  }
}

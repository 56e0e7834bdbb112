import type { Catalogue } from "../messages/catalogue.ts";
import { fitGrid, moveInGrid } from "../model/grid.ts";
import { type SortOrder, TroubleOrder } from "../model/trouble.ts";
import type { WardDevice } from "../model/ward.ts";
import type { Actions } from "./actions.ts";
import { arrange, button, element, setText } from "./dom.ts";
import type { Screens } from "./screens.ts";
import { Tile } from "./tile.ts";

export interface OverviewOptions {
  readonly words: Catalogue;
  readonly actions: Actions;
  readonly screens: Screens;
  /** No controls, and all devices without scrolling. */
  readonly isWall: boolean;
  readonly onVisible: () => void;
}

const SORT_ORDERS: readonly SortOrder[] = ["trouble", "name", "group"];

/** The grid of all devices, with its order, filter and commands for all that are shown. */
export class Overview {
  readonly root: HTMLElement;
  readonly filter: HTMLInputElement;
  readonly troubleOnly: HTMLInputElement;
  readonly #options: OverviewOptions;
  readonly #sort: HTMLSelectElement;
  readonly #grid = element("ul", { class: "grid" });
  readonly #empty = element("p", { class: "empty" });
  readonly #record: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #order = new TroubleOrder();
  readonly #tiles = new Map<string, Tile>();
  readonly #visible = new Set<string>();
  readonly #observer: IntersectionObserver;
  #shown: readonly WardDevice[] = [];
  #columns = 1;
  /** Number of tiles that the size of the tiles is for. */
  #fitted = -1;

  constructor(options: OverviewOptions) {
    const { words, actions } = options;
    this.#options = options;
    this.#sort = element("select", { "aria-label": words.sort });
    for (const order of SORT_ORDERS) {
      this.#sort.append(element("option", { value: order }, words.sortBy[order]));
    }
    this.filter = element("input", {
      type: "search",
      placeholder: words.filter,
      "aria-label": words.filter,
    });
    this.troubleOnly = element("input", { type: "checkbox" });
    const command = (recording: boolean) => () => void actions.record(this.#shown, { recording });
    this.#record = button({ class: "start" }, command(true));
    this.#stop = button({ class: "stop" }, command(false));
    const tools = element(
      "div",
      { class: "tools", hidden: options.isWall },
      this.#sort,
      this.filter,
      element("label", {}, this.troubleOnly, ` ${words.troubleOnly}`),
      this.#record,
      this.#stop,
    );
    this.root = element("div", { class: "overview" }, tools, this.#grid, this.#empty);
    this.#grid.addEventListener("keydown", (event) => this.#move(event));
    this.#observer = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const { device = "" } = (target as HTMLElement).dataset;
        if (isIntersecting) this.#visible.add(device);
        else this.#visible.delete(device);
      }
      options.onVisible();
    });
  }

  /** Names of the devices whose tiles are in the window. */
  get visible(): readonly string[] {
    return this.#shown.map(({ name }) => name).filter((name) => this.#visible.has(name));
  }

  /** The device whose tile has the focus. */
  get focused(): WardDevice | undefined {
    const tile = document.activeElement?.closest<HTMLElement>(".tile");
    return this.#shown.find(({ name }) => name === tile?.dataset["device"]);
  }

  update(devices: readonly WardDevice[], nowMs: number): void {
    const { words } = this.#options;
    const isFiltered = this.filter.value !== "" || this.troubleOnly.checked;
    this.#shown = this.#order.order(devices, {
      sort: this.#sort.value as SortOrder,
      filter: this.filter.value,
      troubleOnly: this.troubleOnly.checked,
    }, nowMs);
    const names = new Set(devices.map(({ name }) => name));
    for (const [name, tile] of this.#tiles) if (!names.has(name)) this.#remove(name, tile);
    arrange(this.#grid, this.#shown.map((view) => this.#tileOf(view).root));
    this.#empty.hidden = this.#shown.length > 0;
    setText(this.#empty, isFiltered ? words.noMatch : words.noDevices);
    const live = this.#shown.filter(({ silent }) => !silent).length;
    setText(this.#record, words.recordGroup(live));
    setText(this.#stop, words.stopGroup(live));
    this.#record.hidden = this.#stop.hidden = live === 0;
    if (this.#fitted !== this.#shown.length) this.fit();
  }

  /** Chooses the size of the tiles for the window. */
  fit(): void {
    const { isWall } = this.#options;
    this.#fitted = this.#shown.length;
    const top = this.#grid.getBoundingClientRect().top + scrollY;
    const grid = fitGrid(this.#shown.length, {
      width: this.#grid.clientWidth,
      height: innerHeight - top - 6,
      shrink: isWall,
    });
    this.#columns = grid.columns;
    const { style } = this.#grid;
    style.setProperty("--columns", String(grid.columns));
    style.setProperty("--tile-width", `${grid.tileWidth}px`);
    style.setProperty("--tile-height", `${grid.tileHeight}px`);
    const unit = Math.min(grid.tileWidth / 11, grid.tileHeight / 9.4);
    style.setProperty("--tile-unit", `${unit.toFixed(2)}px`);
  }

  /** Sets the focus to the tile of a device, or to the first. */
  focus(device?: string): void {
    const tile = this.#tiles.get(device ?? this.#shown[0]?.name ?? "");
    tile?.link.focus();
  }

  dispose(): void {
    this.#observer.disconnect();
    for (const [name, tile] of this.#tiles) this.#remove(name, tile);
  }

  #tileOf(view: WardDevice): Tile {
    let tile = this.#tiles.get(view.name);
    if (!tile) {
      tile = new Tile(view.name, this.#options.words);
      this.#tiles.set(view.name, tile);
      this.#observer.observe(tile.root);
      this.#options.screens.addStill(view.name, tile.still);
    }
    tile.update(view);
    return tile;
  }

  #remove(name: string, tile: Tile): void {
    this.#observer.unobserve(tile.root);
    this.#options.screens.removeStill(name);
    this.#visible.delete(name);
    this.#tiles.delete(name);
  }

  #move(event: KeyboardEvent): void {
    const current = this.focused;
    if (!current || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const index = moveInGrid(this.#shown.indexOf(current), {
      key: event.key,
      columns: this.#columns,
      count: this.#shown.length,
    });
    this.focus(this.#shown[index]?.name);
  }
}

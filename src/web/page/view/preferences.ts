import type { Catalogue } from "../messages/catalogue.ts";
import { selectCatalogue } from "../messages/select.ts";

const LANGUAGE_KEY = "physiology_language";

/** The language that was chosen, in the address or earlier; otherwise that of the browser. */
export function preferredCatalogue(): Catalogue {
  const chosen = new URLSearchParams(location.search).get("lang") ?? stored(LANGUAGE_KEY);
  return selectCatalogue(chosen ? [chosen] : navigator.languages);
}

/** Keeps a language for the next visit. */
export function storeLanguage(tag: string): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, tag);
  } catch {
    // Without storage, the language holds until the page is closed.
  }
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Whether the address asks for a wall display. */
export function isWallDisplay(): boolean {
  return new URLSearchParams(location.search).has("wall");
}

/** Address of the page as wall display, or as usual. */
export function wallAddress(isWall: boolean): string {
  const url = new URL(location.href);
  if (isWall) url.searchParams.set("wall", "");
  else url.searchParams.delete("wall");
  url.hash = "";
  return url.href.replace(/wall=(?=$|&)/, "wall");
}

/** Keeps the screen on while the page is visible, if the browser allows it. */
export function keepScreenOn(): void {
  const request = () => {
    if (document.hidden || !("wakeLock" in navigator)) return;
    navigator.wakeLock.request("screen").catch(() => {});
  };
  document.addEventListener("visibilitychange", request);
  request();
}

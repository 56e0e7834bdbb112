import type { Catalogue } from "./catalogue.ts";
import { GERMAN } from "./de.ts";
import { ENGLISH } from "./en.ts";

/** All languages of the page. */
export const CATALOGUES: readonly Catalogue[] = [ENGLISH, GERMAN];

/** Returns the first catalogue whose language is preferred; English if none is. */
export function selectCatalogue(preferred: readonly string[]): Catalogue {
  for (const tag of preferred) {
    const language = tag.toLowerCase().split("-")[0];
    const found = CATALOGUES.find((each) => each.tag === language);
    if (found) return found;
  }
  return ENGLISH;
}

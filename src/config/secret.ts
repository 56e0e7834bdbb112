const MASK = "***";

/**
 * A password or token that no log, error, JSON or inspection shows. Only `reveal()` gives it,
 * where it is handed to the one who needs it.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** True where there is nothing to keep: no authentication. */
  get isEmpty(): boolean {
    return this.#text === "";
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return this.isEmpty ? "" : MASK;
  }

  toJSON(): string {
    return this.toString();
  }

  [Symbol.for("Deno.customInspect")](): string {
    return JSON.stringify(this.toString());
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return JSON.stringify(this.toString());
  }
}

export const NO_SECRET = new Secret("");

/** A text in which no URL shows its password any more. */
export function maskPasswords(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, `$1:${MASK}@`);
}

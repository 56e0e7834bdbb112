const MASK = "***";

/**
 * A password or token that is masked in logs, errors, JSON and `Deno.inspect()`. Only `reveal()`
 * returns its text.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** True if no secret is set: no authentication. */
  get isEmpty(): boolean {
    return this.#text === "";
  }

  /** Returns the text. Call it only to pass the secret to the service that requires it. */
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

/** The absence of a secret. */
export const NO_SECRET = new Secret("");

/** Masks the passwords of all URLs in a text. */
export function maskPasswords(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, `$1:${MASK}@`);
}

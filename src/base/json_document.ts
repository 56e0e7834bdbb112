import { nearest } from "./nearest.ts";

/** Deepest nesting that is read. Chosen: no file of this program needs more than 6. */
const MAX_DEPTH = 32;

/** A text that is no JSON, or a value in it that cannot be used, with its position. */
export class JsonError extends Error {
  /** @param line @param column count from 1 */
  constructor(message: string, readonly line: number, readonly column: number) {
    super(message);
    this.name = "JsonError";
  }
}

/** What a text must match. */
export interface TextPattern {
  readonly regex: RegExp;
  readonly description: string;
  /** True if an error must not show the text, which may contain a password. @default false */
  readonly isHidden?: boolean;
}

/** A value of a JSON document that knows its position in the text. */
export class JsonNode {
  constructor(
    readonly value: unknown,
    private readonly text: string,
    private readonly offset: number,
    /** Members of an object, with the offset of each key. */
    readonly members: ReadonlyMap<string, { readonly key: JsonNode; readonly value: JsonNode }>,
    /** Items of an array. */
    readonly items: readonly JsonNode[],
  ) {}

  /** An error at the position of this value. */
  error(message: string): JsonError {
    const before = this.text.slice(0, this.offset).split("\n");
    return new JsonError(message, before.length, before.at(-1)!.length + 1);
  }

  /** @throws {JsonError} if the value is no boolean */
  boolean(): boolean {
    if (typeof this.value === "boolean") return this.value;
    throw this.#mustBe("true or false");
  }

  /** @throws {JsonError} if the value is no text, is empty, or does not match `pattern` */
  string(pattern: TextPattern = { regex: /./s, description: "a text" }): string {
    const { regex, description, isHidden = false } = pattern;
    if (typeof this.value === "string" && regex.test(this.value)) return this.value;
    throw isHidden ? this.error(`it must be ${description}`) : this.#mustBe(description);
  }

  /** @throws {JsonError} if the value is no number within the inclusive limits */
  number([min, max]: readonly [number, number]): number {
    const { value } = this;
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw this.#mustBe(`a number from ${min} to ${max}`);
  }

  /** @throws {JsonError} if the value is none of the choices; the nearest one is named */
  choice<const Choice extends string>(choices: readonly Choice[]): Choice {
    const { value } = this;
    const found = choices.find((choice) => choice === value);
    if (found !== undefined) return found;
    const similar = typeof value === "string" ? nearest(value, choices) : undefined;
    if (similar === undefined) throw this.#mustBe(`one of ${choices.join(", ")}`);
    throw this.error(`unknown value ${this.#shown}: did you mean "${similar}"?`);
  }

  /** @throws {JsonError} if the value is no array, or an empty one */
  list(): readonly JsonNode[] {
    if (Array.isArray(this.value) && this.items.length > 0) return this.items;
    throw this.#mustBe("a list with at least one item");
  }

  /** @throws {JsonError} if the value is no object */
  object(): JsonObject {
    if (typeof this.value === "object" && this.value !== null && !Array.isArray(this.value)) {
      return new JsonObject(this);
    }
    throw this.#mustBe("an object");
  }

  get #shown(): string {
    const text = JSON.stringify(this.value);
    return text.length > 60 ? `${text.slice(0, 57)}...` : text;
  }

  #mustBe(what: string): JsonError {
    return this.error(`it must be ${what}: current value is ${this.#shown}`);
  }
}

/** Reads the keys of an object, and then refuses those that were never asked for. */
export class JsonObject {
  readonly #asked = new Set<string>();

  constructor(readonly node: JsonNode) {}

  /** Returns the value of a key; undefined if it is missing. */
  get(key: string): JsonNode | undefined {
    this.#asked.add(key);
    return this.node.members.get(key)?.value;
  }

  /** @throws {JsonError} if the key is missing */
  require(key: string): JsonNode {
    const node = this.get(key);
    if (!node) throw this.node.error(`the key "${key}" is missing`);
    return node;
  }

  /** @throws {JsonError} for a key that was never asked for; the nearest known one is named */
  refuseOthers(): void {
    for (const [name, { key }] of this.node.members) {
      if (this.#asked.has(name)) continue;
      const similar = nearest(name, this.#asked);
      throw key.error(
        `unknown key "${name}": ` +
          (similar === undefined
            ? `known keys are ${[...this.#asked].join(", ")}`
            : `did you mean "${similar}"?`),
      );
    }
  }
}

/**
 * Parses a JSON text so that errors in its values can name their positions. Messages about the syntax
 * do not quote the text, which may contain a secret.
 *
 * @throws {JsonError} if the text is no JSON, is nested too deeply, or repeats a key
 */
export function parseJsonDocument(text: string): JsonNode {
  const parser = new Parser(text);
  const node = parser.node(0);
  parser.expect("", "the end of the text");
  return node;
}

interface Token {
  /** Empty at the end of the text. */
  readonly text: string;
  readonly offset: number;
}

class Parser {
  readonly #text: string;
  #end = 0;
  readonly #token = /[ \t\n\r]*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|.|$)/sy;

  constructor(text: string) {
    this.#text = text;
  }

  node(depth: number): JsonNode {
    const { text: token, offset } = this.#next();
    if (depth > MAX_DEPTH) throw this.#leaf(undefined, offset).error("it is nested too deeply");
    if (token === "{") return this.#object(offset, depth + 1);
    if (token === "[") return this.#array(offset, depth + 1);
    return this.#leaf(this.#scalar({ text: token, offset }, "a value"), offset);
  }

  expect(token: string, what: string): void {
    const { text, offset } = this.#next();
    if (text !== token) throw this.#syntaxError(offset, what);
  }

  #object(offset: number, depth: number): JsonNode {
    const members = new Map<string, { key: JsonNode; value: JsonNode }>();
    this.#separated("}", () => {
      const token = this.#next();
      const name = this.#scalar(token, "a key in double quotes");
      if (typeof name !== "string") throw this.#syntaxError(token.offset, "a key in double quotes");
      const key = this.#leaf(name, token.offset);
      if (members.has(name)) throw key.error(`the key "${name}" is there twice`);
      this.expect(":", "a colon");
      members.set(name, { key, value: this.node(depth) });
    });
    const value = Object.fromEntries(
      [...members].map(([name, member]) => [name, member.value.value]),
    );
    return new JsonNode(value, this.#text, offset, members, []);
  }

  #array(offset: number, depth: number): JsonNode {
    const items: JsonNode[] = [];
    this.#separated("]", () => void items.push(this.node(depth)));
    return new JsonNode(items.map(({ value }) => value), this.#text, offset, new Map(), items);
  }

  /** Reads what commas separate, up to a closing bracket. */
  #separated(closing: string, readItem: () => void): void {
    const start = this.#end;
    if (this.#next().text === closing) return;
    this.#end = start;
    while (true) {
      readItem();
      const { text, offset } = this.#next();
      if (text === closing) return;
      if (text !== ",") throw this.#syntaxError(offset, `a comma or ${closing}`);
    }
  }

  #scalar({ text, offset }: Token, what: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#syntaxError(offset, what);
    }
  }

  #next(): Token {
    this.#token.lastIndex = this.#end;
    const text = this.#token.exec(this.#text)?.[1] ?? "";
    this.#end = text === "" ? this.#text.length : this.#token.lastIndex;
    return { text, offset: this.#end - text.length };
  }

  #leaf(value: unknown, offset: number): JsonNode {
    return new JsonNode(value, this.#text, offset, new Map(), []);
  }

  #syntaxError(offset: number, expected: string): JsonError {
    return this.#leaf(undefined, offset).error(
      `it is not valid JSON: ${expected} is expected here`,
    );
  }
}

import type { Topic } from "../fields/table.ts";
import { TOPICS } from "../fields/table.ts";
import { asyncApi } from "./asyncapi.ts";
import { envelopeSchema } from "./json_schema.ts";
import { envelopesPage } from "./markdown.ts";
import { metricsProto } from "./proto.ts";

/** Where the example of a topic is: a message of a real run. */
export function examplePath(topic: Topic): string {
  return `docs/examples/${topic}.json`;
}

/**
 * Every file of the repository that follows from the field table, by its path, with its text.
 *
 * @param options.read Returns the text of a file of the repository.
 */
export function generatedFiles(
  { version, read }: { readonly version: string; readonly read: (path: string) => string },
): ReadonlyMap<string, string> {
  const examples = Object.fromEntries(
    TOPICS.map((topic) => [topic, JSON.parse(read(examplePath(topic)))]),
  ) as Record<Topic, unknown>;
  return new Map([
    ["docs/ENVELOPES.md", envelopesPage({ examples })],
    ["docs/asyncapi.json", pretty(asyncApi({ version, examples }))],
    ["src/transports/grpc/proto/metrics.proto", metricsProto()],
    ...TOPICS.map((topic) =>
      [`docs/schema/${topic}.schema.json`, pretty(envelopeSchema(topic))] as const
    ),
  ]);
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2) + "\n";
}

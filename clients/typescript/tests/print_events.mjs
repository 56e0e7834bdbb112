// Prints the events of a page, one JSON line each: node print_events.mjs URL [TOKEN]
import { PhysiologyClient, TOPICS, webSocketSource } from "physiology-client";

const [url, token] = process.argv.slice(2);
const client = new PhysiologyClient(webSocketSource(url, { topics: TOPICS, token }));
for await (const event of client) {
  const jpeg = event.jpeg && Buffer.from(event.jpeg).toString("base64");
  console.log(JSON.stringify({ ...event, jpeg }));
}

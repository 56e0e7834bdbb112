#!/usr/bin/env python3
"""A web page with the present values of all devices whose key prefix matches a pattern.

    python3 web_dashboard.py --redis_host=localhost --redis_key_prefix='ward-*'

It serves http://127.0.0.1:8000/, and /events with one JSON object a second for each device. It
requires the package physiology-client (clients/python). `physiology_server dashboard` is a
complete page with frames, trends and recording.
"""

import argparse
import http.server
import json
import time

from physiology_client import PhysiologyClient
from physiology_client.cli import add_redis_arguments, describe, redis_source

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Vital signs</title>
<style>body { font: 20px sans-serif; margin: 2em } td { padding: .3em 1em }</style>
<table></table>
<script>
const table = document.querySelector("table"), rows = {};
new EventSource("events").onmessage = ({ data }) => {
  const { device, text, status } = JSON.parse(data);
  const row = rows[device] ??= table.insertRow();
  row.replaceChildren(...[device, text, status].map((each) => {
    const cell = document.createElement("td");
    cell.textContent = each;
    return cell;
  }));
};
</script>
"""


class Handler(http.server.BaseHTTPRequestHandler):
    client = None  # set by main()

    def do_GET(self):
        if self.path == "/events":
            self.answer("text/event-stream")
            try:
                while True:
                    for device, latest in sorted(self.client.devices.items()):
                        status = latest.status.payload.message if latest.status else ""
                        event = {"device": device, "text": describe(latest), "status": status}
                        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                    time.sleep(1)
            except OSError:
                pass  # The browser has left.
        elif self.path == "/":
            self.answer("text/html")
            self.wfile.write(PAGE)
        else:
            self.send_error(404)

    def answer(self, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_redis_arguments(parser)
    parser.add_argument("--http_port", type=int, default=8000)
    options = parser.parse_args()
    with PhysiologyClient(redis_source(options)) as Handler.client:
        # Loopback only: it has no login.
        server = http.server.ThreadingHTTPServer(("127.0.0.1", options.http_port), Handler)
        print(f"Serving http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()

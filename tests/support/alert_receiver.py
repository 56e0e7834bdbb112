"""An HTTP server that verifies the signature of each alert and prints what it received as JSON.

Arguments: port, file with the secret, file whose lines are the answers that it gives first: a status,
"STATUS RETRY_AFTER", or "hang". Later answers are 200.
"""

import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = int(sys.argv[1])
SECRET = open(sys.argv[2], "rb").read().strip()
ANSWERS = open(sys.argv[3]).read().split("\n") if len(sys.argv) > 3 else []
LOCK = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        received = time.time()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        seconds = self.headers.get("X-Physiology-Timestamp", "")
        expected = hmac.new(SECRET, seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Physiology-Signature", "")
        with LOCK:
            answer = (ANSWERS.pop(0) if ANSWERS else "") or "200"
            report = {
                "received_us": int(received * 1e6),
                "signed": hmac.compare_digest(given, "sha256=" + expected),
                "fresh": seconds.isdigit() and abs(received - int(seconds)) < 300,
                "key": self.headers.get("Idempotency-Key"),
                "authorization": self.headers.get("Authorization"),
                "answer": answer,
                "body": json.loads(body),
            }
            print(json.dumps(report), flush=True)
        if answer == "hang":
            time.sleep(3600)
        status, _, retry_after = answer.partition(" ")
        self.send_response(int(status))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("ready", flush=True)
server.serve_forever()

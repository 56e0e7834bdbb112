#!/usr/bin/env python3
"""Stores the rates of all devices, and the reasons of missing ones, in a SQLite database.

    python3 database_logger.py --redis_host=localhost --database=vitals.db --key_value

A message that arrives again, also after a restart, adds no row. With --key_value, for a server in
key-value mode, the logger continues after the newest row and has no gap, as long as the history
lasts; without it, it has what is published while it runs. It requires the package
physiology-client (clients/python).
"""

import argparse
import sqlite3
import time

from physiology_client import PhysiologyClient
from physiology_client.cli import add_redis_arguments, redis_source

SCHEMA = """
CREATE TABLE IF NOT EXISTS vitals (
  device TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  time REAL NOT NULL,                 -- capture time, in seconds since the Unix epoch
  session_id TEXT,
  pulse REAL, pulse_confidence REAL, pulse_withheld TEXT,
  breathing REAL, breathing_confidence REAL, breathing_withheld TEXT,
  PRIMARY KEY (device, boot_id, sequence)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS vitals_time ON vitals (time);
"""


def row_of(envelope):
    payload, row = envelope.payload, []
    for vital in ("pulse", "breathing"):
        group = getattr(payload, vital)
        strict = group.strict if group else None
        row += [strict.value, strict.confidence] if strict else [None, None]
        row.append(getattr(payload.withheld, vital) if payload.withheld else None)
    metadata = payload.metadata
    return [envelope.device, metadata.boot_id, metadata.sequence, envelope.timestamp / 1e6,
            metadata.session_id, *row]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_redis_arguments(parser)
    parser.add_argument("--database", default="vitals.db")
    parser.add_argument("--commit_s", type=float, default=1.0, help="seconds between commits")
    options = parser.parse_args()
    database = sqlite3.connect(options.database)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(SCHEMA)
    query = "SELECT max(time) FROM vitals WHERE device = ?"
    newest, = database.execute(query, [options.redis_key_prefix]).fetchone()
    # A second earlier: the ids of the history are later than capture times after a rejected one.
    since_ms = int((newest - 1) * 1000) if newest else 0
    source = redis_source(options, ["core_metrics"], since_ms if options.key_value else None)
    with PhysiologyClient(source) as client:
        print("Logging", flush=True)
        while True:
            rows, end = [], time.monotonic() + options.commit_s
            while len(rows) < 1000 and time.monotonic() < end:
                envelope = client.receive(timeout_s=max(0.0, end - time.monotonic()))
                rows += [row_of(envelope)] if envelope else []
            with database:
                database.executemany(
                    f"INSERT OR IGNORE INTO vitals VALUES ({', '.join('?' * 11)})", rows)


if __name__ == "__main__":
    main()

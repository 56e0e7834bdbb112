#!/usr/bin/env python3
"""Reports rates beyond limits, and silent devices, on the terminal or to a webhook.

    python3 alerts_service.py --redis_host=localhost --redis_key_prefix='ward-*' \\
        --pulse=45,120 --breathing=8,30 --webhook=https://example.org/alerts

A rate must be beyond its limit for --dwell_s, and within it as long to end the alert; a withheld
value does neither. Not a medical alarm. It requires the package physiology-client (clients/python).
"""

import argparse
import json
import sys
import time
import urllib.request

from physiology_client import PhysiologyClient
from physiology_client.cli import add_redis_arguments, redis_source


class Alerts:
    """Which alerts are raised, and how long the condition of each has differed from that."""

    def __init__(self, dwell_s, notify):
        self.dwell_s, self.notify = dwell_s, notify
        self.raised, self.differs_s, self.last = {}, {}, {}

    def update(self, device, name, condition, now):
        """Takes the present condition of an alert; None, while unknown, stops its clock."""
        key = (device, name)
        elapsed = now - self.last.get(key, now)
        self.last[key] = now
        if condition is None:
            return
        differs = condition != self.raised.get(key, False)
        self.differs_s[key] = differs * (self.differs_s.get(key, 0.0) + elapsed)
        if differs and (self.differs_s[key] >= self.dwell_s or name == "silent"):
            self.raised[key] = condition
            self.notify({"device": device, "alert": name, "time": time.time(),
                         "state": "raised" if condition else "ended"})


def webhook(url, alert):
    print(json.dumps(alert), flush=True)
    if url:
        try:
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(url, json.dumps(alert).encode(), headers)
            urllib.request.urlopen(request, timeout=5).close()
        except OSError as error:
            print(f"The webhook failed: {error}", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_redis_arguments(parser)
    for vital, limits in (("pulse", "45,120"), ("breathing", "8,30")):
        parser.add_argument(f"--{vital}", default=limits, help="limits per minute")
    parser.add_argument("--dwell_s", type=float, default=10.0)
    parser.add_argument("--webhook", help="URL that receives each alert by POST")
    options = parser.parse_args()
    limits = {vital: [float(each) for each in getattr(options, vital).split(",")]
              for vital in ("pulse", "breathing")}
    alerts = Alerts(options.dwell_s, lambda alert: webhook(options.webhook, alert))
    with PhysiologyClient(redis_source(options)) as client:
        print("Watching", flush=True)
        while True:
            time.sleep(0.2)
            for device, latest in client.devices.items():
                now = time.monotonic()
                alerts.update(device, "silent", latest.is_stale, now)
                for vital, (low, high) in limits.items():
                    strict = getattr(latest, vital)
                    alerts.update(device, f"{vital}_low", strict and strict.value < low, now)
                    alerts.update(device, f"{vital}_high", strict and strict.value > high, now)


if __name__ == "__main__":
    main()

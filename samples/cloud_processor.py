#!/usr/bin/env python3
"""Writes the mean rates of each minute and device as JSON lines, for a broker with many tenants.

    python3 cloud_processor.py --redis_host=localhost --redis_key_prefix='*' --output=rates.jsonl

A value that is withheld is not part of a mean, and a minute without any has no line. The number of
values goes along, so that a mean of few can be recognized. Ctrl-C writes the minutes that have
begun. It requires the package physiology-client (clients/python).
"""

import argparse
import json
import sys
from collections import defaultdict

from physiology_client import PhysiologyClient
from physiology_client.cli import add_redis_arguments, redis_source

VITALS = ("pulse", "breathing")


class Minutes:
    """The values of the present period of each device."""

    def __init__(self, period_s, write):
        self.period_us = int(period_s * 1e6)
        self.write = write
        self.values = {}  # device -> (number of the period, {vital: [values]})

    def add(self, envelope):
        period = envelope.timestamp // self.period_us
        before, values = self.values.get(envelope.device, (period, defaultdict(list)))
        if period < before:
            return  # A replay of a period that is written: the histories of the devices have it.
        if period > before:
            self.finish(envelope.device)
            values = defaultdict(list)
        self.values[envelope.device] = (period, values)
        for vital in VITALS:
            group = getattr(envelope.payload, vital)
            if group and group.strict:
                values[vital].append(group.strict.value)

    def finish(self, device):
        period, values = self.values.pop(device)
        if any(values.values()):
            means = {vital: round(sum(each) / len(each), 2) for vital, each in values.items()}
            counts = {f"{vital}_values": len(each) for vital, each in values.items()}
            self.write({"device": device, "start": period * self.period_us, **means, **counts})


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_redis_arguments(parser)
    parser.add_argument("--output", help="file to append to, instead of stdout")
    parser.add_argument("--period_s", type=float, default=60.0)
    options = parser.parse_args()
    file = open(options.output, "a") if options.output else sys.stdout

    def write(line):
        print(json.dumps(line), file=file, flush=True)

    minutes = Minutes(options.period_s, write)
    try:
        with PhysiologyClient(redis_source(options, topics=["core_metrics"])) as client:
            for envelope in client:
                minutes.add(envelope)
    except KeyboardInterrupt:
        for device in list(minutes.values):
            minutes.finish(device)


if __name__ == "__main__":
    main()

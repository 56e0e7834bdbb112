"""Prints what a client receives: python3 print_envelopes.py plain|asyncio redis|page OPTIONS...

The options of the source are JSON. It prints a line for each connection, and each envelope as JSON.
"""

import asyncio
import json
import logging
import sys

from physiology_client import (
    TOPICS,
    AsyncPhysiologyClient,
    PhysiologyClient,
    RedisSource,
    WebSocketSource,
    to_dict,
)


async def follow(source):
    async with AsyncPhysiologyClient(source) as client:
        async for envelope in client:
            print(json.dumps(to_dict(envelope)), flush=True)


def main():
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    style, kind, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    source = {"redis": RedisSource, "page": WebSocketSource}[kind](**{"topics": TOPICS, **options})
    if style == "asyncio":
        asyncio.run(follow(source))
    else:
        with PhysiologyClient(source) as client:
            for envelope in client:
                print(json.dumps(to_dict(envelope)), flush=True)


main()

"""Counts the frames that arrive at an independent subscriber: frame_counter.py REDIS_PORT SECONDS.

Prints "begin" WARM_UP_S after the first frame, and SECONDS later one JSON object: the number of
frames, the number of gaps longer than 1.5 frame intervals, and the seconds of capture time.
"""
import json
import statistics
import sys
import time

import redis

WARM_UP_S = 5

port, seconds = int(sys.argv[1]), float(sys.argv[2])
subscriber = redis.Redis(port=port).pubsub(ignore_subscribe_messages=True)
subscriber.subscribe("physiology:frame")
begin = None
times = []
for message in subscriber.listen():
    now = time.monotonic()
    begin = begin or now + WARM_UP_S
    if now > begin + seconds:
        break
    if now > begin:
        if not times:
            print("begin", flush=True)
        times.append(json.loads(message["data"])["timestamp"])
intervals = [after - before for before, after in zip(times, times[1:])]
limit = 1.5 * statistics.median(intervals or [0])
print(json.dumps({
    "frames": len(intervals),
    "gaps": sum(interval > limit for interval in intervals),
    "seconds": sum(intervals) / 1e6,
}))

"""A simple program for comparison: OpenCV decodes, measures and encodes, redis-py publishes.

Usage: opencv_baseline.py VIDEO REDIS_PORT; reads the video once in real time.
"""
import base64
import json
import sys
import time

import cv2
import redis

video, port = sys.argv[1], int(sys.argv[2])
client = redis.Redis(port=port)
capture = cv2.VideoCapture(video)
start = time.time()
count = 0
while True:
    ok, frame = capture.read()
    if not ok:
        break
    due = start + count / 30
    time.sleep(max(0, due - time.time()))
    stamp = int(due * 1e6)
    mean = frame[100:200, 250:390].mean(axis=(0, 1))
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])
    payload = {"data": base64.b64encode(jpeg).decode(), "width": frame.shape[1],
               "height": frame.shape[0], "format": "jpeg"}
    client.publish("baseline:frame", json.dumps(
        {"type": "frame", "timestamp": stamp, "payload": payload}))
    client.publish("baseline:edge_metrics", json.dumps(
        {"type": "edge_metrics", "timestamp": stamp, "payload": {"rgb": mean.tolist()}}))
    count += 1

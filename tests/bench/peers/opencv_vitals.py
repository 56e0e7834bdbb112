"""The program that a user would write with OpenCV, NumPy and redis-py, for comparison.

Usage: opencv_vitals.py VIDEO REDIS_PORT FPS; plays the video for ever in real time: detects the face
by a Haar cascade twice a second, measures its color in each frame, finds the pulse by POS (Wang et
al. 2017, IEEE TBME 64(7)) five times a second, compresses and publishes each frame.
"""
import base64
import collections
import json
import sys
import time

import cv2
import numpy as np
import redis

CASCADE = "/usr/share/opencv4/haarcascades/haarcascade_frontalface_default.xml"


def pos(colors, fps):
    """Returns the pulse signal of colors (N, 3) by plane-orthogonal-to-skin."""
    window = int(1.6 * fps)
    signal = np.zeros(len(colors))
    for start in range(len(colors) - window + 1):
        part = colors[start:start + window]
        part = part / part.mean(axis=0)
        first = part[:, 1] - part[:, 0]
        second = part[:, 1] + part[:, 0] - 2 * part[:, 2]
        pulse = first + first.std() / (second.std() + 1e-9) * second
        signal[start:start + window] += pulse - pulse.mean()
    return signal


def rate(signal, fps):
    """Returns the frequency of the largest peak between 40 and 180 beats/min."""
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), 4096))
    rates = np.fft.rfftfreq(4096, 1 / fps) * 60
    inside = (rates > 40) & (rates < 180)
    return float(rates[inside][spectrum[inside].argmax()])


def main():
    video, port, fps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    client = redis.Redis(port=port)
    cascade = cv2.CascadeClassifier(CASCADE)
    colors = collections.deque(maxlen=10 * fps)
    box = None
    start, count = time.time(), 0
    while True:
        capture = cv2.VideoCapture(video)
        while True:
            read, frame = capture.read()
            if not read:
                break
            due = start + count / fps
            time.sleep(max(0, due - time.time()))
            timestamp = int(due * 1e6)
            if count % (fps // 2) == 0:
                gray = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
                faces = cascade.detectMultiScale(gray, 1.2, 5, minSize=(80, 80))
                box = faces[0] if len(faces) else None
            if box is not None:
                x, y, width, height = box
                face = frame[y + height // 8:y + height, x + width // 5:x + 4 * width // 5]
                mean = face.mean(axis=(0, 1))[::-1]
                colors.append(mean)
                client.publish("opencv:edge_metrics", json.dumps(
                    {"type": "edge_metrics", "timestamp": timestamp,
                     "payload": {"rgb": mean.tolist()}}))
            if count % (fps // 5) == 0 and len(colors) == colors.maxlen:
                pulse = rate(pos(np.array(colors), fps), fps)
                client.publish("opencv:core_metrics", json.dumps(
                    {"type": "core_metrics", "timestamp": timestamp,
                     "payload": {"pulse": {"strict": {"value": pulse}}}}))
            _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])
            client.publish("opencv:frame", json.dumps(
                {"type": "frame", "timestamp": timestamp,
                 "payload": {"data": base64.b64encode(jpeg).decode(), "width": frame.shape[1],
                             "height": frame.shape[0], "format": "jpeg"}}))
            count += 1


if __name__ == "__main__":
    main()

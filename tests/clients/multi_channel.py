import redis
import json
import base64
import numpy as np
import cv2

def handle_message(envelope):
    """Process received message based on type."""
    msg_type = envelope['type']
    timestamp = envelope['timestamp']
    payload = envelope['payload']

    if msg_type == 'core_metrics':
        pulse = payload.get('pulse', {}).get('strict', {}).get('value')
        print(f"Pulse: {pulse} BPM")
    elif msg_type == 'edge_metrics':
        eda = payload.get('eda')
        print(f"EDA: {eda}")
    elif msg_type == 'frame':
        frame_data = base64.b64decode(payload['data'])
        nparr = np.frombuffer(frame_data, np.uint8)
        frame = cv2.imdecode(nparr, cv2.IMREAD_COLOR)
        print(f"Received frame: {payload['width']}x{payload['height']}")
    elif msg_type == 'status':
        print(f"Status: {payload.get('message')}")
    elif msg_type == 'recording_state':
        is_recording = payload.get('recording')
        print(f"Recording state changed: {'started' if is_recording else 'stopped'}")

client = redis.Redis(host='localhost', port=6379, decode_responses=True)
pubsub = client.pubsub()
pubsub.subscribe(
    'physiology:core_metrics',
    'physiology:edge_metrics',
    'physiology:status',
    'physiology:frame',
    'physiology:recording_state'
)

for message in pubsub.listen():
    if message['type'] == 'message':
        envelope = json.loads(message['data'])
        handle_message(envelope)

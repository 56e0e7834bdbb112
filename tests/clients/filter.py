import json
import redis

def process_pulse(pulse):
    print(f"Confident pulse: {pulse['strict']['value']}")

client = redis.Redis(host='localhost', port=6379, decode_responses=True)
pubsub = client.pubsub()
pubsub.subscribe('physiology:core_metrics')

for message in pubsub.listen():
    if message['type'] == 'message':
        envelope = json.loads(message['data'])
        if envelope['type'] == 'core_metrics':
            pulse = envelope['payload'].get('pulse', {})
            confidence = pulse.get('strict', {}).get('confidence', 0)
            if confidence >= 0.9:
                process_pulse(pulse)

import redis
import json

client = redis.Redis(host='localhost', port=6379, decode_responses=True)
pubsub = client.pubsub()
pubsub.subscribe('physiology:core_metrics', 'physiology:edge_metrics', 'physiology:recording_state')

for message in pubsub.listen():
    if message['type'] == 'message':
        envelope = json.loads(message['data'])
        print(f"Received {envelope['type']} at {envelope['timestamp']}")
        print(f"Payload: {envelope['payload']}")

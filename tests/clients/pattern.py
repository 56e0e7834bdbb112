import redis

client = redis.Redis(host='localhost', port=6379, decode_responses=True)
pubsub = client.pubsub()
pubsub.psubscribe('*:core_metrics')
pubsub.psubscribe('physiology:*')
for message in pubsub.listen():
    print(f"{message['type']} {message['pattern']} {message['channel']}")

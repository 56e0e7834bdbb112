import asyncio
import json
import redis.asyncio as redis

async def monitor_command_queue():
    """Monitor Redis command queue asynchronously."""
    client = redis.Redis(
        host='localhost',
        port=6379,
        decode_responses=True,
        socket_connect_timeout=2.0,
        socket_keepalive=True,
    )
    command_queue_key = 'physiology:metrics:command_queue'

    try:
        while True:
            result = await client.brpop(command_queue_key, timeout=1)
            if result is None:
                continue
            _, command_json = result
            command = json.loads(command_json)
            requested_recording = command.get('recording', False)
            print(f"Received command: recording={requested_recording}")
    finally:
        await client.close()

asyncio.run(monitor_command_queue())

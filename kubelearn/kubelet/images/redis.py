"""redis: strings, counters, lists, hashes and expiry over its own protocol, with redis-cli.

Leaves out: persistence, replication, most commands."""
from __future__ import annotations

from kubelearn.kubelet.images.go import on_signals
from kubelearn.kubelet.process import Process
from kubelearn.streams import Stream


class Redis:
    """Strings, counters, lists, sets, hashes and expiry; kept in /data/dump.rdb only when SAVE is asked for."""

    def __init__(self, process: Process):
        self.process, self.data, self.expires = process, {}, {}

    def run(self, words: list[str]) -> object:
        name, args = words[0].upper(), words[1:]
        for key in [key for key, at in self.expires.items() if at <= self.process.clock.now]:
            self.data.pop(key, None)
            del self.expires[key]
        command = REDIS.get(name)
        if command is None:
            return RedisError(f"ERR unknown command '{words[0]}', with args beginning with: " + "".join(f"'{word}' " for word in args))
        try:
            return command(self, *args)
        except TypeError:
            return RedisError(f"ERR wrong number of arguments for '{name.lower()}' command")
        except AttributeError:
            return RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")
        except ValueError:
            return RedisError("ERR value is not an integer or out of range")

    def set(self, key: str, value: str, *options: str) -> str:
        self.data[key] = value
        self.expires.pop(key, None)
        if len(options) > 1 and options[0].upper() == "EX":
            self.expires[key] = self.process.clock.now + float(options[1])
        return Simple("OK")

    def add(self, key: str, by: str | int = 1) -> int:
        self.data[key] = str(int(self.data.get(key, "0").strip()) + int(by))
        return int(self.data[key])

    def delete(self, *keys: str) -> int:
        return sum(self.data.pop(key, None) is not None for key in keys)

    def push(self, left: bool, key: str, *values: str) -> int:
        items = self.data.setdefault(key, [])
        for value in values:
            items.insert(0 if left else len(items), value)
        return len(items)

    def expire(self, key: str, seconds: str) -> int:
        if key in self.data:
            self.expires[key] = self.process.clock.now + float(seconds)
        return int(key in self.data)

    def ttl(self, key: str) -> int:
        return -2 if key not in self.data else int(self.expires[key] - self.process.clock.now) if key in self.expires else -1

    def span(self, key: str, start: str, stop: str) -> list:
        end = int(stop)
        return list(self.data.get(key, []))[int(start):None if end == -1 else end + 1]

    def store(self, key: str, *pairs: str) -> int:
        table = self.data.setdefault(key, {})
        new = len(set(pairs[::2]) - set(table))
        table.update(zip(pairs[::2], pairs[1::2]))
        return new


class RedisError(str):
    pass


class Simple(str):
    pass


REDIS = {
    "PING": lambda redis, text=None: Simple("PONG") if text is None else text,
    "ECHO": lambda redis, text: text,
    "SET": Redis.set,
    "GET": lambda redis, key: redis.data.get(key) if not isinstance(redis.data.get(key), (list, dict)) else redis.data[key].lower(),
    "INCR": lambda redis, key: redis.add(key),
    "DECR": lambda redis, key: redis.add(key, -1),
    "INCRBY": Redis.add,
    "DEL": Redis.delete,
    "EXISTS": lambda redis, *keys: sum(key in redis.data for key in keys),
    "KEYS": lambda redis, glob: sorted(redis.data),
    "DBSIZE": lambda redis: len(redis.data),
    "FLUSHALL": lambda redis: Simple("OK") if redis.data.clear() is None else "",
    "LPUSH": lambda redis, key, *values: redis.push(True, key, *values),
    "RPUSH": lambda redis, key, *values: redis.push(False, key, *values),
    "LPOP": lambda redis, key: redis.data[key].pop(0) if redis.data.get(key) else None,
    "LLEN": lambda redis, key: len(redis.data.get(key, [])),
    "RPOP": lambda redis, key: redis.data[key].pop() if redis.data.get(key) else None,
    "LRANGE": Redis.span,
    "EXPIRE": Redis.expire,
    "TTL": Redis.ttl,
    "HSET": Redis.store,
    "HGET": lambda redis, key, name: redis.data.get(key, {}).get(name),
    "HGETALL": lambda redis, key: [word for pair in redis.data.get(key, {}).items() for word in pair],
    "INFO": lambda redis, *_: (
        f"# Server\r\nredis_version:7.4.5\r\nrole:master\r\ntcp_port:6379\r\n"
        f"uptime_in_seconds:{int(redis.process.clock.now - redis.process.started_at)}\r\n"
    ),
    "CONFIG": lambda redis, *_: [],
    "COMMAND": lambda redis, *_: [],
    "SELECT": lambda redis, _: Simple("OK"),
    "CLIENT": lambda redis, *_: Simple("OK"),
    "SAVE": lambda redis: Simple("OK"),
    "AUTH": lambda redis, *_: Simple("OK"),
}


def encode(value: object) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, (RedisError, Simple)):
        return f"{'-' if isinstance(value, RedisError) else '+'}{value}\r\n".encode()
    if isinstance(value, int):
        return f":{value}\r\n".encode()
    if isinstance(value, list):
        return f"*{len(value)}\r\n".encode() + b"".join(map(encode, value))
    data = str(value).encode("utf-8", "surrogateescape")
    return b"$%d\r\n%s\r\n" % (len(data), data)


async def decode(stream: Stream) -> object:
    """A value; EOFError at the end."""
    line = (await stream.read_line()).decode("utf-8", "surrogateescape").rstrip("\r\n")
    if not line:
        raise EOFError
    kind, rest = line[0], line[1:]
    if kind == "*":
        return [await decode(stream) for _ in range(int(rest))]
    if kind == "$":
        return None if rest == "-1" else (await stream.read_exactly(int(rest) + 2))[:-2].decode("utf-8", "surrogateescape")
    return int(rest) if kind == ":" else RedisError(rest) if kind == "-" else Simple(rest) if kind == "+" else line.split()


async def redis_server(process: Process) -> int:
    words, redis = process.args, Redis(process)
    port = int(words[words.index("--port") + 1]) if "--port" in words else 6379

    async def handle(stream: Stream) -> None:
        try:
            while True:
                command = await decode(stream)
                stream.write(encode(redis.run([str(word) for word in command] if isinstance(command, list) else [str(command)])))
        except EOFError:
            return
    try:
        process.listen(port, handler=handle)
    except OSError:
        process.print(f"1:M # Warning: Could not create server TCP listening socket *:{port}: bind: Address already in use")
        return 1
    process.print("1:C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo")
    process.print("1:M * Ready to accept connections tcp")
    on_signals(process, "TERM")
    await process.forever()


async def redis_cli(process: Process) -> int:
    words, host, port = list(process.args), "127.0.0.1", 6379
    while words and words[0] in ("-h", "-p", "-a", "-n"):
        flag, value = words.pop(0), words.pop(0)
        host, port = (value, port) if flag == "-h" else (host, int(value)) if flag == "-p" else (host, port)
    try:
        stream = await process.connect(host, port)
    except (OSError, LookupError) as error:
        process.error(f"Could not connect to Redis at {host}:{port}: {getattr(error, 'strerror', None) or error}")
        return 1
    stream.write(encode(words or ["PING"]))
    show(process, await decode(stream))
    return 0


def show(process: Process, value: object) -> None:
    """As redis-cli prints to something that is no terminal."""
    for item in value if isinstance(value, list) else [value]:
        process.print("" if item is None else f"(error) {item}" if isinstance(item, RedisError) else item)

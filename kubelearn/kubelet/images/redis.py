"""redis: strings, counters, lists and expiry over its own protocol, with redis-cli.

Leaves out: hashes, sets, transactions, scripts, persistence, replication: "unknown command". SAVE and CONFIG are accepted."""
from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from kubelearn.kubelet.images.go import on_signals
from kubelearn.kubelet.process import Process
from kubelearn.streams import Stream


class RedisError(str):
    pass


class Simple(str):
    pass


class Redis:
    def __init__(self, process: Process):
        self.process, self.clock, self.data, self.expires = process, process.clock, {}, {}

    def run(self, words: list[str]) -> object:
        name, args = words[0].upper(), words[1:]
        for key in [key for key, at in self.expires.items() if at <= self.clock.now]:
            self.delete(key)
        if name not in COMMANDS:
            return RedisError(f"ERR unknown command '{words[0]}', with args beginning with: " + "".join(f"'{word}' " for word in args))
        try:
            return COMMANDS[name](self, *args)
        except TypeError:
            return RedisError(f"ERR wrong number of arguments for '{name.lower()}' command")
        except AttributeError:
            return RedisError("WRONGTYPE Operation against a key holding the wrong kind of value")
        except ValueError:
            return RedisError("ERR value is not an integer or out of range")

    def get(self, key: str) -> str | None:
        value = self.data.get(key)
        return value if value is None else value.removeprefix("")  # a list has none: WRONGTYPE

    def set(self, key: str, value: str, *options: str) -> str:
        self.data[key] = value
        self.expires.pop(key, None)
        if len(options) > 1 and options[0].upper() == "EX":
            self.expire(key, options[1])
        return Simple("OK")

    def add(self, key: str, by: str | int = 1) -> int:
        self.data[key] = str(int((self.get(key) or "0").strip()) + int(by))
        return int(self.data[key])

    def delete(self, *keys: str) -> int:
        for key in keys:
            self.expires.pop(key, None)
        return sum(self.data.pop(key, None) is not None for key in keys)

    def push(self, left: bool, key: str, *values: str) -> int:
        items = self.data.setdefault(key, [])
        for value in values:
            items.insert(0 if left else len(items), value)
        return len(items)

    def pop(self, at: int, key: str) -> str | None:
        return self.data[key].pop(at) if self.data.get(key) else None

    def expire(self, key: str, seconds: str) -> int:
        if key in self.data:
            self.expires[key] = self.clock.now + float(seconds)
        return int(key in self.data)

    def ttl(self, key: str) -> int:
        return -2 if key not in self.data else int(self.expires[key] - self.clock.now) if key in self.expires else -1

    def span(self, key: str, start: str, stop: str) -> list:
        return list(self.data.get(key, []))[int(start):None if stop == "-1" else int(stop) + 1]

    def info(self, *section: str) -> str:
        uptime = int(self.clock.now - self.process.started_at)
        return f"# Server\r\nredis_version:7.4.5\r\nrole:master\r\ntcp_port:6379\r\nuptime_in_seconds:{uptime}\r\n"


def accepted(redis: Redis, *words: str) -> str:
    return Simple("OK")


COMMANDS: dict[str, Callable[..., object]] = {
    "SET": Redis.set, "GET": Redis.get, "DEL": Redis.delete, "EXPIRE": Redis.expire, "TTL": Redis.ttl, "INFO": Redis.info,
    "INCR": lambda redis, key: redis.add(key), "DECR": lambda redis, key: redis.add(key, -1), "INCRBY": Redis.add,
    "EXISTS": lambda redis, *keys: sum(key in redis.data for key in keys), "DBSIZE": lambda redis: len(redis.data),
    "KEYS": lambda redis, glob: sorted(key for key in redis.data if fnmatchcase(key, glob)),
    "LPUSH": lambda redis, *words: redis.push(True, *words), "RPUSH": lambda redis, *words: redis.push(False, *words),
    "LPOP": lambda redis, key: redis.pop(0, key), "RPOP": lambda redis, key: redis.pop(-1, key),
    "LLEN": lambda redis, key: len(redis.data.get(key, [])), "LRANGE": Redis.span,
    "PING": lambda redis, text=Simple("PONG"): text, "ECHO": lambda redis, text: text,
    "FLUSHALL": lambda redis: accepted(redis, redis.data.clear()), "CONFIG": lambda redis, *words: [], "COMMAND": lambda redis, *words: [],
    **dict.fromkeys(("SELECT", "CLIENT", "SAVE", "AUTH"), accepted),
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
    return {":": int, "-": RedisError, "+": Simple}[kind](rest) if kind in ":-+" else line.split()


async def redis_server(process: Process) -> int:
    words, redis = process.args, Redis(process)

    async def handle(stream: Stream) -> None:
        try:
            while True:
                command = await decode(stream)
                stream.write(encode(redis.run([str(word) for word in command] if isinstance(command, list) else [str(command)])))
        except EOFError:
            return
    port = int(words[words.index("--port") + 1]) if "--port" in words else 6379
    try:
        process.listen(port, handler=handle)
    except OSError:
        process.print(f"1:M # Warning: Could not create server TCP listening socket *:{port}: bind: Address already in use")
        return 1
    process.print("1:C * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo\n1:M * Ready to accept connections tcp")
    on_signals(process, "TERM")
    await process.forever()


async def redis_cli(process: Process) -> int:
    """redis-cli [-h HOST] [-p PORT] COMMAND...: prints as to something that is no terminal."""
    words, given = list(process.args), {"-h": "127.0.0.1", "-p": "6379"}
    while words and words[0] in ("-h", "-p", "-a", "-n"):
        given[words.pop(0)] = words.pop(0)
    try:
        stream = await process.connect(given["-h"], int(given["-p"]))
    except (OSError, LookupError) as error:
        process.error(f"Could not connect to Redis at {given['-h']}:{given['-p']}: {getattr(error, 'strerror', None) or error}")
        return 1
    stream.write(encode(words or ["PING"]))
    value = await decode(stream)
    for item in value if isinstance(value, list) else [value]:
        process.print("" if item is None else f"(error) {item}" if isinstance(item, RedisError) else item)
    return 0

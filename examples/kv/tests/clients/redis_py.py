"""redis-py, unchanged, in both versions of the protocol."""

import sys
import threading

import redis

port = int(sys.argv[1])

for protocol in (2, 3):
    client = redis.Redis(port=port, protocol=protocol, decode_responses=True)
    client.flushall()
    assert client.ping()

    assert client.set("a", "1", ex=100) and client.get("a") == "1" and 0 < client.ttl("a") <= 100
    assert client.set("a", "2", nx=True) is None
    assert client.incr("a", 5) == 6 and client.incrbyfloat("f", 0.5) == 0.5
    assert client.mset({"x": 1, "y": 2}) and client.mget("x", "y", "z") == ["1", "2", None]
    assert client.getrange("a", 0, 0) == "6" and client.append("s", "abc") == 3
    assert sorted(client.scan_iter(match="[xy]")) == ["x", "y"]
    assert client.delete("x", "y") == 2 and client.exists("x") == 0

    assert client.rpush("l", 1, 2, 3) == 3 and client.lrange("l", 0, -1) == ["1", "2", "3"]
    assert client.lpos("l", "2") == 1 and client.lmove("l", "m") == "1" and client.lpop("l", 5) == ["2", "3"]
    assert client.blpop("nothing", timeout=0.01) is None

    assert client.hset("h", mapping={"f": "v", "g": "w"}) == 2
    assert client.hgetall("h") == {"f": "v", "g": "w"} and client.hmget("h", "f", "z") == ["v", None]
    assert client.sadd("s1", "a", "b") == 2 and client.sadd("s2", "b") == 1
    assert client.smembers("s1") == {"a", "b"} and client.sinter("s1", "s2") == {"b"}
    assert client.zadd("z", {"a": 1, "b": 2.5}) == 2 and client.zscore("z", "b") == 2.5
    assert client.zrange("z", 0, -1) == ["a", "b"] and client.zrank("z", "b") == 1
    assert len(client.zrange("z", 0, -1, withscores=True)) == 2

    with client.pipeline() as pipe:
        assert pipe.set("p", 1).incr("p").get("p").execute() == [True, 2, "2"]
    with client.pipeline() as pipe:
        pipe.watch("p")
        client.set("p", "other")
        pipe.multi()
        pipe.get("p")
        try:
            pipe.execute()
            raise AssertionError("it was changed")
        except redis.WatchError:
            pass

    try:
        client.lpush("a", 1)
        raise AssertionError("it is no list")
    except redis.ResponseError as error:
        assert "WRONGTYPE" in str(error), error

    waiting = threading.Thread(target=lambda: taken.append(client.blpop("queue", timeout=10)))
    taken = []
    waiting.start()
    client.rpush("queue", "job")
    waiting.join()
    assert [list(one) for one in taken] == [["queue", "job"]], taken

    pubsub = client.pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe("news")
    pubsub.psubscribe("n*")
    while client.pubsub_numsub("news")[0][1] == 0 or client.pubsub_numpat() == 0:
        pubsub.get_message(timeout=0.01)
    assert client.publish("news", "hello") == 2
    got = []
    while len(got) < 2:
        message = pubsub.get_message(timeout=1)
        if message:
            got.append((message["type"], message["data"]))
    assert sorted(got) == [("message", "hello"), ("pmessage", "hello")], got
    pubsub.close()

    assert client.info("server")["redis_mode"] == "standalone"
    assert client.config_get("maxmemory") == {"maxmemory": "0"}
    assert "get" in client.command() and client.object("encoding", "l2") is None
    assert len(client.client_list()) >= 1 and client.dbsize() > 0 and client.time()[0] > 1_600_000_000

print("redis-py", redis.__version__, "is content")

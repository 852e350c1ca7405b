// ioredis, unchanged.

const assert = require("assert");
const Redis = require("ioredis");

async function main() {
  const port = Number(process.argv[2]);
  const client = new Redis(port);
  const other = new Redis(port);
  await client.flushall();

  assert.equal(await client.set("a", "1", "EX", 100), "OK");
  assert.equal(await client.get("a"), "1");
  assert.equal(await client.incrby("a", 41), 42);
  assert.deepEqual(await client.mget("a", "b"), ["42", null]);
  await client.hset("h", { f: "v", g: "w" });
  assert.deepEqual(await client.hgetall("h"), { f: "v", g: "w" });
  await client.rpush("l", "a", "b", "c");
  assert.deepEqual(await client.lrange("l", 0, -1), ["a", "b", "c"]);
  await client.sadd("s", "x", "y");
  assert.deepEqual((await client.smembers("s")).sort(), ["x", "y"]);
  await client.zadd("z", 1, "a", 2.5, "b");
  assert.deepEqual(await client.zrange("z", 0, -1, "WITHSCORES"), ["a", "1", "b", "2.5"]);

  // Binary data comes back as it was.
  const bytes = Buffer.from([0, 255, 13, 10, 128]);
  await client.set("binary", bytes);
  assert.deepEqual(await client.getBuffer("binary"), bytes);

  // Many commands at once, and a transaction.
  const pipeline = client.pipeline();
  for (let number = 0; number < 1000; number++) pipeline.incr("count");
  const replies = await pipeline.exec();
  assert.deepEqual(replies[999], [null, 1000]);
  assert.deepEqual(await client.multi().set("m", 1).incr("m").exec(), [[null, "OK"], [null, 2]]);

  const keys = new Set();
  for await (const some of client.scanStream({ match: "*", count: 2 })) some.forEach((key) => keys.add(key));
  assert.equal(keys.size, await client.dbsize());

  await assert.rejects(client.lpush("a", "x"), /WRONGTYPE/);

  const waiting = other.blpop("queue", 10);
  await client.rpush("queue", "job");
  assert.deepEqual(await waiting, ["queue", "job"]);

  const message = new Promise((resolve) => other.on("message", (...args) => resolve(args)));
  await other.subscribe("news");
  assert.equal(await client.publish("news", "hello"), 1);
  assert.deepEqual(await message, ["news", "hello"]);

  await client.quit();
  other.disconnect();
  console.log("ioredis is content");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

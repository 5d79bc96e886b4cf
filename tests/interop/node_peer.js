// Drives one client of IBM's npm package `mqlight` for node_peer.py.
//
//   node node_peer.js <folder with node_modules>
//
// Both ways one JSON object per line.  Every command, {id, command, ...arguments}, is answered once
// by {event: "answer", id, error}; what the client emits by itself is told as {event: "message"}
// and {event: "error"}.  The program ends with its standard input.
//
// Payloads and properties travel as {text}, {binary} (base64) or {json}; {} is `undefined`.
"use strict";

const readline = require("readline");

// The library's own diagnostics must not get between the lines that are reported.
console.log = console.error;

const mqlight = require(require.resolve("mqlight", { paths: [process.argv[2]] }));

let client = null;
const unconfirmed = new Map();

function report(event, fields) {
  process.stdout.write(JSON.stringify({ event, ...fields }) + "\n");
}

function describeError(error) {
  return error ? { name: error.name, message: error.message } : null;
}

function encode(value) {
  if (typeof value === "string") return { text: value };
  if (Buffer.isBuffer(value)) return { binary: value.toString("base64") };
  return value === undefined ? {} : { json: value };
}

function decode({ text, binary, json }) {
  if (text !== undefined) return text;
  return binary === undefined ? json : Buffer.from(binary, "base64");
}

function mapValues(object, convert) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, convert(value)]));
}

function onMessage(data, { message, destination }) {
  let token = null;
  if (message.confirmDelivery) {
    token = unconfirmed.size;
    unconfirmed.set(token, message.confirmDelivery);
  }
  report("message", {
    data: encode(data),
    topic: message.topic,
    pattern: destination.topicPattern,
    share: destination.share ?? null,
    ttl: message.ttl ?? null,
    properties: message.properties ? mapValues(message.properties, encode) : null,
    token,
  });
}

// Each command calls `answer(error)` once; what it throws is the answer, too.
const commands = {
  connect({ service, client_id: id, security }, answer) {
    client = mqlight.createClient({ service, id, ...security }, (error) => answer(error));
    client.on("error", (error) => report("error", describeError(error)));
    client.on("message", onMessage);
  },

  subscribe({ pattern, share, options }, answer) {
    const { auto_confirm: autoConfirm = true, ...others } = options;
    client.subscribe(pattern, share ?? undefined, { autoConfirm, ...others }, answer);
  },

  unsubscribe({ pattern, share, options }, answer) {
    client.unsubscribe(pattern, share ?? undefined, options, answer);
  },

  send({ topic, data, options }, answer) {
    if (options.properties) options.properties = mapValues(options.properties, decode);
    client.send(topic, decode(data), options, answer);
  },

  // Sends the numbers below `count`; after a false from send() it goes on at the next drain.
  send_numbers({ topic, count, qos }, answer) {
    let next = 0;
    let finished = 0;
    let failure = null;
    const onSent = (error) => {
      failure = failure || error;
      finished += 1;
      if (finished === count) answer(failure);
    };
    const go = () => {
      let clear = true;
      while (clear && next < count) {
        clear = client.send(topic, next, { qos }, onSent);
        next += 1;
      }
      if (!clear) client.once("drain", go);
    };
    go();
  },

  confirm({ token }, answer) {
    unconfirmed.get(token)(() => answer(null));
  },

  stop(_, answer) {
    client.stop(() => answer(null));
  },
};

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, command, ...given } = JSON.parse(line);
  const answer = (error) => report("answer", { id, error: describeError(error) });
  try {
    commands[command](given, answer);
  } catch (error) {
    answer(error);
  }
});
lines.on("close", () => process.exit(0));

// An AMQP server of rhea's for rhea_server.py: what is sent to a topic goes to who subscribes to it.
//
//   node rhea_server.js <folder with node_modules> <options as JSON>
//
// Options: user, password, and those of Node's tls.createServer as files: key, cert, ca.
// Prints its port.  A message to the topic "drop" ends its connection, and who subscribes to the
// topic "outcomes" is told what becomes of what others were sent.  Ends with its standard input.
"use strict";

const fs = require("fs");
const rhea = require(require.resolve("rhea", { paths: [process.argv[2]] }));

const { user, password, key, cert, ca } = JSON.parse(process.argv[3]);
const container = rhea.create_container({ id: "rhea" });
if (user) {
  container.sasl_server_mechanisms.enable_plain((name, secret) => name === user && secret === password);
} else {
  container.sasl_server_mechanisms.enable_anonymous();
}

const subscribers = new Map();

// A client of MQ Light's names its subscriptions "private:topic".
function topicOf(address) {
  return address.replace(/^private:/, "");
}

container.on("sender_open", ({ sender }) => {
  sender.set_source(sender.source);
  sender.set_target(sender.target);
  sender.local.attach.snd_settle_mode = sender.remote.attach.snd_settle_mode;
  subscribers.set(topicOf(sender.source.address), sender);
});

container.on("receiver_open", ({ receiver }) => {
  receiver.set_source(receiver.source);
  receiver.set_target(receiver.target);
});

container.on("message", ({ connection, receiver, message }) => {
  const topic = receiver.target.address;
  if (topic === "drop") connection.socket.destroy();
  else subscribers.get(topic)?.send(message);
});

for (const outcome of ["accepted", "released", "rejected", "modified"]) {
  container.on(outcome, ({ sender }) => {
    const listener = subscribers.get("outcomes");
    if (sender !== listener) listener?.send({ body: outcome });
  });
}

container.on("disconnected", () => {});

const read = (file) => file && fs.readFileSync(file);
const server = container.listen({
  host: "127.0.0.1",
  port: 0,
  transport: "tls",
  key: read(key),
  cert: read(cert),
  ca: read(ca),
  requestCert: Boolean(ca),
  rejectUnauthorized: Boolean(ca),
});
server.on("listening", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();

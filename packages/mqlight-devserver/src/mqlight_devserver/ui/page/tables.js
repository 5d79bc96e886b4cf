// The four tables and what their columns say.

import { bytes, clock, count, duration, rate, visible } from "./format.js";
import { Table } from "./table.js";

const section = (id) => document.getElementById(id);

const topics = () => new Table(section("topics"), {
  what: "topics",
  empty: "Nothing has been published yet.",
  key: (row) => row.topic,
  sortedBy: 1,
  columns: [
    { label: "Topic", kind: "name", text: (row) => visible(row.topic), sort: (row) => row.topic },
    { label: "Messages", kind: "number", text: (row) => count(row.messages),
      sort: (row) => row.messages, first: "descending" },
    { label: "Size", kind: "number", text: (row) => bytes(row.bytes),
      sort: (row) => row.bytes, first: "descending" },
    { label: "Rate", kind: "number", text: (row) => rate(row.meter.rate),
      sort: (row) => row.meter.rate, first: "descending" },
    { label: "Last minute", kind: "picture", history: (row) => row.meter.history },
  ],
});

const kept = (row) => {
  if (row.deleted_in !== null) return `deleted in ${duration(row.deleted_in)}`;
  return row.ttl ? duration(row.ttl) : "–";
};

const destinations = () => new Table(section("destinations"), {
  what: "destinations",
  empty: "No client has subscribed yet.",
  key: (row) => row.key,
  sortedBy: 0,
  columns: [
    { label: "Topic pattern", kind: "name", text: (row) => visible(row.pattern),
      sort: (row) => row.pattern },
    { label: "Share or client", kind: "name", sort: (row) => row.share ?? row.client,
      text: (row) => row.share === null ? `private to ${row.client}` : visible(row.share) },
    { label: "Consumers", kind: "number", text: (row) => count(row.consumers),
      sort: (row) => row.consumers, first: "descending" },
    { label: "Waiting", kind: "number", sort: (row) => row.waiting, first: "descending",
      text: (row) => row.waiting ? `${count(row.waiting)} (${bytes(row.waiting_bytes)})` : "0" },
    { label: "Unsettled", kind: "number", text: (row) => count(row.unsettled),
      sort: (row) => row.unsettled, first: "descending" },
    { label: "Delivered", kind: "number", text: (row) => count(row.delivered),
      sort: (row) => row.delivered, first: "descending" },
    { label: "Time to live", kind: "number", text: kept, sort: (row) => row.deleted_in ?? row.ttl },
  ],
});

const messages = () => new Table(section("messages"), {
  what: "the last messages",
  empty: "Nothing has been published yet.",
  key: (row) => row.number,
  columns: [
    { label: "Time", kind: "time", text: (row) => clock(row.at) },
    { label: "Topic", kind: "name", text: (row) => visible(row.topic) },
    { label: "Size", kind: "number", text: (row) => bytes(row.size) },
    { label: "Content", kind: "name", text: content },
  ],
});

function content(row) {
  const more = row.whole ? "" : " …";
  if (row.kind === "text") return visible(row.preview) + more;
  return row.kind === "binary" ? `binary: ${row.preview}${more}` : "an AMQP value";
}

const clients = () => new Table(section("clients"), {
  what: "clients",
  empty: "Nobody is connected.",
  key: (row) => row.client,
  sortedBy: 0,
  columns: [
    { label: "Client", kind: "name", text: (row) => row.client, sort: (row) => row.client },
    { label: "User", kind: "name", text: (row) => row.user === null ? "–" : visible(row.user),
      sort: (row) => row.user ?? "" },
    { label: "Address", kind: "address", text: (row) => row.address, sort: (row) => row.address },
    { label: "Connected", kind: "number", text: (row) => duration(row.connected_for),
      sort: (row) => row.connected_for, first: "descending" },
    { label: "TLS", text: (row) => row.tls ? "yes" : "no" },
    { label: "Sent", kind: "number", text: (row) => count(row.sent),
      sort: (row) => row.sent, first: "descending" },
    { label: "Received", kind: "number", text: (row) => count(row.received),
      sort: (row) => row.received, first: "descending" },
    { label: "Subscriptions", kind: "number", text: (row) => count(row.subscriptions),
      sort: (row) => row.subscriptions, first: "descending" },
  ],
});

/** Make the tables; what is returned shows a state in them. */
export function makeTables() {
  const shown = { topics: topics(), destinations: destinations(), messages: messages(),
    clients: clients() };
  return (state) => {
    const totals = state.totals;
    shown.topics.show(state.topics, totals.topics, totals.more_topics);
    shown.destinations.show(state.destinations, totals.destinations);
    shown.messages.show(state.messages, state.messages.length);
    shown.clients.show(state.clients, totals.clients);
  };
}

// The picture: from senders over topics and destinations to receivers.

import { arrange, element, setText, svg } from "./dom.js";
import { count, duration, rate, visible } from "./format.js";

const MOST_NODES = 10;
const LIT = 1400; // ms

export class Flow {
  #canvas;
  #picture;
  #lists = {};
  #nodes = new Map();
  #edges = new Map();
  #drawn = [];

  constructor(root) {
    this.#canvas = root.querySelector(".canvas");
    this.#picture = root.querySelector("svg");
    for (const column of root.querySelectorAll(".column")) {
      this.#lists[column.dataset.column] = column.querySelector("ul");
    }
    new ResizeObserver(() => this.#place()).observe(this.#canvas);
  }

  show(state) {
    const columns = {
      senders: this.#busiest(state.clients.filter((one) => one.publishes.length),
        (one) => `s ${one.client}`, (one) => one.sent),
      topics: this.#busiest(state.topics, (one) => `t ${one.topic}`, (one) => one.messages),
      destinations: this.#busiest(state.destinations, (one) => `d ${one.key}`,
        (one) => one.delivered + one.waiting),
      receivers: this.#busiest(state.clients.filter((one) => one.subscribes.length),
        (one) => `r ${one.client}`, (one) => one.received),
    };
    untangle(columns, state);
    const nodes = new Map();
    const listed = {
      senders: columns.senders.shown.map((one) => this.#node(nodes, `s ${one.client}`,
        visible(one.client), rate(one.sentMeter.rate), `${count(one.sent)} sent`)),
      topics: columns.topics.shown.map((one) => this.#node(nodes, `t ${one.topic}`,
        visible(one.topic), rate(one.meter.rate), `${count(one.messages)} messages`)),
      destinations: columns.destinations.shown.map((one) => this.#destination(nodes, one)),
      receivers: columns.receivers.shown.map((one) => this.#node(nodes, `r ${one.client}`,
        visible(one.client), rate(one.receivedMeter.rate), `${count(one.received)} received`)),
    };
    this.#nodes = nodes;
    for (const [name, list] of Object.entries(this.#lists)) {
      const more = columns[name].more;
      const children = [...listed[name]];
      if (more) children.push(element("li", { class: "more" }, `and ${count(more)} more`));
      if (!children.length) children.push(element("li", { class: "more" }, "none"));
      arrange(list, children);
    }
    this.#connect(state, columns, performance.now());
    this.#place();
  }

  /** The busiest of `items`; who is shown already stays until others are clearly busier. */
  #busiest(items, key, size) {
    const shown = [...items];
    if (items.length > MOST_NODES) {
      const weight = (one) => size(one) * (this.#nodes.has(key(one)) ? 1.25 : 1);
      shown.sort((a, b) => weight(b) - weight(a));
      shown.length = MOST_NODES;
    }
    shown.sort((a, b) => name(a).localeCompare(name(b), "en", { numeric: true }));
    return { shown, more: items.length - shown.length };
  }

  #node(nodes, key, name, figure, detail) {
    const node = this.#nodes.get(key) ?? element("li", { class: "node" },
      element("span", { class: "name" }), element("span", { class: "figure" }),
      element("span", { class: "detail" }), element("span", { class: "unseen" }));
    const [first, second, third] = node.children;
    setText(first, name);
    setText(second, figure);
    setText(third, detail);
    if (node.title !== name) node.title = name;
    nodes.set(key, node);
    return node;
  }

  #destination(nodes, one) {
    const owner = one.share === null ? `private to ${one.client}` : `share ${visible(one.share)}`;
    const waiting = one.waiting ? `${count(one.waiting)} waiting` : "";
    const going = one.deleted_in === null ? "" : `deleted in ${duration(one.deleted_in)}`;
    const node = this.#node(nodes, `d ${one.key}`, visible(one.pattern),
      waiting || rate(one.meter.rate), going || owner);
    node.classList.toggle("unattended", one.consumers === 0);
    node.classList.toggle("waits", one.waiting > 0);
    return node;
  }

  #connect(state, columns, now) {
    const edges = new Map();
    for (const one of columns.senders.shown) {
      for (const link of one.publishes) {
        this.#edge(edges, `s ${one.client}`, `t ${link.topic}`, link.meter, now);
      }
    }
    for (const one of columns.topics.shown) {
      for (const place of one.destinations) {
        this.#edge(edges, `t ${one.topic}`, `d ${state.destinations[place].key}`, one.meter, now);
      }
    }
    for (const one of columns.receivers.shown) {
      for (const link of one.subscribes) {
        this.#edge(edges, `d ${link.key}`, `r ${one.client}`, link.meter, now);
      }
    }
    this.#edges = edges;
    this.#drawn = [...edges.values()];
    this.#tell();
    arrange(this.#picture, this.#drawn.map((edge) => edge.group));
  }

  /** Say to those who do not see the lines where they lead. */
  #tell() {
    const ends = new Map([...this.#nodes.keys()].map((key) => [key, []]));
    for (const { from, to } of this.#drawn) {
      ends.get(from).push(this.#nodes.get(to).firstChild.textContent);
    }
    for (const [key, names] of ends) {
      const text = names.length ? `leads to ${names.join(", ")}` : "";
      setText(this.#nodes.get(key).lastChild, text);
    }
  }

  #edge(edges, from, to, meter, now) {
    if (!this.#nodes.has(from) || !this.#nodes.has(to)) return;
    const key = `${from} > ${to}`;
    let edge = this.#edges.get(key);
    if (edge === undefined) {
      const group = svg("g");
      group.append(svg("path", { class: "line" }), svg("path", { class: "pulse" }));
      edge = { group, from, to, litUntil: 0 };
    }
    if (meter.added) edge.litUntil = now + LIT;
    edge.group.classList.toggle("lit", now < edge.litUntil);
    edge.width = 1.25 + Math.min(2.5, Math.log10(1 + meter.rate));
    edges.set(key, edge);
  }

  /** Draw the lines to where the nodes are. */
  #place() {
    const frame = this.#canvas.getBoundingClientRect();
    const box = new Map();
    const at = (key) => {
      if (!box.has(key)) {
        const { left, right, top, height } = this.#nodes.get(key).getBoundingClientRect();
        box.set(key, { left: left - frame.left, right: right - frame.left,
          y: top + height / 2 - frame.top });
      }
      return box.get(key);
    };
    const paths = this.#drawn.map((edge) => {
      const from = at(edge.from);
      const to = at(edge.to);
      const middle = (from.right + to.left) / 2;
      return `M${from.right} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.left} ${to.y}`;
    });
    this.#drawn.forEach((edge, place) => {
      for (const path of edge.group.children) path.setAttribute("d", paths[place]);
      edge.group.setAttribute("stroke-width", edge.width.toFixed(2));
    });
  }
}

const name = (one) => one.topic ?? one.pattern ?? one.client;

/** Put what is joined by lines at the same height, so that few of them cross. */
function untangle({ senders, topics, destinations, receivers }, state) {
  const places = (list, key) => new Map(list.map((one, place) => [key(one), place]));
  const topicPlaces = places(topics.shown, (one) => one.topic);
  sortByPlace(senders.shown, (one) => one.publishes.map((link) => topicPlaces.get(link.topic)));
  const feeding = new Map();
  topics.shown.forEach((one, height) => {
    for (const place of one.destinations) {
      const key = state.destinations[place].key;
      feeding.set(key, [...(feeding.get(key) ?? []), height]);
    }
  });
  sortByPlace(destinations.shown, (one) => feeding.get(one.key) ?? []);
  const destinationPlaces = places(destinations.shown, (one) => one.key);
  sortByPlace(receivers.shown, (one) =>
    one.subscribes.map((link) => destinationPlaces.get(link.key)));
}

function sortByPlace(list, placesOf) {
  const heights = new Map(list.map((one) => {
    const places = placesOf(one).filter((place) => place !== undefined);
    const sum = places.reduce((a, b) => a + b, 0);
    return [one, places.length ? sum / places.length : Infinity];
  }));
  // What is joined to nothing stays in the order of the names, at the end.
  list.sort((a, b) => heights.get(a) === heights.get(b) ? 0 : heights.get(a) - heights.get(b));
}

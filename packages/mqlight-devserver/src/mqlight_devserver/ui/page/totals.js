// The figures at the top.

import { element, setText } from "./dom.js";
import { bytes, count, rate } from "./format.js";
import { drawSpark, newSpark } from "./spark.js";

const FIGURES = [
  { label: "Received", value: (totals) => totals.received, meter: "received" },
  { label: "Delivered", value: (totals) => totals.delivered, meter: "delivered" },
  { label: "Waiting", value: (totals) => totals.waiting, also: (totals) => bytes(totals.waiting_bytes) },
  { label: "Unsettled", value: (totals) => totals.unsettled },
  { label: "Topics", value: (totals) => totals.topics, more: (totals) => totals.more_topics },
  { label: "Destinations", value: (totals) => totals.destinations },
  { label: "Clients", value: (totals) => totals.clients },
  { label: "Rejected", value: (totals) => totals.rejected, wrong: true },
  { label: "Expired", value: (totals) => totals.expired },
];

/** Make the figures; what is returned shows a state in them. */
export function makeTotals(list) {
  const cells = FIGURES.map((figure) => {
    const value = element("dd", { class: "value" }, "–");
    const also = element("dd", { class: "also" });
    const group = element("div", {}, element("dt", {}, figure.label), value, also);
    const spark = figure.meter === undefined ? null : newSpark();
    if (spark !== null) {
      group.append(element("dd", { class: "graph" }, spark));
      group.classList.add("wide");
    }
    list.append(group);
    return { figure, group, value, also, spark };
  });
  return (state) => {
    for (const { figure, group, value, also, spark } of cells) {
      const number = figure.value(state.totals);
      setText(value, count(number, figure.more?.(state.totals)));
      if (spark !== null) {
        const meter = state.meters[figure.meter];
        drawSpark(spark, meter.history);
        setText(also, rate(meter.rate));
      } else {
        setText(also, figure.also && number ? figure.also(state.totals) : "");
      }
      group.classList.toggle("wrong", figure.wrong === true && number > 0);
    }
  };
}

// A small line of the last minute.

import { SAMPLES } from "./meter.js";
import { svg } from "./dom.js";

const WIDTH = 80;
const HEIGHT = 20;

export function newSpark() {
  const picture = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" });
  picture.append(svg("path", { class: "area" }), svg("path", { class: "line" }));
  return picture;
}

export function drawSpark(picture, history) {
  const [area, line] = picture.children;
  const most = Math.max(1e-9, ...history);
  const step = WIDTH / (SAMPLES - 1);
  const first = WIDTH - (history.length - 1) * step;
  const points = history.map((value, place) => {
    const x = first + place * step;
    const y = HEIGHT - 1.5 - (value / most) * (HEIGHT - 3);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const path = points.length > 1 && most > 0.01 ? `M${points.join("L")}` : "";
  line.setAttribute("d", path);
  area.setAttribute("d", path && `${path}L${WIDTH} ${HEIGHT}L${first.toFixed(1)} ${HEIGHT}Z`);
}

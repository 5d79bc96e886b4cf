// A table that can be sorted and filtered, and that never has more rows than can be looked at.

import { arrange, element, setText } from "./dom.js";
import { count } from "./format.js";
import { drawSpark, newSpark } from "./spark.js";

const MOST_ROWS = 100;

/**
 * `columns` are {label, text(row)} or {label, history(row)}, with `sort(row)` where the table can be
 * sorted by it, `kind` "number" or "name", and `first` "descending" if that is what people want.
 */
export class Table {
  #columns;
  #key;
  #rows = [];
  #total = 0;
  #more = false;
  #shown = new Map();
  #sorted = null;
  #descending = false;
  #body = element("tbody");
  #note = element("p", { class: "note" });
  #empty;
  #filter;

  constructor(section, { columns, key, what, empty, sortedBy }) {
    this.#columns = columns;
    this.#key = key;
    this.#empty = empty;
    const title = section.querySelector("h2");
    this.#filter = element("input", { type: "search", placeholder: "Filter",
      "aria-label": `Filter ${what}`, autocomplete: "off", spellcheck: "false" });
    this.#filter.addEventListener("input", () => this.#draw());
    section.querySelector(".title").append(this.#note, this.#filter);
    const head = element("tr");
    for (const column of columns) head.append(this.#heading(column));
    const table = element("table", { "aria-labelledby": title.id },
      element("thead", {}, head), this.#body);
    section.append(element("div",
      { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": title.id }, table));
    if (sortedBy !== undefined) this.#sortBy(columns[sortedBy]);
  }

  /** Show these rows, of `total` that there are, or of more than that. */
  show(rows, total, more = false) {
    this.#rows = rows;
    this.#total = total;
    this.#more = more;
    this.#draw();
  }

  #heading(column) {
    const cell = element("th", { scope: "col", class: column.kind ?? "" });
    if (column.sort === undefined) {
      cell.textContent = column.label;
    } else {
      const button = element("button", { type: "button" }, column.label);
      button.addEventListener("click", () => {
        this.#sortBy(column);
        this.#draw();
      });
      cell.append(button);
    }
    column.cell = cell;
    return cell;
  }

  #sortBy(column) {
    this.#descending = this.#sorted === column ? !this.#descending : column.first === "descending";
    this.#sorted?.cell.removeAttribute("aria-sort");
    this.#sorted = column;
    column.cell.setAttribute("aria-sort", this.#descending ? "descending" : "ascending");
  }

  #draw() {
    const wanted = this.#filter.value.trim().toLowerCase();
    const fitting = wanted === "" ? [...this.#rows] : this.#rows.filter((row) =>
      this.#columns.some((column) => column.text?.(row).toLowerCase().includes(wanted)));
    if (this.#sorted !== null) {
      const value = this.#sorted.sort;
      const sign = this.#descending ? -1 : 1;
      const order = (a, b) => sign * compare(value(a), value(b));
      // Rows that are alike keep their places.
      fitting.sort((a, b) => order(a, b) || compare(this.#key(a), this.#key(b)));
    }
    const shown = new Map();
    for (const row of fitting.slice(0, MOST_ROWS)) {
      const key = this.#key(row);
      const line = this.#shown.get(key) ?? this.#line();
      this.#fill(line, row);
      shown.set(key, line);
    }
    this.#shown = shown;
    arrange(this.#body, shown.size ? shown.values() : [this.#nothing(wanted)]);
    setText(this.#note, note(shown.size, fitting.length, this.#total, this.#more, wanted !== ""));
  }

  #line() {
    const line = element("tr");
    this.#columns.forEach((column, place) => {
      const cell = element(place === 0 ? "th" : "td", { class: column.kind ?? "" });
      if (place === 0) cell.setAttribute("scope", "row");
      if (column.history !== undefined) cell.append(newSpark());
      line.append(cell);
    });
    return line;
  }

  #fill(line, row) {
    this.#columns.forEach((column, place) => {
      const cell = line.children[place];
      if (column.history !== undefined) {
        drawSpark(cell.firstChild, column.history(row));
        return;
      }
      const text = column.text(row);
      if (cell.textContent !== text) {
        cell.textContent = text;
        if (column.kind === "name") cell.title = text;
      }
    });
  }

  #nothing(wanted) {
    const text = wanted === "" ? this.#empty : "Nothing fits the filter.";
    const cell = element("td", { class: "empty", colspan: this.#columns.length }, text);
    return element("tr", {}, cell);
  }
}

function compare(a, b) {
  return typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
}

function note(shown, fitting, total, more, filtered) {
  if (filtered) return `${count(shown)} of ${count(fitting)} that fit`;
  return shown < total ? `${count(shown)} of ${count(total, more)}` : count(total, more);
}

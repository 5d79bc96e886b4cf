// Numbers, times and foreign text, as people read them.

const whole = new Intl.NumberFormat("en");
const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/** `more` says that the number is only the least that it can be. */
export const count = (number, more = false) => whole.format(number) + (more ? "+" : "");

export function rate(perSecond) {
  if (perSecond < 0.05) return "–";
  return `${perSecond < 9.95 ? perSecond.toFixed(1) : whole.format(Math.round(perSecond))}/s`;
}

export function bytes(size) {
  let unit = "B";
  for (const larger of ["KiB", "MiB", "GiB", "TiB"]) {
    if (size < 1024) break;
    size /= 1024;
    unit = larger;
  }
  return `${unit === "B" ? whole.format(size) : size.toFixed(1)} ${unit}`;
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

export const clock = (milliseconds) => time.format(milliseconds);

// Characters that show nothing, or that change the direction of what is around them, are spelled
// out: what clients send must not look like something else.
const hidden = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export const visible = (text) =>
  text.replace(hidden, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return `\\u${code.toString(16).padStart(4, "0")}`;
  });

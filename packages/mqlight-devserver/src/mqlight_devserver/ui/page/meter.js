// Rates, from counts that are read again and again.

const SAMPLES = 80;
const SMOOTHING = 1.5; // s

export class Meter {
  #entries = new Map();
  #uptime = null;
  #seconds = 0;
  #round = 0;

  /** Begin a reading; true if the server is not the one of the last reading. */
  begin(uptime) {
    const restarted = this.#uptime !== null && uptime < this.#uptime;
    if (restarted) {
      this.#entries.clear();
      this.#uptime = null;
    }
    this.#seconds = this.#uptime === null ? 0 : uptime - this.#uptime;
    this.#uptime = uptime;
    this.#round += 1;
    return restarted;
  }

  /** What has happened to a count since the last reading: {added, rate, history}. */
  read(key, count) {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      // What appears between two readings has begun at 0; at the first reading nobody knows.
      entry = { count: this.#seconds ? 0 : count, rate: 0, history: [] };
      this.#entries.set(key, entry);
    }
    entry.added = Math.max(count - entry.count, 0);
    entry.count = count;
    entry.round = this.#round;
    if (this.#seconds > 0) {
      const now = entry.added / this.#seconds;
      entry.rate += (now - entry.rate) * (1 - Math.exp(-this.#seconds / SMOOTHING));
      entry.history.push(entry.rate);
      if (entry.history.length > SAMPLES) entry.history.shift();
    }
    return entry;
  }

  /** End a reading: what was not read is forgotten. */
  end() {
    for (const [key, entry] of this.#entries) {
      if (entry.round !== this.#round) this.#entries.delete(key);
    }
  }
}

export { SAMPLES };

// One connection to the gateway's event stream that comes back by itself: after a restart, a sleep, a lost network.
// Each connection begins with everything as it stands (`wall`), so whoever is connected is right.
const SILENT_MS = 40_000; // the stream beats every 15 s

export function live(parameters, handlers) {
  const url = `/console/events?${new URLSearchParams(parameters)}`;
  const link = document.getElementById("link");
  let source = null;
  let watchdog = 0;

  function say(state, words) {
    if (link.dataset.state === state) return;
    link.dataset.state = state;
    link.textContent = words;
  }

  function alive() {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => { away(); again(); }, SILENT_MS);
  }

  function away() { say("away", "the gateway is away, trying again"); }

  // The browser tries by itself unless it was answered: by a login page, by a store that is gone, by a gateway that
  // has no such page yet. Only we can tell which.
  async function again() {
    clearTimeout(watchdog);
    source.close();
    try {
      const answer = await fetch(location.pathname + location.search, { cache: "no-store" });
      if (answer.status === 401 || answer.status === 404) { location.reload(); return; }
    } catch { /* still away */ }
    setTimeout(open, 1000);
  }

  function take(event, handler) {
    alive();
    say("live", "live");
    if (handler) handler(JSON.parse(event.data));
  }

  function open() {
    source = new EventSource(url);
    source.addEventListener("error", () => {
      away();
      if (source.readyState === EventSource.CLOSED) again();
    });
    source.addEventListener("beat", (event) => take(event));
    source.addEventListener("wall", (event) => take(event, (wall) => {
      if (wall.release !== document.body.dataset.release) { location.reload(); return; }
      handlers.wall(wall);
    }));
    for (const name of ["cells", "batch"]) {
      source.addEventListener(name, (event) => take(event, handlers[name]));
    }
    alive();
  }

  open();
}

// As the server sends one display.
export function cell([id, panel, state, picture, barcodes, name, reason]) {
  return { id, panel, state, picture, barcodes, name, reason };
}

export const pictureOf = (picture) => `/console/pictures/${picture}.png`;

export const STATE_WORDS = {
  proved: "proved", waiting: "on its way", unknown: "glass not known yet", idle: "never bound", removed: "removed",
};

"use strict";
// The live wall. The server says which cells changed and how they stand; nothing is worked out here but the counts.
const store = document.body.dataset.store;
const wall = document.getElementById("wall");
const link = document.getElementById("link");
const drawer = document.getElementById("drawer");
const states = new Map([...wall.querySelectorAll(".cell")].map((cell) => [cell.id, cell.classList[1]]));
let counting = false;
let opened = null;

function count() {
  counting = false;
  let proved = 0, total = 0;
  for (const state of states.values()) {
    if (state === "idle") continue;
    total += 1;
    if (state === "proved") proved += 1;
  }
  document.getElementById("proved").textContent = proved;
  document.getElementById("total").textContent = total;
  document.getElementById("waiting").textContent = total > proved ? ` · ${total - proved} on their way` : "";
}

function apply(one) {
  const id = "d-" + one.id;
  const cell = document.getElementById(id);
  if (!cell) { location.reload(); return; }
  const turned = one.state === "proved" && states.get(id) !== "proved";
  states.set(id, one.state);
  cell.className = "cell " + one.state + (turned ? " turned" : "");
  let image = cell.querySelector("img");
  if (one.picture) {
    const source = `/console/pictures/${one.picture}.png`;
    if (!image) { image = document.createElement("img"); cell.append(image); }
    if (image.getAttribute("src") !== source) image.src = source;
    image.alt = one.barcodes.join(", ");
  } else if (image) {
    image.remove();
  }
  if (opened === one.id) show(one.id);
  if (!counting) { counting = true; requestAnimationFrame(count); }
}

async function reread() {
  const answer = await fetch(`/console/cells?store=${encodeURIComponent(store)}`);
  if (answer.ok) for (const one of await answer.json()) apply(one);
}

function batch(status) {
  const box = document.getElementById("batch");
  box.hidden = false;
  const phase = status.status === "processing" ? status.phase : status.status;
  document.getElementById("batch-words").textContent =
    `batch ${phase} · ${status.productsSaved} of ${status.productsReceived} rows saved · ${status.tagsConfirmed} of ${status.tagsTotal} labels proved`;
  document.getElementById("batch-progress").value = status.progress;
}

async function show(id) {
  const answer = await fetch(`/console/displays/${id}`);
  if (!answer.ok) return;
  document.getElementById("about").innerHTML = await answer.text();
  drawer.hidden = false;
  opened = id;
}

function close() { drawer.hidden = true; opened = null; }

wall.addEventListener("click", (event) => {
  const cell = event.target.closest(".cell");
  if (!cell || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  show(cell.id.slice(2));
});
document.getElementById("close").addEventListener("click", close);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

const demo = document.body.dataset.demo;
if (demo) {
  const words = document.getElementById("demo-words");
  for (const button of document.querySelectorAll("[data-break]")) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const answer = await fetch(`${demo}/${button.dataset.break}`, { method: "POST" });
        words.textContent = (await answer.json()).words;
      } catch { words.textContent = "the demo does not answer"; }
      button.disabled = false;
    });
  }
}

if (store) {
  let first = true;
  const live = new EventSource(`/console/events?store=${encodeURIComponent(store)}`);
  live.addEventListener("open", () => {
    link.dataset.state = "live";
    link.textContent = "live";
    if (!first) reread();   // whatever was missed while the gateway was away
    first = false;
  });
  live.addEventListener("error", () => { link.dataset.state = "lost"; link.textContent = "the gateway is away; trying again"; });
  live.addEventListener("cells", (event) => { for (const one of JSON.parse(event.data)) apply(one); });
  live.addEventListener("batch", (event) => batch(JSON.parse(event.data)));
}

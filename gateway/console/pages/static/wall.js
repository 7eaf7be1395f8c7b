// The shelf wall: puts together the live stream, the cells, what is above them, and the drawer.
import { Cells } from "./cells.js";
import { Drawer } from "./drawer.js";
import { live } from "./live.js";
import { ShopMap } from "./map.js";

const $ = (id) => document.getElementById(id);
const { store, demo } = document.body.dataset;
const SIZE_KEPT = `esl-size-${store}`;
const SPEAK_EVERY_MS = 5000; // a listener hears sums, not each label

if (store) start(); else $("empty").hidden = false;
if (demo) for (const button of document.querySelectorAll("[data-break]")) button.addEventListener("click", () => breakIt(button));

function start() {
  const wall = $("wall");
  const cells = new Cells(wall, { changed: (one) => drawer.changed(one.id), settled: () => sums() });
  const drawer = new Drawer($("drawer"), $("about"), (id) => cells.byId.get(id)?.element);
  const map = new ShopMap($("map"), cells, (id) => { cells.byId.get(id).element.scrollIntoView({ block: "center" }); drawer.open(id); });
  let show = "", words = [], spoken = "", speaking = 0;

  function sums() {
    const { proved, waiting, unknown, idle } = cells.counts;
    const total = proved + waiting + unknown;
    $("proved").textContent = proved.toLocaleString("en");
    $("total").textContent = total.toLocaleString("en");
    $("sum").dataset.whole = total > 0 && proved === total;
    const counts = { "": total + idle, ...cells.counts };
    for (const button of $("states").children) {
      const count = counts[button.dataset.show];
      button.lastElementChild.textContent = count.toLocaleString("en");
      button.hidden = count === 0 && button.dataset.show !== show && button.dataset.show !== "" && button.dataset.show !== "proved";
    }
    $("empty").hidden = cells.byId.size > 0;
    $("nothing").hidden = cells.byId.size === 0 || [...cells.groups.values()].some((group) => !group.section.hidden);
    map.draw();
    if (!wall.querySelector('.cell[tabindex="0"]')) wall.querySelector(".cell:not([hidden])")?.setAttribute("tabindex", "0");
    if (!speaking) speaking = setTimeout(speak, SPEAK_EVERY_MS);
  }

  function speak() {
    speaking = 0;
    const now = `${$("sum").textContent}`;
    if (now !== spoken) $("spoken").textContent = spoken = now;
  }

  // What is shown

  function matches(one) {
    if (show && one.state !== show) return false;
    if (!words.length) return true;
    const text = `${one.id} ${one.panel} ${one.barcodes.join(" ")} ${one.name ?? ""} ${one.state} ${one.reason ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  $("states").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    show = button.dataset.show;
    for (const other of $("states").children) other.setAttribute("aria-pressed", String(other === button));
    cells.refilter(matches);
  });
  let typed = 0;
  $("find").addEventListener("input", () => {
    cancelAnimationFrame(typed);
    typed = requestAnimationFrame(() => {
      words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
      cells.refilter(matches);
    });
  });
  $("clear").addEventListener("click", () => {
    $("find").value = "";
    words = [];
    $("states").firstElementChild.click();
  });

  // How large

  const size = $("size");
  const setSize = (unit) => cells.resize(Number(unit));
  function fit(list, panels) {
    const kept = localStorage.getItem(SIZE_KEPT);
    if (kept) size.value = kept;
    else {
      const area = list.reduce((sum, [, panel]) => sum + (panels[panel][0] + 5) * (panels[panel][1] + 7), 0);
      const room = innerWidth * (innerHeight - wall.offsetTop) * 0.5;
      size.value = Math.min(4.6, Math.max(0.9, Math.sqrt(room / Math.max(area, 1)))).toFixed(1);
    }
    setSize(size.value);
  }
  size.addEventListener("input", () => { setSize(size.value); localStorage.setItem(SIZE_KEPT, size.value); });

  // By keyboard: the wall is one stop of the tab key, arrows walk in it.

  wall.addEventListener("focusin", (event) => {
    if (!event.target.matches(".cell")) return;
    for (const other of wall.querySelectorAll('.cell[tabindex="0"]')) other.tabIndex = -1;
    event.target.tabIndex = 0;
  });
  wall.addEventListener("click", (event) => {
    const found = event.target.closest(".cell");
    if (!found || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    drawer.open(found.id);
  });
  wall.addEventListener("keydown", (event) => {
    const here = event.target.closest(".cell");
    const all = here && ["Arrow", "Home", "End"].some((key) => event.key.startsWith(key)) ? cells.shown() : [];
    if (!all.length) return;
    event.preventDefault();
    const to = all[walk(all, all.indexOf(here), event.key)];
    to.focus();
    to.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !drawer.close() && document.activeElement === $("find")) $("clear").click();
    if (event.key === "/" && document.activeElement !== $("find")) { event.preventDefault(); $("find").focus(); }
  });

  let fitted = false;
  live({ store }, {
    wall({ cells: list, panels }) {
      if (!fitted && list.length) { fit(list, panels); fitted = true; }
      cells.replace(list, panels);
      if (!list.length) sums();
      drawer.follow(location.hash);
    },
    cells: (list) => cells.update(list),
    batch,
  });
}

// The place of the cell that an arrow leads to from `from`.
function walk(all, from, key) {
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -all.length, End: all.length }[key];
  if (step) return Math.min(all.length - 1, Math.max(0, from + step));
  const way = key === "ArrowUp" ? -1 : 1;
  const box = all[from].getBoundingClientRect();
  const middle = box.left + box.width / 2;
  let best = from, least = Infinity, row = null;
  for (let place = from + way; place >= 0 && place < all.length; place += way) {
    const other = all[place].getBoundingClientRect();
    if ((other.top - box.top) * way <= 1) continue;
    if (row === null) row = other.top;
    if (Math.abs(other.top - row) > 1) break;
    const off = Math.abs(other.left + other.width / 2 - middle);
    if (off < least) { least = off; best = place; }
  }
  return best;
}

function batch(line) {
  const box = $("batch");
  box.hidden = !line;
  if (!line) return;
  const number = (count) => count.toLocaleString("en");
  const rejected = line.rejected ? `, ${number(line.rejected)} rejected` : "";
  const phases = {
    saving: `${number(line.saved)} of ${number(line.received)} rows saved${rejected}`,
    syncing: `${number(line.saved)} rows saved${rejected} · ${number(line.synced)} of ${number(line.total)} labels drawn`,
    verifying: `${number(line.saved)} rows saved${rejected} · ${number(line.confirmed)} of ${number(line.total)} labels proved`,
  };
  const now = line.state === "processing" ? line.phase : line.state;
  const words = line.state === "open" ? `${number(line.received)} rows received${rejected}` : phases[line.phase] ?? phases.verifying;
  const ended = line.finishedAt ? ` · ${new Date(line.finishedAt).toLocaleTimeString()}` : "";
  $("batch-words").textContent = `Batch ${now}: ${words}${line.failure ? ` · ${line.failure}` : ""}${ended}`;
  $("batch-progress").value = line.progress;
  box.dataset.state = line.state;
}

async function breakIt(button) {
  button.disabled = true;
  try {
    const answer = await fetch(`${demo}/${button.dataset.break}`, { method: "POST" });
    $("demo-words").textContent = (await answer.json()).words;
  } catch {
    $("demo-words").textContent = "the demo does not answer";
  }
  button.disabled = false;
}

// The cells on the page. What the server says waits in a map, newest per display, and is written a few milliseconds
// a frame: however much changes at once, no frame is late. Nothing is worked out here but the counts.
import { cell as read, pictureOf, STATE_WORDS } from "./live.js";

const FRAME_MS = 6; // of the 16 that a frame has; the rest is for style, paint and the pictures' arrival
const CELLS_A_FRAME = 64; // each is painted anew: 250 changes take four frames
const PICTURES_WAIT_MS = 1000; // for the pictures of one message, so that they are painted in one frame, not one by one
const CELLS_A_BLOCK = 100; // enough that blocks are few, few enough that one is quickly painted
const FLASH_MS = 900; // two writes, no animation: that would paint the whole wall anew in every frame it lasts

export class Cells {
  constructor(wall, { changed, settled }) {
    this.wall = wall;
    this.byId = new Map(); // id -> { one, element, image }
    this.groups = new Map(); // "2.13" -> { section, area, count, ids, columns }
    this.untidy = false; // cells came, went, or were hidden: blocks are laid out anew
    this.counts = { proved: 0, waiting: 0, unknown: 0, idle: 0 };
    this.filter = () => true;
    this.changed = changed; // (one) a cell was written
    this.settled = settled; // () everything that waited is written
    this.waiting = new Map();
    this.newest = new Map(); // what was said last of each, also while its picture is still on its way
    this.unit = 3; // pixels a millimetre
    this.room = innerWidth; // pixels a row
    // Of its height nothing depends, which changes whenever a block comes into sight.
    new ResizeObserver(([{ contentRect: { width } }]) => {
      if (width === this.room) return;
      this.room = width;
      this.tidy();
    }).observe(wall);
    // The browser's own laziness fetches pictures up to 2,500 pixels away, when ten times as many labels turn.
    this.near = new Set(); // blocks in sight, or nearly
    this.sight = new IntersectionObserver((entries) => this.onSight(entries), { rootMargin: "50%" });
    this.broken = new Set();
    this.scheduled = false;
    this.turned = [];
    wall.addEventListener("error", (event) => this.onBroken(event.target), true);
  }

  // Everything as it stands: what is not in it is gone.
  replace(list, panels) {
    this.panels = panels;
    const there = new Set();
    for (const row of list) { there.add(row[0]); this.newest.set(row[0], row); this.waiting.set(row[0], row); }
    for (const id of this.byId.keys()) if (!there.has(id)) this.waiting.set(id, [id, "", "removed"]);
    for (const image of this.broken) image.src = image.src; // they broke while the gateway was away
    this.broken.clear();
    this.schedule();
  }

  // Every picture that arrives paints its part of the wall anew: those that are seen come first and then all at once.
  async update(list) {
    const awaited = [], pictures = [];
    for (const row of list) {
      this.newest.set(row[0], row);
      const { id, picture } = read(row);
      const held = this.byId.get(id);
      if (held?.image && picture && picture !== held.one.picture && this.isNear(held)) {
        awaited.push(row);
        pictures.push(this.ready(picture));
      } else this.waiting.set(id, row);
    }
    this.schedule();
    if (!pictures.length) return;
    const late = new Promise((done) => setTimeout(done, PICTURES_WAIT_MS));
    await Promise.race([Promise.all(pictures), late]);
    for (const row of awaited) if (this.newest.get(row[0]) === row) this.waiting.set(row[0], row);
    this.schedule();
  }

  async ready(picture) {
    const ahead = new Image();
    ahead.src = pictureOf(picture);
    await ahead.decode().catch(() => {}); // what broke is asked for again once it is on the wall
    return ahead;
  }

  refilter(filter) {
    this.filter = filter;
    for (const held of this.byId.values()) this.hide(held);
    this.tidy();
    this.recount();
    this.settled();
  }

  resize(unit) {
    this.unit = unit;
    this.wall.style.setProperty("--unit", `${unit}px`);
    this.tidy();
  }

  // As they stand on the page, hidden ones left out.
  shown() {
    return [...this.wall.querySelectorAll(".cell:not([hidden])")];
  }

  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.write());
  }

  write() {
    this.scheduled = false;
    const until = performance.now() + FRAME_MS;
    let left = CELLS_A_FRAME;
    for (const [id, row] of this.waiting) {
      this.waiting.delete(id);
      const one = read(row);
      const held = this.byId.get(id);
      if (one.state === "removed") { if (held) this.remove(held); }
      else if (held) this.rewrite(held, one);
      else this.add(one);
      this.changed(one);
      if (held) left -= 1;
      if (left === 0 || performance.now() > until) break;
    }
    this.unflash();
    if (this.waiting.size) { this.schedule(); return; }
    if (this.untidy) this.tidy();
    this.recount();
    this.settled();
  }

  unflash() {
    const turned = this.turned;
    this.turned = [];
    if (turned.length) setTimeout(() => { for (const element of turned) element.classList.remove("turned"); }, FLASH_MS);
  }

  add(one) {
    const group = this.group(one.panel.split("-")[0]);
    const element = document.createElement("a");
    element.className = "cell";
    element.id = one.id;
    element.href = `/console/displays/${one.id}`;
    element.tabIndex = -1;
    const held = { one: { state: null, picture: null }, element, image: null, group };
    this.byId.set(one.id, held);
    // The whole wall comes in order; a display that is new since then finds its place.
    const last = group.ids.at(-1);
    const place = last === undefined || last < one.id ? group.ids.length : group.ids.findIndex((id) => id > one.id);
    group.ids.splice(place, 0, one.id);
    this.untidy = true;
    this.rewrite(held, one);
  }

  // Cells stand in blocks of whole rows; the browser neither lays out nor paints a block that is not in sight, and
  // what changes in one block does not paint the others anew.
  tidy() {
    this.untidy = false;
    this.sight.disconnect();
    this.near.clear();
    const focused = this.wall.contains(document.activeElement) ? document.activeElement : null;
    for (const group of this.groups.values()) {
      const gap = 3 + this.unit * 1.4; // as in console.css
      const width = group.width * this.unit + 2 * (1 + this.unit * 0.7);
      const columns = Math.max(1, Math.floor((this.room + gap) / (width + gap)));
      const most = columns * Math.max(1, Math.ceil(CELLS_A_BLOCK / columns));
      const blocks = [];
      let shown = most;
      for (const id of group.ids) {
        const { element } = this.byId.get(id);
        if (!element.hidden) shown += 1;
        if (shown > most || !blocks.length) { blocks.push([]); shown = element.hidden ? 0 : 1; }
        blocks.at(-1).push(element);
      }
      group.area.replaceChildren(...blocks.map((elements) => {
        const block = document.createElement("div");
        block.className = "block";
        block.style.setProperty("--rows", Math.ceil(elements.filter((one) => !one.hidden).length / columns));
        block.append(...elements);
        this.sight.observe(block);
        return block;
      }));
    }
    focused?.focus({ preventScroll: true }); // it lost it when it was moved
  }

  rewrite(held, one) {
    const { element, one: old } = held;
    held.one = one;
    if (one.state !== old.state) {
      if (old.state) this.counts[old.state] -= 1;
      this.counts[one.state] += 1;
      element.dataset.state = one.state;
    }
    if (one.picture !== old.picture) this.picture(held, one.picture);
    if (one.reason) element.dataset.reason = one.reason; else delete element.dataset.reason;
    const words = `${one.name ?? one.barcodes[0] ?? one.id}, ${STATE_WORDS[one.state]}`;
    if (element.getAttribute("aria-label") !== words) element.setAttribute("aria-label", words);
    this.hide(held);
    if (one.state === "proved" && (old.state === "waiting" || old.state === "unknown")) {
      element.classList.add("turned");
      this.turned.push(element);
    }
  }

  picture(held, picture) {
    if (!picture) {
      held.image?.remove();
      held.image = null;
      return;
    }
    if (!held.image) {
      held.image = document.createElement("img");
      held.image.alt = "";
      held.element.append(held.image);
    }
    if (this.isNear(held)) this.fetch(held);
  }

  fetch({ image, one }) {
    const url = pictureOf(one.picture);
    if (image.getAttribute("src") !== url) image.src = url; // the browser keeps the old one until the new one has come
  }

  isNear({ element }) {
    return this.near.has(element.parentElement) && !element.hidden;
  }

  onSight(entries) {
    for (const { target: block, isIntersecting } of entries) {
      if (!isIntersecting) { this.near.delete(block); continue; }
      this.near.add(block);
      for (const element of block.children) {
        const held = this.byId.get(element.id);
        if (held?.image && !element.hidden) this.fetch(held);
      }
    }
  }

  remove(held) {
    this.counts[held.one.state] -= 1;
    held.element.remove();
    this.untidy = true;
    held.group.ids = held.group.ids.filter((id) => id !== held.one.id);
    this.byId.delete(held.one.id);
    this.newest.delete(held.one.id);
  }

  hide(held) {
    const hidden = !this.filter(held.one);
    if (held.element.hidden === hidden) return;
    held.element.hidden = hidden;
    this.untidy = true;
  }

  recount() {
    for (const group of this.groups.values()) {
      const shown = group.ids.reduce((sum, id) => sum + !this.byId.get(id).element.hidden, 0);
      group.section.hidden = shown === 0;
      group.count.textContent = shown === group.ids.length ? `${shown}` : `${shown} of ${group.ids.length}`;
    }
  }

  group(inch) {
    const known = this.groups.get(inch);
    if (known) return known;
    const [width, height] = Object.entries(this.panels).find(([name]) => name.startsWith(`${inch}-`))[1];
    const section = document.createElement("section");
    section.style.setProperty("--w", width);
    section.style.setProperty("--h", height);
    section.dataset.inch = inch;
    const head = document.createElement("h2");
    head.id = `panel-${inch}`;
    head.textContent = `${inch}″ `;
    const count = document.createElement("span");
    head.append(count);
    const area = document.createElement("div");
    area.className = "area";
    area.setAttribute("role", "group");
    area.setAttribute("aria-labelledby", head.id);
    section.append(head, area);
    const group = { section, area, count, width, ids: [] };
    this.groups.set(inch, group);
    const after = [...this.wall.children].find((other) => Number(other.dataset.inch) > Number(inch));
    this.wall.insertBefore(section, after ?? null); // small ones first: a shop has most of them
    return group;
  }

  onBroken(image) {
    this.broken.add(image);
    setTimeout(() => { if (this.broken.delete(image)) image.src = image.src; }, 3000);
  }
}

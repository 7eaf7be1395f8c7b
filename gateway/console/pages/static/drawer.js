// One display's history beside the wall; it follows what happens to that display.
const AGAIN_MS = 300; // a refresh makes several facts within moments

export class Drawer {
  constructor(box, about, elementOf) {
    this.box = box;
    this.about = about;
    this.elementOf = elementOf;
    this.id = null;
    this.timer = 0;
    document.getElementById("close").addEventListener("click", () => this.close());
    addEventListener("hashchange", () => this.follow(location.hash));
  }

  async open(id) {
    this.mark(false);
    this.id = id;
    this.mark(true);
    const was = this.box.hidden;
    await this.read();
    if (this.id !== id) return;
    history.replaceState(null, "", `#${id}`);
    this.box.hidden = false;
    document.body.classList.add("opened");
    if (was) this.box.focus();
    this.elementOf(id)?.scrollIntoView({ block: "nearest" });
  }

  // Gives whether there was something to close.
  close() {
    if (this.id === null) return false;
    const element = this.elementOf(this.id);
    this.mark(false);
    this.id = null;
    this.box.hidden = true;
    document.body.classList.remove("opened");
    history.replaceState(null, "", location.pathname + location.search);
    element?.focus();
    return true;
  }

  follow(hash) {
    const id = decodeURIComponent(hash.slice(1));
    if (id && id !== this.id) this.open(id);
    else if (id) this.read();
  }

  changed(id) {
    if (id !== this.id) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.read(), AGAIN_MS);
  }

  mark(on) {
    const element = this.id && this.elementOf(this.id);
    if (element) element.toggleAttribute("aria-current", on);
  }

  async read() {
    const id = this.id;
    try {
      const answer = await fetch(`/console/displays/${encodeURIComponent(id)}?part=true`, { cache: "no-store" });
      if (answer.ok && this.id === id) this.about.innerHTML = await answer.text(); // our own page, escaped there
    } catch { /* the gateway is away; the wall says so, and reads again when it is back */ }
  }
}

// Every label as one dot, in the order of the wall: what is far below is seen too. A click leads there.
const COLOURS = { proved: "#2fbf71", waiting: "#ffb020", unknown: "#ffb020", idle: "#4a515b" };
const FROM = 150; // fewer are seen at once anyhow

export class ShopMap {
  constructor(canvas, cells, open) {
    this.canvas = canvas;
    this.cells = cells;
    this.ids = [];
    canvas.addEventListener("click", (event) => {
      const column = Math.floor(event.offsetX / this.step), row = Math.floor(event.offsetY / this.step);
      const id = this.ids[row * this.columns + column];
      if (id && column < this.columns) open(id);
    });
    addEventListener("resize", () => this.draw());
  }

  draw() {
    const groups = [...this.cells.groups.values()].sort((a, b) => Number(a.section.dataset.inch) - Number(b.section.dataset.inch));
    this.ids = groups.flatMap((group) => group.ids);
    this.canvas.hidden = this.ids.length < FROM;
    if (this.canvas.hidden) return;
    const width = this.canvas.parentElement.clientWidth - 32;
    this.step = this.ids.length > 1200 ? 6 : 9;
    this.columns = Math.floor(width / this.step);
    const rows = Math.ceil(this.ids.length / this.columns);
    const scale = devicePixelRatio;
    this.canvas.width = this.columns * this.step * scale;
    this.canvas.height = rows * this.step * scale;
    this.canvas.style.width = `${this.columns * this.step}px`;
    this.canvas.style.height = `${rows * this.step}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    const side = this.step - 2;
    for (const [place, id] of this.ids.entries()) {
      const held = this.cells.byId.get(id);
      pen.fillStyle = COLOURS[held.one.state];
      pen.globalAlpha = held.element.hidden ? 0.2 : 1;
      pen.fillRect((place % this.columns) * this.step, Math.floor(place / this.columns) * this.step, side, side);
    }
  }
}

// Every label as one dot, in the order of the wall: what is far below is seen too. A click leads there.
const COLOURS = { proved: "#2fbf71", waiting: "#ffb020", unknown: "#ffb020", idle: "#4a515b" };
const FROM = 150; // fewer are seen at once anyhow

export class ShopMap {
  constructor(canvas, cells, open) {
    this.canvas = canvas;
    this.cells = cells;
    this.ids = [];
    this.dots = []; // as they are drawn
    canvas.addEventListener("click", (event) => {
      const column = Math.floor(event.offsetX / this.step), row = Math.floor(event.offsetY / this.step);
      const id = this.ids[row * this.columns + column];
      if (id && column < this.columns) open(id);
    });
    addEventListener("resize", () => this.draw());
  }

  draw() {
    const groups = [...this.cells.groups.values()].sort((a, b) => Number(a.section.dataset.inch) - Number(b.section.dataset.inch));
    const before = this.ids;
    this.ids = groups.flatMap((group) => group.ids);
    this.canvas.hidden = this.ids.length < FROM;
    if (this.canvas.hidden) return;
    const width = this.canvas.parentElement.clientWidth - 32;
    this.step = this.ids.length > 1200 ? 6 : 9;
    this.columns = Math.floor(width / this.step);
    const rows = Math.ceil(this.ids.length / this.columns);
    this.resize(this.columns * this.step, rows * this.step);
    if (this.ids.length !== before.length || this.ids.some((id, place) => id !== before[place])) this.dots = [];
    const pen = this.canvas.getContext("2d");
    if (!this.dots.length) pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const side = this.step - 2;
    for (const [place, id] of this.ids.entries()) {
      const held = this.cells.byId.get(id);
      const dot = COLOURS[held.one.state] + (held.element.hidden ? "33" : "");
      if (dot === this.dots[place]) continue;
      this.dots[place] = pen.fillStyle = dot;
      const x = (place % this.columns) * this.step, y = Math.floor(place / this.columns) * this.step;
      pen.clearRect(x, y, side, side);
      pen.fillRect(x, y, side, side);
    }
  }

  // Only when it must be: it empties the canvas.
  resize(width, height) {
    const scale = devicePixelRatio, size = `${width}x${height}x${scale}`;
    if (size === this.size) return;
    this.size = size;
    this.dots = [];
    this.canvas.width = width * scale;
    this.canvas.height = height * scale;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.canvas.getContext("2d").scale(scale, scale);
  }
}

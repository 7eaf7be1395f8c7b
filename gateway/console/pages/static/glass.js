// One glass, live and full screen: what its tag has proved it shows, and nothing else.
import { cell as read, live, pictureOf, STATE_WORDS } from "./live.js";

const { store, display } = document.body.dataset;
const glass = document.getElementById("glass");
const picture = document.getElementById("picture");
const words = document.getElementById("words");

function apply(list) {
  for (const row of list) {
    const one = read(row);
    if (one.id !== display) continue;
    glass.dataset.state = one.state;
    words.textContent = STATE_WORDS[one.state];
    document.getElementById("name").textContent = one.name ?? "No product";
    document.title = one.name ?? display;
    if (!one.picture) picture.removeAttribute("src");
    else if (picture.getAttribute("src") !== pictureOf(one.picture)) picture.src = pictureOf(one.picture);
    else if (picture.complete && !picture.naturalWidth) picture.src = pictureOf(one.picture);
  }
}

// Whole device pixels a pixel of the panel, where there is room: e-paper has no grey edges.
function fit() {
  if (!picture.naturalWidth) return;
  const room = Math.min((innerWidth * 0.94) / picture.naturalWidth, (innerHeight * 0.8) / picture.naturalHeight);
  const steps = Math.floor(room * devicePixelRatio);
  const scale = steps >= 1 ? steps / devicePixelRatio : room;
  picture.style.width = `${picture.naturalWidth * scale}px`;
  picture.classList.toggle("whole", steps >= 1);
}

picture.addEventListener("load", fit);
picture.addEventListener("error", () => setTimeout(() => { picture.src = picture.src; }, 2000));
addEventListener("resize", fit);
glass.addEventListener("dblclick", () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
fit();
live({ store, display }, { wall: ({ cells }) => apply(cells), cells: apply, batch() {} });

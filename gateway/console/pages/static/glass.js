"use strict";
// One glass, live: what its tag has proved it shows, and nothing else.
const { store, display } = document.body.dataset;
const picture = document.getElementById("picture");
const words = document.getElementById("words");

function apply(one) {
  if (one.picture) picture.src = `/console/pictures/${one.picture}.png`;
  else picture.removeAttribute("src");
  words.className = one.state === "proved" ? "proved" : "waiting";
  words.textContent = one.state === "proved" ? "proved" : "not proved yet";
}

const live = new EventSource(`/console/events?store=${encodeURIComponent(store)}`);
live.addEventListener("open", async () => {
  const answer = await fetch(`/console/cells?store=${encodeURIComponent(store)}`);
  if (answer.ok) for (const one of await answer.json()) if (one.id === display) apply(one);
});
live.addEventListener("cells", (event) => { for (const one of JSON.parse(event.data)) if (one.id === display) apply(one); });

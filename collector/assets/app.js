// Progressive enhancement only: every page works without this file.
"use strict";

// Keeps the live part of a page fresh without losing place, focus or an open form.
const refresh = () => {
  const live = document.getElementById("live");
  if (!live || !live.dataset.refresh) return;
  const period = Number(live.dataset.refresh) * 1000;
  const tick = async () => {
    const busy = document.hidden || live.contains(document.activeElement) || String(document.getSelection());
    if (!busy) {
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
        if (answer.ok) {
          const next = new DOMParser().parseFromString(await answer.text(), "text/html");
          const part = next.getElementById("live");
          if (part) {
            live.replaceChildren(...document.importNode(part, true).childNodes);
            for (const place of [".nav", ".foot"]) {
              const now = document.querySelector(place);
              const then = next.querySelector(place);
              if (now && then && !now.contains(document.activeElement)) {
                now.replaceChildren(...document.importNode(then, true).childNodes);
              }
            }
            hideTip();
          }
        }
      } catch {
        // Away for the moment; the time at the foot of the page says how old it is.
      }
    }
    setTimeout(tick, period);
  };
  setTimeout(tick, period);
};

// What a day of the bar says, at once instead of after the browser's pause.
let tip = null;
const hideTip = () => {
  if (tip) tip.remove();
  tip = null;
};
const showTip = (day) => {
  hideTip();
  const box = day.getBoundingClientRect();
  tip = document.createElement("div");
  tip.className = "tip";
  tip.textContent = day.getAttribute("aria-label");
  document.body.append(tip);
  const half = tip.offsetWidth / 2;
  const middle = Math.min(Math.max(box.left + box.width / 2, half + 8), document.documentElement.clientWidth - half - 8);
  tip.style.left = `${middle + scrollX}px`;
  tip.style.top = `${box.top + scrollY - 8}px`;
};
const dayOf = (event) => (event.target instanceof Element ? event.target.closest(".day") : null);
document.addEventListener("mouseover", (event) => {
  const day = dayOf(event);
  if (day) {
    const title = day.querySelector("title");
    if (title) title.remove();
    showTip(day);
  } else {
    hideTip();
  }
});
document.addEventListener("focusin", (event) => {
  const day = dayOf(event);
  if (day) showTip(day);
});
document.addEventListener("focusout", hideTip);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
  const day = dayOf(event);
  if (!day) return;
  const days = [...day.parentNode.querySelectorAll(".day")];
  const at = days.indexOf(day);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: days.length - 1 }[event.key];
  if (to === undefined || !days[to]) return;
  event.preventDefault();
  day.setAttribute("tabindex", "-1");
  days[to].setAttribute("tabindex", "0");
  days[to].focus();
});

for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}
for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}
refresh();

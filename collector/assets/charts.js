// Charts of a host: mean as a line, minimum to maximum as a band. Data come from the API of this very server. Without
// script the table below the charts says the same in numbers.
"use strict";

const ink = (name) => {
  const probe = document.createElement("i");
  probe.className = name;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};
const language = document.documentElement.lang;
const compact = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

const bits = (bytes) => {
  let value = bytes * 8;
  for (const unit of ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"]) {
    if (value < 1000) return `${compact.format(value)} ${unit}`;
    value /= 1000;
  }
  return `${compact.format(value)} Tbit/s`;
};
// Shares come in permille, rates in bytes per second.
const layOut = (unit, value) => {
  if (value === null || value === undefined) return "–";
  return unit === "permille" ? `${compact.format(value / 10)} %` : bits(value);
};

const load = async (box, metric) => {
  const query = new URLSearchParams({ metric, from: box.dataset.from, to: box.dataset.to, step: box.dataset.step });
  const answer = await fetch(`${box.dataset.series}?${query}`, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`series: ${answer.status}`);
  return answer.json();
};

// A gap in the data stays a gap in the line.
const columns = (series) => {
  const step = series.step_seconds;
  const out = [[], [], [], []];
  let last = null;
  for (const [at, mean, low, high] of series.points) {
    if (last !== null && at - last > series.gap_seconds) {
      out[0].push(last + step);
      for (const column of out.slice(1)) column.push(null);
    }
    [at, mean, low, high].forEach((value, index) => out[index].push(value));
    last = at;
  }
  return out;
};

const draw = (box, all) => {
  const unit = all[0].unit;
  const inks = [ink("chart-ink"), ink("chart-ink-2")];
  const muted = ink("muted");
  const grid = ink("chart-grid");
  const names = box.dataset.names.split("|");
  const faint = (colour) => colour.replace("rgb(", "rgba(").replace(")", ", .16)");
  const tables = all.map(columns);
  const data = uPlot.join(tables, tables.map(() => [1, 1, 1, 1].map(() => 2)));
  const series = [{}];
  const bands = [];
  all.forEach((_, index) => {
    const first = series.length;
    const value = (_u, v) => layOut(unit, v);
    series.push({ label: names[index], stroke: inks[index], width: 1.8, dash: index > 0 ? [7, 4] : undefined, value, points: { show: false } });
    series.push({ stroke: "transparent", points: { show: false } });
    series.push({ stroke: "transparent", points: { show: false } });
    bands.push({ series: [first + 2, first + 1], fill: faint(inks[index]) });
  });
  const axis = { stroke: muted, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: box.dataset.zone });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: box.dataset.zone });
  const long = Number(box.dataset.to) - Number(box.dataset.from) > 2 * 86400;
  const options = {
    width: box.clientWidth - 24,
    height: 186,
    series,
    bands,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 }, sync: { key: "host" } },
    scales: {
      x: { time: true, range: [Number(box.dataset.from), Number(box.dataset.to)] },
      y: { range: unit === "permille" ? [0, 1000] : (_u, _low, high) => [0, Math.max(high * 1.15, 1000)] },
    },
    axes: [
      { ...axis, space: 80, size: 30, values: (_u, at) => at.map((t) => (long ? date : time).format(t * 1000)) },
      {
        ...axis,
        size: unit === "permille" ? 46 : 80,
        splits: unit === "permille" ? () => [0, 250, 500, 750, 1000] : undefined,
        values: (_u, at) => at.map((v) => layOut(unit, v)),
      },
    ],
    hooks: {
      setCursor: [(u) => {
        const at = u.cursor.idx;
        const now = box.parentNode.querySelector(".chart-now");
        if (at === null || at === undefined || u.data[0][at] === undefined) {
          now.textContent = now.dataset.now;
          return;
        }
        const parts = all.map((_, index) => {
          const text = layOut(unit, u.data[1 + index * 3][at]);
          return all.length > 1 ? `${names[index]} ${text}` : text;
        });
        const when = `${long ? `${date.format(u.data[0][at] * 1000)} ` : ""}${time.format(u.data[0][at] * 1000)}`;
        now.textContent = `${when} · ${parts.join(" · ")}`;
      }],
    },
  };
  box.replaceChildren();
  const chart = new uPlot(options, data, box);
  new ResizeObserver(() => chart.setSize({ width: box.clientWidth - 24, height: 186 })).observe(box);
};

const message = (box, text) => {
  const line = document.createElement("p");
  line.className = "message";
  line.textContent = text;
  box.replaceChildren(line);
};

for (const box of document.querySelectorAll(".chart[data-metrics]")) {
  Promise.all(box.dataset.metrics.split(" ").map((metric) => load(box, metric)))
    .then((all) => (all.every((s) => s.points.length === 0) ? message(box, box.dataset.empty) : draw(box, all)))
    .catch(() => message(box, box.dataset.failed));
}

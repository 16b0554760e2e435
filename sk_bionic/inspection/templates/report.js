"use strict";
// Reads curves, looks closer and hides them. Without it the figures are whole; it asks nothing from outside.
const NS = "http://www.w3.org/2000/svg";
const readout = document.body.appendChild(document.createElement("div"));
readout.className = "readout";

function element(parent, name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return parent.appendChild(made);
}

function niceStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 5));
  return power * [1, 2, 5, 10].find((m) => span / (m * power) <= 6);
}

function panel(axes) {
  const svg = axes.ownerSVGElement, numbers = (key) => axes.dataset[key].split(" ").map(Number);
  const [left, top, width, height] = numbers("box"), x = numbers("x"), y = numbers("y");
  const [scaleX, scaleY] = axes.dataset.scale.split(" "), names = axes.dataset.axes.split("|");
  const lines = [...axes.querySelectorAll("[data-kind=line]")].map((group) => ({
    group, name: group.dataset.series,
    points: [...group.querySelectorAll("path")].filter((p) => !p.closest("defs")).flatMap((p) =>
      [...p.getAttribute("d").matchAll(/([ML]) (\S+) (\S+)/g)].map((m) => [+m[2], +m[3], m[1]])),
  }));
  const moving = [...axes.querySelectorAll("[data-kind=line] path, [data-kind=band] path, [data-kind=band] use")]
    .filter((p) => !p.closest("defs"));
  for (const path of moving) {  // the window stays where it is while the curves move under it
    const clip = path.closest("[clip-path]");
    if (clip) { const value = clip.getAttribute("clip-path"); clip.removeAttribute("clip-path");
      axes.querySelector(`#${CSS.escape(path.closest("[data-kind]").id)}`).setAttribute("clip-path", value); }
    path.setAttribute("vector-effect", "non-scaling-stroke");
  }
  const ticks = [...axes.children].find((g) => g.id.includes("matplotlib.axis"));
  const labelled = ticks && ticks.querySelector("[id*='xtick'] [id*='text']");
  let view = [x[0], x[1]], start = null;
  const own = element(axes, "g", { "font-size": 8, "text-anchor": "middle", fill: "#333" });
  const cursor = element(axes, "line", { y1: top, y2: top + height, stroke: "#888", "stroke-width": .6, visibility: "hidden" });
  const chosen = element(axes, "rect", { y: top, height, fill: "#0072B2", opacity: .12, visibility: "hidden" });
  const glass = element(axes, "rect", { x: left, y: top, width, height, fill: "none", "pointer-events": "all" });
  glass.style.cursor = "crosshair"; glass.style.touchAction = "pan-y";

  const place = (event) => {
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return Math.min(Math.max(p.x, left), left + width);
  };
  const toX = (px) => view[0] + (px - left) / width * (view[1] - view[0]);
  const toY = (py) => { const part = (top + height - py) / height;
    return scaleY === "log" ? y[0] * (y[1] / y[0]) ** part : y[0] + part * (y[1] - y[0]); };

  function valueAt(points, value) {
    const px = left + (value - x[0]) / (x[1] - x[0]) * width;
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1], points[i]];
      if (b[2] === "L" && a[0] <= px && px <= b[0])
        return toY(a[1] + (b[0] > a[0] ? (px - a[0]) / (b[0] - a[0]) : 0) * (b[1] - a[1]));
    }
    return null;
  }
  function show(seen) {
    view = seen;
    const factor = (x[1] - x[0]) / (view[1] - view[0]);
    const shift = left - factor * (left + (view[0] - x[0]) / (x[1] - x[0]) * width);
    const whole = factor < 1.0001;
    for (const path of moving) whole ? path.removeAttribute("transform")
      : path.setAttribute("transform", `matrix(${factor} 0 0 1 ${shift} 0)`);
    if (ticks) for (const g of ticks.children) if (g.id.includes("xtick")) g.style.display = whole ? "" : "none";
    own.replaceChildren();
    if (whole) return;
    const step = niceStep(view[1] - view[0]);
    for (let v = Math.ceil(view[0] / step) * step; v <= view[1]; v += step) {
      const px = left + (v - view[0]) / (view[1] - view[0]) * width;
      element(own, "line", { x1: px, x2: px, y1: top + height, y2: top + height + 3, stroke: "#888" });
      if (labelled) element(own, "text", { x: px, y: top + height + 12 }).textContent = String(+v.toPrecision(6));
    }
  }
  (svg.panels ??= []).push({ link: axes.dataset.link, show });
  const showAll = (seen) => svg.panels.filter((one) => one.link === axes.dataset.link).forEach((one) => one.show(seen));
  glass.addEventListener("pointermove", (event) => {
    const px = place(event), value = toX(px), digits = (v) => String(+v.toPrecision(4));
    cursor.setAttribute("x1", px); cursor.setAttribute("x2", px); cursor.setAttribute("visibility", "visible");
    const rows = lines.filter((line) => line.group.style.display !== "none")
      .map((line) => [line.name, valueAt(line.points, value)]).filter((row) => row[1] !== null);
    readout.textContent = [`${names[0]}: ${digits(value)}`, names[1], ...rows.map(([n, v]) => `  ${n}: ${digits(v)}`)].join("\n");
    readout.style.display = "block";
    readout.style.left = `${Math.min(event.clientX + 14, innerWidth - readout.offsetWidth - 8)}px`;
    readout.style.top = `${Math.max(event.clientY - readout.offsetHeight - 8, 4)}px`;
    if (start !== null) { chosen.setAttribute("x", Math.min(start, px)); chosen.setAttribute("width", Math.abs(px - start));
      chosen.setAttribute("visibility", "visible"); }
  });
  glass.addEventListener("pointerleave", () => { readout.style.display = "none"; cursor.setAttribute("visibility", "hidden"); });
  if (scaleX !== "linear") return;
  glass.addEventListener("pointerdown", (event) => { start = place(event); glass.setPointerCapture(event.pointerId); event.preventDefault(); });
  glass.addEventListener("pointerup", (event) => {
    const [a, b] = [start, place(event)].sort((p, q) => p - q);
    start = null; chosen.setAttribute("visibility", "hidden");
    if (b - a > 5) showAll([toX(a), toX(b)]);
  });
  glass.addEventListener("dblclick", () => showAll([x[0], x[1]]));
}

function keys(svg) {
  const names = [...new Set([...svg.querySelectorAll("[data-kind=line], [data-kind=band]")].map((g) => g.dataset.series))];
  if (names.length < 2) return;
  const bar = document.createElement("div");
  bar.className = "keys";
  for (const name of names) {
    const button = bar.appendChild(document.createElement("button"));
    button.textContent = name; button.type = "button"; button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(shown));
      for (const g of svg.querySelectorAll("[data-series]")) if (g.dataset.series === name) g.style.display = shown ? "" : "none";
    });
  }
  svg.before(bar);
}

for (const svg of document.querySelectorAll("svg.figure")) {
  for (const axes of svg.querySelectorAll("[data-box]")) panel(axes);
  keys(svg);
}

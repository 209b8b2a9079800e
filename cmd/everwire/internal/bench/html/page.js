"use strict";
// Where one points into a chart, its legend says what there is, and a line shows where that is.
const data = JSON.parse(document.getElementById("data").textContent);

for (const figure of document.querySelectorAll("figure")) {
  const points = data[figure.id];
  const plot = figure.querySelector(".plot");
  const cross = figure.querySelector(".cross");
  const at = figure.querySelector(".at");
  const values = figure.querySelectorAll(".legend b");
  if (!points || !points.x.length) continue;

  const nearest = (x) => {
    let low = 0, high = points.x.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (points.x[middle] < x) low = middle; else high = middle;
    }
    return x - points.x[low] < points.x[high] - x ? low : high;
  };
  const show = (event) => {
    const box = plot.firstElementChild.getBoundingClientRect();
    const i = nearest(100 * (event.clientX - box.left) / box.width);
    cross.setAttribute("x1", points.x[i] + "%");
    cross.setAttribute("x2", points.x[i] + "%");
    cross.setAttribute("visibility", "visible");
    at.hidden = false;
    at.textContent = points.at[i];
    values.forEach((value, n) => {
      if (points.words[n]) value.textContent = points.words[n][i];
    });
  };
  const hide = () => {
    cross.setAttribute("visibility", "hidden");
    at.hidden = true;
    values.forEach((value) => { value.textContent = value.dataset.value; });
  };
  plot.addEventListener("pointermove", show);
  plot.addEventListener("pointerdown", show);
  plot.addEventListener("pointerleave", hide);
}

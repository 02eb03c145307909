// Reads values off the charts: pointer or arrow keys move a hair line, the caption shows date and values.
'use strict';
for (const figure of document.querySelectorAll('figure.chart')) {
  const data = JSON.parse(figure.querySelector('script').textContent);
  const plot = figure.querySelector('.plot');
  const hair = figure.querySelector('.hair');
  const read = figure.querySelector('.read');
  let at = data.at.length - 1;

  const show = (k) => {
    at = Math.max(0, Math.min(data.at.length - 1, k));
    hair.hidden = false;
    hair.style.left = data.at[at] / 10 + '%';
    read.textContent = [data.dates[at]].concat(data.series.map((s) => s.name + ' ' + s.values[at])).join(' · ');
  };
  const hide = () => {
    hair.hidden = true;
    read.textContent = '';
  };
  const nearest = (x) => {
    let low = 0, high = data.at.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (data.at[middle] < x) low = middle; else high = middle;
    }
    return x - data.at[low] < data.at[high] - x ? low : high;
  };

  plot.addEventListener('pointermove', (e) => {
    const box = plot.getBoundingClientRect();
    show(nearest(1000 * (e.clientX - box.left) / box.width));
  });
  plot.addEventListener('pointerleave', hide);
  plot.addEventListener('focus', () => { if (plot.matches(':focus-visible')) show(at); });
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowLeft') show(at - 1);
    else if (e.key === 'ArrowRight') show(at + 1);
    else if (e.key === 'Escape') hide();
    else return;
    e.preventDefault();
  });
}

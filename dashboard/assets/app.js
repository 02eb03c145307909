// Follows the daemon: when the journal grows, asks for this page again and puts the new text of each live part in the
// place of the old. Draws the charts from exact numbers that come as text. It computes nothing that it shows.
(function () {
  "use strict";
  const charts = [];
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone

  // ---- live ----
  let wanted = false, asking = false, last = 0;

  async function refresh() {
    if (asking || document.hidden) { wanted = true; return; }
    const wait = 1000 - (performance.now() - last);
    if (wait > 0) { wanted = true; setTimeout(later, wait); return; }
    asking = true; wanted = false; last = performance.now();
    try {
      if (document.querySelector("[data-live]")) {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        if (answer.status === 401) { location.reload(); return; }
        if (answer.ok) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      }
      for (const c of charts) await c.load();
    } catch (e) { document.body.classList.add("stale"); }
    asking = false;
    if (wanted) later();
  }
  function later() { if (wanted && !asking) { wanted = false; refresh(); } }

  function swap(fresh) {
    for (const old of document.querySelectorAll("[data-live]")) {
      const part = fresh.getElementById(old.id);
      if (!part || part.innerHTML === old.innerHTML || old.contains(document.activeElement) && document.activeElement.matches("input, select")) continue;
      const open = [...old.querySelectorAll("details[open]")].map((d) => d.id);
      const aside = [...old.querySelectorAll(".scroll")].map((d) => d.scrollLeft);
      old.innerHTML = part.innerHTML;
      for (const id of open) { const d = id && document.getElementById(id); if (d) d.open = true; }
      old.querySelectorAll(".scroll").forEach((d, i) => { d.scrollLeft = aside[i] || 0; });
    }
  }

  function follow() {
    let seq = null;
    const stream = new EventSource("/events");
    stream.onmessage = (m) => {
      const said = JSON.parse(m.data), clock = document.getElementById("clock");
      document.body.classList.remove("stale");
      if (clock) clock.textContent = said.now.slice(0, 10) + " " + said.now.slice(11, 19);
      if (said.seq !== seq) refresh(); // at first too: something may have happened since the page was made
      seq = said.seq;
    };
    stream.onerror = () => document.body.classList.add("stale");
  }
  document.addEventListener("visibilitychange", later);

  // ---- charts ----
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const group = (text) => {
    const [whole, part] = String(text).split(".");
    return whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + (part ? "." + part : "");
  };
  const korean = document.documentElement.lang === "ko";
  const axis = (n) => n.toLocaleString("en-US", { maximumFractionDigits: n > 1000 ? 0 : 2 });

  function look() {
    return {
      autoSize: true,
      layout: { background: { color: "transparent" }, textColor: css("--dim"), fontFamily: getComputedStyle(document.body).fontFamily, attributionLogo: false, panes: { separatorColor: css("--line") } },
      grid: { vertLines: { visible: false }, horzLines: { color: css("--line") } },
      rightPriceScale: { borderVisible: false }, timeScale: { borderVisible: false },
      crosshair: { vertLine: { color: css("--dim"), labelBackgroundColor: css("--dim") }, horzLine: { color: css("--dim"), labelBackgroundColor: css("--dim") } },
      localization: { locale: korean ? "ko-KR" : "en-GB", dateFormat: "yyyy-MM-dd" },
    };
  }
  function painted(chart, paint) {
    paint();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { chart.applyOptions(look()); paint(); });
  }

  function equity(box) {
    const L = LightweightCharts, KST = 9 * 3600;
    const chart = L.createChart(box, { ...look(), handleScroll: { mouseWheel: false, vertTouchDrag: false }, handleScale: { mouseWheel: false } });
    chart.applyOptions({ timeScale: { timeVisible: true, secondsVisible: false } });
    const line = chart.addSeries(L.AreaSeries, { lineWidth: 2, priceFormat: { type: "custom", minMove: 1, formatter: axis }, lastValueVisible: true, priceLineVisible: false });
    painted(chart, () => line.applyOptions({ lineColor: css("--accent"), topColor: css("--accent") + "33", bottomColor: css("--accent") + "05" }));
    let count = -1;
    async function load() {
      const dots = await (await fetch(box.dataset.src)).json();
      line.setData(dots.map((d) => ({ time: d.at + KST, value: Number(d.equity) })));
      if (dots.length !== count) chart.timeScale().fitContent();
      count = dots.length;
      box.dataset.points = count;
    }
    return { load };
  }

  function candles(box) {
    const L = LightweightCharts, legend = document.getElementById("legend"), tip = box.appendChild(document.createElement("div"));
    tip.className = "tip";
    const chart = L.createChart(box, look());
    const bars = chart.addSeries(L.CandlestickSeries, { priceFormat: { type: "custom", minMove: 1, formatter: (n) => n.toLocaleString("en-US", { maximumFractionDigits: 2 }) }, priceLineVisible: false });
    const volume = chart.addSeries(L.HistogramSeries, { priceFormat: { type: "volume" }, priceScaleId: "volume", lastValueVisible: false, priceLineVisible: false });
    volume.priceScale().applyOptions({ scaleMargins: { top: .84, bottom: 0 } });
    bars.priceScale().applyOptions({ scaleMargins: { top: .08, bottom: .2 } });
    const marks = L.createSeriesMarkers(bars, []);
    let data = null, lines = [], at = {}, marked = {};

    const paint = () => {
      bars.applyOptions({ upColor: css("--up"), downColor: css("--down"), wickUpColor: css("--up"), wickDownColor: css("--down"), borderVisible: false });
      lines.forEach((l, i) => l.applyOptions({ color: css("--line-" + (i % 5 + 1)) }));
      if (data) draw();
    };
    function draw() {
      bars.setData(data.bars.map((b) => ({ time: b.date, open: Number(b.open), high: Number(b.high), low: Number(b.low), close: Number(b.close) })));
      volume.setData(data.bars.map((b) => ({ time: b.date, value: b.volume, color: css(Number(b.close) >= Number(b.open) ? "--up" : "--down") + "40" })));
      data.lines.forEach((l, i) => lines[i].setData(data.bars.map((b, k) => l.values[k] === "" ? { time: b.date } : { time: b.date, value: Number(l.values[k]) })));
      marks.setMarkers(data.marks.filter((m) => m.date in at).map((m) => ({ time: m.date, position: m.side === "buy" ? "belowBar" : "aboveBar", shape: m.side === "buy" ? "arrowUp" : "arrowDown", color: css(m.side === "buy" ? "--up" : "--down"), text: box.clientWidth < 600 ? "" : box.dataset[m.side], size: 1.4 })));
    }
    function shape() { // one series a line of the rule; what is no price gets a pane of its own
      const names = data.lines.map((l) => l.name + l.on_bars).join("\n");
      if (lines.names === names) return;
      for (const l of lines) chart.removeSeries(l);
      lines = data.lines.map((l) => chart.addSeries(L.LineSeries, { lineWidth: 2, priceLineVisible: false, lastValueVisible: !l.on_bars, crosshairMarkerRadius: 3, priceFormat: { type: "custom", minMove: .01, formatter: (n) => n.toLocaleString("en-US", { maximumFractionDigits: 2 }) } }, l.on_bars ? 0 : 1));
      lines.names = names;
      chart.panes().forEach((p, i) => p.setStretchFactor(i === 0 ? 3 : 1));
      lines.forEach((l, i) => l.applyOptions({ color: css("--line-" + (i % 5 + 1)) }));
    }
    function word(text, name) { const e = document.createElement("span"); e.textContent = text; if (name) e.className = name; return e; }
    function tell(date) {
      const b = at[date];
      legend.replaceChildren();
      if (!b) { legend.append(word(box.dataset.empty, "dim")); return; }
      const rose = Number(b.close) >= Number(b.open) ? "up" : "down";
      legend.append(word(b.date), word([b.open, b.high, b.low, b.close].map(group).join(" · "), rose), word(box.dataset.volume + " " + group(b.volume), "dim"));
      data.lines.forEach((l, i) => { const v = l.values[data.bars.indexOf(b)]; legend.append(word(l.name + "  " + (v ? group(v) : "–"), "key k" + (i % 5 + 1))); });
    }
    function hint(date, point) {
      const list = marked[date];
      tip.classList.toggle("shown", Boolean(list && point));
      if (!list || !point) return;
      tip.replaceChildren(...list.slice(0, 4).flatMap((m) => {
        const head = document.createElement("p"), why = document.createElement("p");
        head.append(word(box.dataset[m.side], "answer answer-" + m.side), word(" " + group(m.shares) + " × " + group(m.price) + " · " + m.strategy));
        why.className = "why"; why.textContent = m.reason.replace(/_/g, " ") + (m.detail ? " · " + m.detail : "");
        return [head, why];
      }));
      const left = point.x > box.clientWidth / 2 ? point.x - tip.offsetWidth - 16 : point.x + 16;
      tip.style.left = Math.max(4, left) + "px";
      tip.style.top = Math.max(4, Math.min(point.y, box.clientHeight - tip.offsetHeight - 8)) + "px";
    }
    chart.subscribeCrosshairMove((e) => {
      if (!data) return;
      tell(e.time || (data.bars.at(-1) || {}).date);
      hint(e.time, e.point);
    });
    chart.subscribeClick((e) => { const list = marked[e.time]; if (list && list[0].decision) location.href = "/decisions/" + encodeURIComponent(list.at(-1).decision); });
    painted(chart, paint);
    let first = true;
    async function load() {
      const text = await (await fetch(box.dataset.src)).text();
      if (text === load.text) return;
      load.text = text;
      data = JSON.parse(text);
      at = Object.fromEntries(data.bars.map((b) => [b.date, b]));
      marked = {};
      for (const m of data.marks) (marked[m.date] = marked[m.date] || []).push(m);
      shape(); draw();
      tell((data.bars.at(-1) || {}).date);
      if (first && data.bars.length) { first = false; chart.timeScale().setVisibleLogicalRange({ from: data.bars.length - (box.clientWidth < 600 ? 55 : 110), to: data.bars.length + 3 }); }
      box.dataset.bars = data.bars.length; box.dataset.marks = data.marks.length; box.dataset.lines = data.lines.length;
    }
    return { load };
  }

  for (const box of document.querySelectorAll("[data-chart]")) {
    const c = (box.dataset.chart === "equity" ? equity : candles)(box);
    charts.push(c);
    c.load().catch(() => document.body.classList.add("stale"));
  }
  follow();
})();

"use strict";
// What both pages share: data, colours, charts that follow the colour scheme and the width, and sortable tables.
const page = (() => {
  const root = document.documentElement;
  addEventListener("error", (event) => root.setAttribute("data-script-error", String(event.message)));

  const data = JSON.parse(document.getElementById("data").textContent);
  const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const colours = () => [1, 2, 3, 4, 5, 6, 7, 8].map((n) => style("--c" + n));
  const narrow = () => innerWidth < 600;

  // Tooltips are the only place where a chart takes HTML.
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => "&#" + c.charCodeAt(0) + ";");

  // JSON has no NaN, so the report writes it as a string.
  const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);

  const show = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) { return "–"; }
    const size = Math.abs(value);
    if (value !== 0 && size < 0.001) { return value.toExponential(2); }
    if (Number.isInteger(value)) { return value.toLocaleString("en"); }
    return size >= 1000 ? Math.round(value).toLocaleString("en") : size >= 100 ? value.toFixed(1) : size >= 10 ? value.toFixed(2) : value.toFixed(4);
  };

  // Axis labels: short, and never two alike.
  const tick = (value) => {
    const size = Math.abs(value);
    if (size >= 1e9) { return value / 1e9 + " G"; }
    if (size >= 1e6) { return value / 1e6 + " M"; }
    if (size >= 1e4) { return value / 1e3 + " k"; }
    return value !== 0 && size < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(6)));
  };

  const axis = (name, extra) => Object.assign({
    name, nameLocation: "middle", nameGap: 30, nameTextStyle: { color: style("--soft") },
    axisLabel: { color: style("--soft"), hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: style("--line") } },
    axisTick: { lineStyle: { color: style("--line") } },
    splitLine: { lineStyle: { color: style("--grid") } },
    minorSplitLine: { show: false },
  }, extra);

  const valueAxis = (name, extra) => {
    const made = axis(name, extra);
    made.axisLabel = Object.assign({ formatter: tick }, made.axisLabel);
    return made;
  };

  const tooltip = (extra) => Object.assign({
    confine: true, backgroundColor: style("--card"), borderColor: style("--line"), textStyle: { color: style("--ink"), fontSize: 13 },
    extraCssText: "max-width:min(420px,90vw);white-space:normal;overflow-wrap:anywhere",
  }, extra);

  const toolbox = (features) => ({
    right: 0, top: 0, itemSize: 14, iconStyle: { borderColor: style("--soft") }, emphasis: { iconStyle: { borderColor: style("--accent") } },
    feature: Object.assign({ restore: { title: "Reset" }, saveAsImage: { title: "Save", type: "svg", backgroundColor: style("--card") } }, features),
  });

  const zoomBox = (axes) => ({ dataZoom: Object.assign({ title: { zoom: "Zoom", back: "Back" }, brushStyle: { color: style("--accent"), opacity: 0.2 } }, axes) });

  const charts = [];

  // `make` returns an option; it is called again when the colours change or something is selected.
  const mount = (id, make) => {
    const element = document.getElementById(id);
    if (!element) { return { update() { } }; }
    const entry = { element, make, chart: null };
    entry.draw = () => {
      const option = make(element);
      if (!entry.chart) { entry.chart = echarts.init(element, null, { renderer: "svg" }); }
      entry.chart.resize();
      entry.chart.setOption(Object.assign({
        animation: false, color: colours(), textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: style("--ink") },
        aria: { enabled: true },
      }, option), true);
    };
    entry.draw();
    new ResizeObserver(() => {
      if (entry.width !== element.clientWidth) {
        entry.width = element.clientWidth;
        entry.draw();
      }
    }).observe(element);
    charts.push(entry);
    return { update: entry.draw };
  };

  const redraw = () => charts.forEach((entry) => entry.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", redraw);
  addEventListener("afterprint", redraw);

  const select = (id, names, changed) => {
    const element = document.getElementById(id);
    if (!element) { return null; }
    names.forEach((name) => {
      const option = document.createElement("option");
      option.value = option.textContent = name;
      element.append(option);
    });
    element.addEventListener("change", () => changed(element.value));
    return element;
  };

  document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = head.querySelector("button");
      if (!button) { return; }
      button.addEventListener("click", () => {
        const first = head.dataset.first || "descending";
        const now = head.getAttribute("aria-sort");
        const next = now === "none" ? first : now === "ascending" ? "descending" : "ascending";
        table.querySelectorAll("thead th[aria-sort]").forEach((other) => other.setAttribute("aria-sort", "none"));
        head.setAttribute("aria-sort", next);
        const key = (row) => (row.cells[column] ? row.cells[column].dataset.value : "") ?? "";
        const sign = next === "ascending" ? 1 : -1;
        [...body.rows].sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x === "" || y === "") { return x === y ? 0 : x === "" ? 1 : -1; }
          const difference = head.dataset.kind === "text" ? x.localeCompare(y) : Number(x) - Number(y);
          return sign * difference;
        }).forEach((row) => body.append(row));
      });
    });
  });

  // Histograms of the items' features and the heat map of their correlations.
  const features = (histograms, correlations) => {
    const grid = (extra) => Object.assign({ left: 12, right: 20, top: 36, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "all" }, extra);
    histograms.forEach((feature, n) => mount(`chart-feature-${n}`, () => {
      const single = feature.bins.length === 1;
      const bars = feature.bins.map((b) => [single ? b.low : (b.low + b.high) / 2, b.count]);
      const [low, high] = [feature.bins[0].low, feature.bins[feature.bins.length - 1].high];
      return {
        tooltip: tooltip({
          trigger: "item",
          formatter: (p) => `${show(feature.bins[p.dataIndex].low)} – ${show(feature.bins[p.dataIndex].high)}<br><b>${show(p.value[1])}</b> items`,
        }),
        grid: grid({ top: 10, right: 14, bottom: 2, left: 4 }),
        dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" }],
        xAxis: valueAxis("", Object.assign({ type: "value", splitLine: { show: false }, splitNumber: 4, axisLabel: { color: style("--soft"), hideOverlap: true, showMinLabel: false, showMaxLabel: false } }, single ? { min: low - 1, max: high + 1 } : { min: low, max: high })),
        yAxis: valueAxis("", { type: "value", splitNumber: 3 }),
        series: [{
          // Bars drawn from edge to edge: a bar series on a value axis leaves gaps or overlaps.
          type: "custom", encode: { x: 0, y: 1 }, data: bars,
          renderItem(params, api) {
            const bin = feature.bins[params.dataIndex];
            const half = single ? 0.25 : 0;
            const [x1, y1] = api.coord([bin.low - half, api.value(1)]);
            const [x2, y2] = api.coord([bin.high + half, 0]);
            return { type: "rect", shape: { x: x1, y: y1, width: Math.max(1, x2 - x1 - 0.6), height: y2 - y1 }, style: { fill: style("--c6") } };
          },
        }],
      };
    }));

    const names = histograms.map((f) => f.name);
    mount("chart-correlation", (element) => {
      element.style.height = `${Math.min(760, Math.max(300, 130 + (narrow() ? 24 : 38) * names.length))}px`;
      const cells = correlations.flatMap((row, y) => row.map((value, x) => [x, y, number(value)])).filter((cell) => cell[2] !== null)
        .map((cell) => ({ value: cell, label: { color: Math.abs(cell[2]) > 0.6 ? "#fff" : style("--ink") } }));
      const label = { color: style("--ink"), fontSize: narrow() ? 10 : 12, interval: 0, width: narrow() ? 80 : 130, overflow: "truncate" };
      return {
        toolbox: toolbox({}),
        tooltip: tooltip({ trigger: "item", formatter: (p) => `${escape(names[p.value[1]])} and ${escape(names[p.value[0]])}<br><b>${p.value[2].toFixed(3)}</b>` }),
        grid: grid({ bottom: 50, top: 30 }),
        xAxis: axis("", { type: "category", data: names, axisLabel: Object.assign({ rotate: 45 }, label), splitLine: { show: false }, axisLine: { show: false } }),
        yAxis: axis("", { type: "category", data: names, inverse: true, axisLabel: label, splitLine: { show: false }, axisLine: { show: false } }),
        visualMap: {
          min: -1, max: 1, calculable: true, orient: "horizontal", left: "center", bottom: 0, itemWidth: 12, itemHeight: 120, precision: 2,
          textStyle: { color: style("--soft") }, inRange: { color: ["#b8501c", "#e9b48f", style("--grid"), "#94b0ee", "#2f5fd0"] },
        },
        series: [{
          type: "heatmap", data: cells, itemStyle: { borderColor: style("--card"), borderWidth: 1 },
          label: { show: names.length <= 14 && !narrow(), fontSize: 11, formatter: (p) => p.value[2].toFixed(2) },
        }],
      };
    });
  };

  const done = () => root.setAttribute("data-charts", String(charts.length));

  return { data, style, colours, narrow, escape, number, show, tick, axis, valueAxis, tooltip, toolbox, zoomBox, mount, select, features, done };
})();

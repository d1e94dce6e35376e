"use strict";
(() => {
  const { data, style, colours, narrow, escape, number, show, axis, valueAxis, tooltip, toolbox, zoomBox, mount, select, done } = page;
  const rows = data.rows.filter((row) => !row.error && Object.keys(row.metrics).length > 0);
  const metrics = [...new Set(rows.flatMap((row) => Object.keys(row.metrics)))].filter((name) => !data.page.slices.includes(name));
  const lower = new Set(data.page.lower_is_better);
  const beyond = metrics.filter((name) => data.page.beyond_accuracy.includes(name));
  const accuracy = metrics.filter((name) => !beyond.includes(name));
  let metric = accuracy[0] || metrics[0];
  let other = beyond[0];

  const figure = (row, name) => {
    const found = row.metrics[name];
    const value = found ? number(found.value) : null;
    return value === null ? null : { value, low: number(found.low) ?? value, high: number(found.high) ?? value, p: number(found.p_vs_best_baseline) };
  };

  const colourOf = (row) => {
    const all = colours();
    return row.is_baseline ? style("--grey") : all[rows.filter((r) => !r.is_baseline).indexOf(row) % all.length];
  };

  const describe = (row, name) => {
    const f = figure(row, name);
    const lines = [`<b>${escape(row.label)}</b>`];
    if (f) {
      lines.push(`${escape(name)} ${show(f.value)}` + (f.low < f.high ? ` (95 %: ${show(f.low)} – ${show(f.high)})` : ""));
      if (f.p !== null) { lines.push(`against the best baseline: p ${f.p < 0.001 ? "&lt; 0.001" : "= " + f.p.toFixed(3)}`); }
    }
    lines.push(`fit ${show(row.fit_seconds)} s, score ${show(row.score_seconds)} s, ${show(Math.round(row.peak_mb))} MB`);
    if (row.changed_options) { lines.push(escape(row.changed_options)); }
    return lines.join("<br>");
  };

  // Where a name would cover a point or another name, it moves up or down; at the right edge it moves to the left of its point.
  const steppingAside = (element, points) => {
    const placed = [];
    return (params) => {
      const chart = echarts.getInstanceByDom(element);
      const box = params.labelRect;
      let x = box.x;
      if (x + box.width > element.clientWidth - 4) { x = params.rect.x - box.width - 6; }
      const marks = points.map((point, n) => {
        const [px, py] = n === params.dataIndex ? [NaN, NaN] : chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, point);
        return { x: px - 7, y: py - 5, width: 14, height: 10 };
      });
      const free = (y) => marks.concat(placed.slice(0, params.dataIndex)).every((other) => !other || Number.isNaN(other.x)
        || x + box.width <= other.x || other.x + other.width <= x || y + box.height <= other.y || other.y + other.height <= y);
      const step = [0, -1, 1, -2, 2, -3, 3, -4, 4].find((n) => free(box.y + n * (box.height + 1))) ?? 0;
      const y = box.y + step * (box.height + 1);
      placed[params.dataIndex] = { x, y, width: box.width, height: box.height };
      return { x, y: y + box.height / 2, align: "left", verticalAlign: "middle" };
    };
  };

  const whisker = (horizontal, text) => ({
    type: "custom", silent: true, z: 5,
    renderItem(params, api) {
      const [at, low, high] = [api.value(0), api.value(1), api.value(2)];
      const [from, to] = horizontal ? [api.coord([low, at]), api.coord([high, at])] : [api.coord([at, low]), api.coord([at, high])];
      const half = 5;
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke: style("--ink"), lineWidth: 1.5 } });
      const caps = horizontal
        ? [line(from[0], from[1] - half, from[0], from[1] + half), line(to[0], to[1] - half, to[0], to[1] + half)]
        : [line(from[0] - half, from[1], from[0] + half, from[1]), line(to[0] - half, to[1], to[0] + half, to[1])];
      const children = low < high ? [line(from[0], from[1], to[0], to[1]), ...caps] : [];
      if (text) {
        children.push({ type: "text", style: { text: text(params.dataIndex), x: to[0] + 9, y: to[1], verticalAlign: "middle", fill: style("--ink"), fontSize: 12 } });
      }
      return { type: "group", children };
    },
  });

  const bars = mount("chart-metric", (element) => {
    // The axis starts at the bottom, so the best row comes last.
    const shown = rows.filter((row) => figure(row, metric))
      .sort((a, b) => (lower.has(metric) ? -1 : 1) * (figure(a, metric).value - figure(b, metric).value));
    element.style.height = `${Math.max(240, 110 + 34 * shown.length)}px`;
    const width = Math.min(220, element.clientWidth * 0.32);
    return {
      toolbox: toolbox(zoomBox({ yAxisIndex: "none" })),
      tooltip: tooltip({ trigger: "item", formatter: (p) => describe(shown[p.dataIndex], metric) }),
      grid: { left: 8, right: 64, top: 36, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "all" },
      dataZoom: [{ type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" }],
      xAxis: valueAxis(metric + (lower.has(metric) ? " (lower is better)" : ""), { type: "value" }),
      yAxis: axis("", {
        type: "category", data: shown.map((row) => row.label), splitLine: { show: false },
        axisLabel: { color: style("--ink"), width, overflow: "truncate", interval: 0 },
      }),
      series: [
        {
          type: "bar", barMaxWidth: 22, data: shown.map((row) => ({
            value: figure(row, metric).value, itemStyle: { color: colourOf(row), opacity: row.is_baseline ? 0.7 : 0.9, borderRadius: [0, 3, 3, 0] },
          })),
        },
        Object.assign(whisker(true, (n) => show(figure(shown[n], metric).value)), {
          data: shown.map((row, n) => [n, figure(row, metric).low, figure(row, metric).high]),
          encode: { x: [1, 2], y: 0 },
        }),
      ],
    };
  });

  // Better is up, whichever way the metric counts.
  const accuracyAxis = () => valueAxis(metric + (lower.has(metric) ? " (lower is better)" : ""), { type: "value", scale: true, nameGap: 44, inverse: lower.has(metric) });

  // One point a model; the names stand beside the points, and step aside where two meet.
  const scatter = (element, x, y, xAxis, yAxis, describeRow) => {
    const shown = rows.filter((row) => x(row) !== null && y(row) !== null);
    const errors = shown.filter((row) => y(row).low < y(row).high).map((row) => [x(row), y(row).low, y(row).high]);
    return {
      toolbox: toolbox(zoomBox({})),
      tooltip: tooltip({ trigger: "item", formatter: (p) => describeRow(shown[p.dataIndex]) }),
      grid: { left: 12, right: narrow() ? 30 : 70, top: 44, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "all" },
      dataZoom: [
        { type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
        { type: "inside", yAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
      ],
      xAxis, yAxis,
      series: [
        Object.assign(whisker(false), { data: errors, encode: { x: 0, y: [1, 2] } }),
        {
          type: "scatter", symbolSize: 13, z: 6,
          data: shown.map((row) => ({ value: [x(row), y(row).value], itemStyle: { color: colourOf(row) } })),
          label: {
            show: true, position: "right", distance: 8, color: style("--ink"), fontSize: 12, width: narrow() ? 80 : 130, overflow: "truncate",
            formatter: (p) => shown[p.dataIndex].label,
          },
          labelLayout: steppingAside(element, shown.map((row) => [x(row), y(row).value])),
        },
      ],
    };
  };

  const leastTime = Math.max(1e-3, Math.min(...rows.map((row) => row.fit_seconds).filter((s) => s > 0), Infinity));
  const time = mount("chart-time", (element) => scatter(
    element,
    (row) => Math.max(number(row.fit_seconds) ?? 0, Math.min(leastTime, 0.01)), (row) => figure(row, metric),
    valueAxis("seconds to fit (logarithmic)", { type: "log" }),
    accuracyAxis(), (row) => describe(row, metric)));

  const spread = mount("chart-beyond", (element) => scatter(
    element,
    (row) => figure(row, other)?.value ?? null, (row) => figure(row, metric),
    valueAxis(other + (other.startsWith("gini") ? " (lower: more even)" : ""), { type: "value", scale: true }),
    accuracyAxis(),
    (row) => `${describe(row, metric)}<br>${escape(other)} ${show(figure(row, other).value)}`));

  // Families of one metric at several list lengths.
  const families = {};
  metrics.forEach((name) => {
    const parts = name.split("@");
    if (parts.length === 2) { (families[parts[0]] ??= []).push(Number(parts[1])); }
  });
  const curves = Object.keys(families).filter((name) => families[name].length > 1);
  let family = curves[0];

  const lines = (series, xName, yName, extra) => ({
    toolbox: toolbox(zoomBox({})),
    legend: {
      type: "scroll", top: 32, left: 0, right: 0, textStyle: { color: style("--ink"), width: 180, overflow: "truncate" }, inactiveColor: style("--grey"),
      pageTextStyle: { color: style("--ink") }, pageIconColor: style("--accent"), tooltip: { show: true },
    },
    tooltip: tooltip({
      trigger: "axis",
      formatter: (points) => [`<b>${escape(xName)} ${show(points[0].value[0])}</b>`]
        .concat(points.slice().sort((a, b) => b.value[1] - a.value[1]).map((p) => `${p.marker}${escape(p.seriesName)}: ${show(p.value[1])}`)).join("<br>"),
    }),
    grid: { left: 12, right: 24, top: 70, bottom: 44, outerBoundsMode: "same", outerBoundsContain: "all" },
    dataZoom: [
      { type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
      { type: "slider", height: 18, bottom: 4, filterMode: "none", textStyle: { color: style("--soft") }, borderColor: style("--line"), labelFormatter: (v) => show(v) },
    ],
    xAxis: valueAxis(xName, Object.assign({ type: "value", scale: true, nameGap: 26 }, extra)),
    yAxis: valueAxis(yName, { type: "value", scale: true, nameGap: 44 }),
    series,
  });

  const byLength = mount("chart-lengths", () => {
    const lengths = families[family].slice().sort((a, b) => a - b);
    const symbols = ["circle", "triangle", "rect", "diamond"];
    return lines(rows.map((row, n) => ({
      name: row.label, type: "line", symbol: symbols[n % 4], symbolSize: 8, itemStyle: { color: colourOf(row) }, lineStyle: { width: 2, type: row.is_baseline ? "dashed" : "solid" },
      data: lengths.map((k) => [k, figure(row, `${family}@${k}`)?.value ?? null]),
    })), "k", `${family}@k`, lengths[0] > 0 && lengths[lengths.length - 1] / lengths[0] > 8 ? { type: "log", logBase: 10, scale: true } : {});
  });

  // Groups of bars: one group a range of listeners, one bar a model.
  const sliced = {};
  data.page.slices.forEach((name) => {
    const [whole, range] = name.split(":popularity=");
    (sliced[whole] ??= []).push({ name, range });
  });
  let slicedMetric = Object.keys(sliced)[0];
  const byPopularity = mount("chart-slices", (element) => {
    const groups = sliced[slicedMetric];
    const shown = rows.filter((row) => groups.some((group) => figure(row, group.name)));
    element.style.height = "420px";
    // A bar within its group, as ECharts lays them out for these gaps.
    const gap = 0.24, between = 0.12;
    const offset = (n) => ((n + 0.5) * (1 + between) - (shown.length * (1 + between)) / 2) / (shown.length * (1 + between) - between) * (1 - gap);
    return {
      toolbox: toolbox(zoomBox({ xAxisIndex: "none" })),
      legend: {
        type: "scroll", top: 32, left: 0, right: 0, textStyle: { color: style("--ink"), width: 180, overflow: "truncate" }, inactiveColor: style("--grey"),
        pageTextStyle: { color: style("--ink") }, pageIconColor: style("--accent"), selectedMode: false,
      },
      tooltip: tooltip({ trigger: "item", formatter: (p) => {
        const group = groups[p.dataIndex], f = figure(shown[p.seriesIndex % shown.length], group.name);
        return f ? `<b>${escape(shown[p.seriesIndex % shown.length].label)}</b><br>${escape(group.name)} ${show(f.value)}` + (f.low < f.high ? ` (95 %: ${show(f.low)} – ${show(f.high)})` : "") : "";
      } }),
      grid: { left: 12, right: 24, top: 70, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "all" },
      xAxis: axis("listeners of the right answer in training", { type: "category", data: groups.map((group) => group.range), splitLine: { show: false } }),
      yAxis: valueAxis(slicedMetric, { type: "value", nameGap: 44 }),
      series: shown.map((row) => ({
        name: row.label, type: "bar", barGap: "12%", barCategoryGap: "24%", data: groups.map((group) => figure(row, group.name)?.value ?? null),
        itemStyle: { color: colourOf(row), opacity: row.is_baseline ? 0.7 : 0.9 },
      })).concat(shown.map((row, n) => ({
        type: "custom", silent: true, z: 5, tooltip: { show: false }, encode: { x: 0, y: [1, 2] },
        data: groups.map((group, g) => [g, figure(row, group.name)?.low ?? null, figure(row, group.name)?.high ?? null]),
        renderItem(params, api) {
          if (!(api.value(1) < api.value(2))) { return null; }
          const x = api.coord([api.value(0), 0])[0] + offset(n) * api.size([1, 0])[0];
          const line = { stroke: style("--ink"), lineWidth: 1.2 };
          return { type: "line", shape: { x1: x, x2: x, y1: api.coord([0, api.value(1)])[1], y2: api.coord([0, api.value(2)])[1] }, style: line };
        },
      }))),
    };
  });

  (data.series || []).forEach((chart, n) => mount(`chart-series-${n}`, () => {
    const xs = chart.lines.flatMap((line) => line.x.map(number)).filter((x) => x !== null);
    const wide = xs.length > 0 && Math.min(...xs) > 0 && Math.max(...xs) / Math.min(...xs) > 50;
    return lines(chart.lines.map((line) => ({
      name: line.label, type: "line", symbolSize: 6, showSymbol: line.x.length <= 60, lineStyle: { width: 2 },
      data: line.x.map((x, k) => [number(x), number(line.y[k])]),
    })), chart.x_label, chart.y_label, wide ? { type: "log" } : {});
  }));

  if (data.features) { page.features(data.features.histograms, data.features.correlations); }
  select("select-metric", metrics, (value) => { metric = value; bars.update(); time.update(); spread.update(); });
  const chooser = document.getElementById("select-metric");
  if (chooser && metric) { chooser.value = metric; }
  select("select-beyond", beyond, (value) => { other = value; spread.update(); });
  select("select-slices", Object.keys(sliced), (value) => { slicedMetric = value; byPopularity.update(); });
  select("select-family", curves, (value) => { family = value; byLength.update(); });
  done();
})();

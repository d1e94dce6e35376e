"use strict";
(() => {
  const { data, style, narrow, escape, number, show, axis, valueAxis, tooltip, toolbox, zoomBox, mount, done } = page;
  const charts = data.charts;
  const grid = (extra) => Object.assign({ left: 12, right: 20, top: 36, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "all" }, extra);
  const slider = () => [
    { type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false },
    { type: "slider", height: 18, bottom: 4, textStyle: { color: style("--soft") }, borderColor: style("--line") },
  ];

  if (charts.burst) {
    const day = 86400000;
    const width = charts.burst.unit === "week" ? 7 * day : day;
    mount("chart-burst", () => {
      const points = charts.burst.counts.map((c) => [Date.parse(c.value), c.count]);
      return {
        useUTC: true, toolbox: toolbox(zoomBox({ yAxisIndex: "none" })),
        tooltip: tooltip({ trigger: "item", formatter: (p) => `${charts.burst.unit === "week" ? "week from " : ""}${escape(charts.burst.counts[p.dataIndex].value)}<br><b>${show(p.value[1])}</b> plays` }),
        grid: grid({ bottom: 34 }), dataZoom: slider(),
        xAxis: axis("", { type: "time", min: points[0][0] - width, max: points[points.length - 1][0] + width, splitLine: { show: false } }),
        yAxis: valueAxis(`plays a ${charts.burst.unit}`, { type: "value", minInterval: 1, nameGap: 32 }),
        series: [{ type: "bar", barWidth: 3, data: points, itemStyle: { color: style("--c1") } }],
      };
    });
  }

  if (charts.months) {
    mount("chart-months", () => ({
      toolbox: toolbox(zoomBox({ yAxisIndex: "none" })),
      tooltip: tooltip({ trigger: "axis", formatter: (p) => `${escape(p[0].name)}<br><b>${show(p[0].value)}</b> interactions` }),
      grid: grid({ bottom: 34 }), dataZoom: slider(),
      xAxis: axis("", { type: "category", data: charts.months.map((m) => m.value), splitLine: { show: false } }),
      yAxis: valueAxis("interactions a month", { type: "value", nameGap: 44 }),
      series: [{ type: "bar", data: charts.months.map((m) => m.count), itemStyle: { color: style("--c3") } }],
    }));
  }

  mount("chart-ranks", () => ({
    toolbox: toolbox(zoomBox({})),
    tooltip: tooltip({ trigger: "item", formatter: (p) => `rank ${show(p.value[0])}<br><b>${show(p.value[1])}</b> plays` }),
    grid: grid({}), dataZoom: [
      { type: "inside", xAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
      { type: "inside", yAxisIndex: 0, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, filterMode: "none" },
    ],
    xAxis: valueAxis("rank of the item (logarithmic)", { type: "log" }),
    yAxis: valueAxis("plays (logarithmic)", { type: "log", nameGap: 44 }),
    series: [{ type: "line", symbol: "circle", symbolSize: 4, data: charts.ranks.map((r) => [r.rank, r.plays]), lineStyle: { width: 1 }, itemStyle: { color: style("--c1") } }],
  }));

  const range = (bin) => (bin.low === bin.high ? show(bin.low) : `${show(bin.low)}–${show(bin.high)}`);
  const degrees = (id, bins, what, of, colour) => mount(id, () => ({
    toolbox: toolbox(zoomBox({ yAxisIndex: "none" })),
    tooltip: tooltip({ trigger: "axis", formatter: (p) => `${escape(range(bins[p[0].dataIndex]))} ${of}<br><b>${show(p[0].value)}</b> ${what}` }),
    grid: grid({}), dataZoom: [{ type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false }],
    xAxis: axis(`distinct ${of} of one of the ${what}`, {
      type: "category", data: bins.map(range), splitLine: { show: false }, nameGap: 44, axisLabel: { color: style("--soft"), rotate: 35, hideOverlap: true, fontSize: 11 },
    }),
    yAxis: valueAxis(`number of ${what}`, { type: "value", nameGap: 44, minInterval: 1 }),
    series: [{ type: "bar", barCategoryGap: "12%", data: bins.map((b) => b.count), itemStyle: { color: style(colour) } }],
  }));
  degrees("chart-users", charts.per_user, "users", "items", "--c2");
  degrees("chart-items", charts.per_item, "items", "users", "--c4");

  charts.features.forEach((feature, n) => mount(`chart-feature-${n}`, () => {
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

  const names = charts.features.map((f) => f.name);
  mount("chart-correlation", (element) => {
    element.style.height = `${Math.min(760, Math.max(300, 130 + (narrow() ? 24 : 38) * names.length))}px`;
    const cells = charts.correlations.flatMap((row, y) => row.map((value, x) => [x, y, number(value)])).filter((cell) => cell[2] !== null)
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
  done();
})();

"use strict";
(() => {
  const { data, style, escape, show, axis, valueAxis, tooltip, toolbox, zoomBox, mount, done } = page;
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

  page.features(charts.features, charts.correlations);
  done();
})();

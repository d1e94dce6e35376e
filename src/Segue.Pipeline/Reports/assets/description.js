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

  if (charts.items) {
    // Small multiples: a grid an item, all over the same time; each has its own scale of plays.
    const items = charts.items.items, unit = charts.items.unit, height = 150;
    const span = { day: 1, week: 7, month: 31 }[unit] * 86400000;
    const points = items.map((item) => item.counts.map((c) => [Date.parse(c.value), c.count]));
    const least = Math.min(...points.map((p) => p[0][0])), most = Math.max(...points.map((p) => p[p.length - 1][0])) + span;
    mount("chart-played", (element) => {
      const columns = element.clientWidth < 620 || items.length === 1 ? 1 : 2, across = element.clientWidth / columns;
      element.style.height = `${Math.ceil(items.length / columns) * height + 8}px`;
      const left = (n) => (n % columns) * across + 44, top = (n) => Math.floor(n / columns) * height + 8;
      const label = { color: style("--soft"), fontSize: 11, hideOverlap: true };
      return {
        useUTC: true,
        tooltip: tooltip({
          trigger: "item",
          formatter: (p) => `${escape(items[p.seriesIndex].item)}<br>${unit === "week" ? "week from " : ""}${escape(items[p.seriesIndex].counts[p.dataIndex].value.slice(0, unit === "month" ? 7 : 10))}<br><b>${show(p.value[1])}</b> plays`,
        }),
        title: items.map((item, n) => ({
          left: left(n), top: top(n), padding: 0, itemGap: 2, textVerticalAlign: "top", text: item.item,
          subtext: `${show(item.plays)} plays by ${show(item.listeners)} listeners, burstiness ${item.burstiness.toFixed(2)}`,
          textStyle: { fontSize: 13, fontWeight: 600, color: style("--ink"), lineHeight: 18, width: across - 60, overflow: "truncate" },
          subtextStyle: { fontSize: 11, lineHeight: 14, color: style("--soft") },
        })),
        grid: items.map((_, n) => ({ left: left(n), width: across - 60, top: top(n) + 42, height: height - 76, outerBoundsMode: "none" })),
        xAxis: items.map((_, n) => axis("", { type: "time", gridIndex: n, min: least, max: most, splitLine: { show: false }, splitNumber: 4, axisLabel: label })),
        yAxis: items.map((_, n) => valueAxis("", { type: "value", gridIndex: n, minInterval: 1, splitNumber: 2, axisLabel: label })),
        series: items.map((_, n) => ({ type: "bar", xAxisIndex: n, yAxisIndex: n, barWidth: 3, data: points[n], itemStyle: { color: style(`--c${n + 1}`) } })),
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

"use strict";
// The map: points by WebGL (or on a plain canvas where there is none), names and marks on a canvas above. Nothing is fetched.
(() => {
  const { data, style, show } = page;
  const root = document.documentElement;
  const get = (id) => document.getElementById("map-" + id);
  const stage = get("stage"), tip = get("tip"), legend = get("legend"), hitList = get("hits");
  const n = data.titles.length, turns = data.dimensions === 3;
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // ---- Places: 16 bits a coordinate, little-endian.
  const decode = (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer), places = new Float32Array(n * 3);
    for (let i = 0; i < n; i++) {
      for (let d = 0; d < data.dimensions; d++) { places[3 * i + d] = view.getInt16(2 * (data.dimensions * i + d), true) / data.scale; }
    }
    return places;
  };
  const frames = data.frames.map((frame) => decode(frame.places));
  let places = frames[frames.length - 1];

  const most = data.interactions.reduce((a, b) => Math.max(a, b), 1);
  const rank = Float32Array.from(data.interactions, (v) => Math.log1p(v) / Math.log1p(most));
  const byPopularity = Uint32Array.from(rank.keys()).sort((a, b) => rank[b] - rank[a] || a - b);

  // ---- Colours.
  const light12 = ["#2f5fd0", "#dd6b20", "#0f8a5f", "#8b3fb5", "#c29a00", "#0f93ab", "#cf2f6e", "#6d9a1f", "#8a5a34", "#ea7fa6", "#4d5fa0", "#d13b3b"];
  const dark12 = ["#6f9cff", "#ff9d57", "#4fd29b", "#cf8ef5", "#f0cd52", "#54cde6", "#ff7fb0", "#b4dc5c", "#d3a27a", "#ffb3cd", "#9fb0f0", "#ff7d78"];
  const ramps = { light: ["#ccd3ea", "#7f9be0", "#7a4fc0", "#c2185b", "#7d0d2f"], dark: ["#3a4166", "#5b6fd0", "#a867d8", "#ff8a65", "#ffe08a"] };
  const palette = () => (dark.matches ? dark12 : light12);
  const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

  const categories = (names, of, none) => {
    const counts = new Map();
    of.forEach((index) => counts.set(index, (counts.get(index) || 0) + 1));
    const top = [...counts.keys()].filter((index) => index >= 0).sort((a, b) => counts.get(b) - counts.get(a) || a - b).slice(0, 12);
    const entries = top.map((index, at) => ({ name: names(index), count: counts.get(index), hue: at }));
    const place = new Map(top.map((index, at) => [index, at]));
    const rest = [...counts.keys()].filter((index) => index >= 0 && !place.has(index));
    let other = -1, unknown = -1;
    if (rest.length > 0) {
      other = entries.length;
      entries.push({ name: `${show(rest.length)} more`, count: rest.reduce((sum, index) => sum + counts.get(index), 0), hue: -1 });
    }
    if (counts.has(-1)) {
      unknown = entries.length;
      entries.push({ name: none, count: counts.get(-1), hue: -1 });
    }
    return { entries, of: Uint8Array.from(of, (index) => (index < 0 ? unknown : place.has(index) ? place.get(index) : other)) };
  };

  const modes = new Map();
  if (data.highlight.length > 0) {
    modes.set("highlight", () => {
      const [a, b] = data.highlight, featured = data.kind === "user" ? "features " : "by ";
      const names = b === undefined ? [featured + a] : [featured + a, featured + b, featured + "both"];
      const made = categories((index) => names[index], data.highlighted.map((bits) => bits - 1), "others");
      made.entries.forEach((entry) => { entry.hue = entry.name === "others" ? -1 : [6, 0, 4][names.indexOf(entry.name)]; entry.faint = entry.hue < 0; });
      return made;
    });
  }
  if (data.genres) { modes.set("genre", () => categories((index) => data.genres.names[index], data.genres.of, "no tag")); }
  if (data.artists) { modes.set("artist", () => categories((index) => data.artists.names[index], data.artists.of, "unknown artist")); }
  modes.set("popularity", () => ({ ramp: true }));
  modes.set("cluster", () => categories((index) => data.cluster_names[index], data.clusters, ""));

  let modeName = data.highlight.length > 0 ? "highlight" : data.color, mode = modes.get(modeName)(), only = -1;
  const colours = new Uint8Array(n * 4), front = new Uint8Array(n);
  let hits = null, isHit = null;

  const paint = () => {
    const ramp = ramps[dark.matches ? "dark" : "light"].map(rgb), hues = palette().map(rgb);
    const grey = dark.matches ? [112, 121, 141] : [150, 158, 174];
    for (let i = 0; i < n; i++) {
      let colour, alpha = 0.82, emphasis = 1;
      if (mode.ramp) {
        const at = rank[i] * (ramp.length - 1), low = Math.min(ramp.length - 2, Math.floor(at)), part = at - low;
        colour = [0, 1, 2].map((c) => ramp[low][c] + (ramp[low + 1][c] - ramp[low][c]) * part);
      } else {
        const entry = mode.entries[mode.of[i]];
        colour = entry.hue < 0 ? grey : hues[entry.hue];
        if (entry.hue < 0) { alpha = entry.faint ? 0.3 : 0.45; emphasis = 0; }
      }
      const dimmed = (only >= 0 && mode.of[i] !== only) || (isHit && !isHit[i]);
      if (dimmed) { colour = grey; alpha = 0.13; emphasis = 0; } else if (only >= 0 || isHit) { alpha = 0.95; emphasis = 2; }
      colours.set([colour[0], colour[1], colour[2], Math.round(alpha * 255)], 4 * i);
      front[i] = dimmed ? 0 : emphasis + 1;
    }
    inOrder = false;
    draw();
  };

  const drawLegend = () => {
    legend.replaceChildren();
    if (mode.ramp) {
      const box = document.createElement("span");
      box.className = "map-ramp";
      const bar = document.createElement("i");
      bar.style.setProperty("--ramp", `linear-gradient(90deg, ${ramps[dark.matches ? "dark" : "light"].join(", ")})`);
      box.append("0", bar, `${show(most)} interactions, logarithmic`);
      legend.append(box);
      return;
    }
    mode.entries.forEach((entry, at) => {
      const button = document.createElement("button"), dot = document.createElement("i"), name = document.createElement("span"), count = document.createElement("small");
      button.type = "button";
      dot.style.setProperty("--dot", entry.hue < 0 ? "var(--grey)" : palette()[entry.hue]);
      name.textContent = entry.name;
      name.dir = "auto";
      count.textContent = show(entry.count);
      button.append(dot, name, count);
      button.setAttribute("aria-pressed", String(only === at));
      button.classList.toggle("off", only >= 0 && only !== at);
      button.addEventListener("click", () => { only = only === at ? -1 : at; drawLegend(); paint(); });
      legend.append(button);
    });
  };

  // ---- View: a rotation (rows of a matrix), a zoom and a shift in pixels.
  const start = turns ? [0.86, 0, -0.5, -0.2, 0.92, -0.35, 0.46, 0.4, 0.79] : [1, 0, 0, 0, 1, 0, 0, 0, 1];
  const orthonormal = (m) => {
    const unit = (v) => { const l = Math.hypot(...v); return v.map((c) => c / l); };
    const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    const x = unit(m.slice(0, 3)), z = unit(cross(x, m.slice(3, 6)));
    return [...x, ...cross(z, x), ...z];
  };
  let turn = orthonormal(start), zoom = 1, shiftX = 0, shiftY = 0, width = 1, height = 1, ratio = 1;
  const screen = new Float32Array(n * 3), sizes = new Float32Array(n), order = new Uint32Array(n), extent = [1, 1];
  let inOrder = false;

  // The first view leaves out the outermost hundredth: a few points far away must not press the others together.
  const middle = [0, 0, 0];
  const measure = () => {
    const last = frames[frames.length - 1], half = [0, 0, 0];
    const quantile = (values, part) => values[Math.min(n - 1, Math.floor(part * n))];
    for (let d = 0; d < data.dimensions; d++) {
      const sorted = Float32Array.from({ length: n }, (_, i) => last[3 * i + d]).sort();
      const [low, high] = [quantile(sorted, 0.005), quantile(sorted, 0.995)];
      middle[d] = (low + high) / 2;
      half[d] = Math.max(1e-6, (high - low) / 2) * 1.06;
    }
    if (turns) { extent[0] = extent[1] = Math.max(...half) * 1.1; } else { [extent[0], extent[1]] = half; }
  };
  const unitPixels = () => Math.min(width / extent[0], height / extent[1]) * (turns ? 0.5 : 0.48);

  const project = () => {
    const scale = unitPixels() * zoom, [a, b, c, d, e, f, g, h, k] = turn, depth = 4 * extent[0];
    const base = Math.max(1.8, Math.min(5, 50 / Math.pow(n, 0.3))) * Math.pow(zoom, 0.38);
    for (let i = 0; i < n; i++) {
      const x = places[3 * i] - middle[0], y = places[3 * i + 1] - middle[1], z = places[3 * i + 2] - middle[2];
      let away = 1, near = 0;
      if (turns) {
        near = g * x + h * y + k * z;
        away = depth / Math.max(0.2 * depth, depth - near);
      }
      screen[3 * i] = width / 2 + shiftX + (a * x + b * y + c * z) * scale * away;
      screen[3 * i + 1] = height / 2 + shiftY - (d * x + e * y + f * z) * scale * away;
      screen[3 * i + 2] = near / extent[0];
      sizes[i] = base * (0.62 + 0.75 * rank[i]) * (turns ? away * away : 1) * (front[i] > 2 ? 1.25 : 1);
    }
  };

  // From back to front by counting: what is marked lies above the rest, popular points above others (flat) or near above far.
  const levels = 1024, counts = new Uint32Array(4 * levels + 1);
  const sort = () => {
    if (inOrder && !turns) { return; }
    counts.fill(0);
    const key = (i) => Math.min(levels - 1, Math.max(0, Math.floor((turns ? (screen[3 * i + 2] + 1) / 2 : rank[i]) * levels))) + front[i] * levels;
    for (let i = 0; i < n; i++) { counts[key(i) + 1]++; }
    for (let l = 0; l < 4 * levels; l++) { counts[l + 1] += counts[l]; }
    for (let i = 0; i < n; i++) { order[counts[key(i)]++] = i; }
    inOrder = true;
  };

  // ---- Two ways to draw points.
  const webgl = (canvas) => {
    const gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true });
    if (!gl) { return null; }
    const shader = (type, text) => { const s = gl.createShader(type); gl.shaderSource(s, text); gl.compileShader(s); return s; };
    const program = gl.createProgram();
    gl.attachShader(program, shader(gl.VERTEX_SHADER, `
      attribute vec3 place; attribute vec4 colour; uniform vec2 size; uniform float ratio; varying vec4 ink; varying float radius;
      void main() {
        gl_Position = vec4(place.xy / size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
        radius = place.z * ratio; gl_PointSize = 2.0 * radius + 2.0; ink = colour;
      }`));
    gl.attachShader(program, shader(gl.FRAGMENT_SHADER, `
      precision mediump float; varying vec4 ink; varying float radius;
      void main() {
        float away = length(gl_PointCoord - 0.5) * (2.0 * radius + 2.0);
        float alpha = ink.a * clamp(radius + 0.5 - away, 0.0, 1.0);
        gl_FragColor = vec4(ink.rgb * alpha, alpha);
      }`));
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) { return null; }
    gl.useProgram(program);
    const room = new ArrayBuffer(16 * n), floats = new Float32Array(room), bytes = new Uint8Array(room);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    const place = gl.getAttribLocation(program, "place"), colour = gl.getAttribLocation(program, "colour");
    gl.enableVertexAttribArray(place);
    gl.enableVertexAttribArray(colour);
    gl.vertexAttribPointer(place, 3, gl.FLOAT, false, 16, 0);
    gl.vertexAttribPointer(colour, 4, gl.UNSIGNED_BYTE, true, 16, 12);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const [size, pixels] = ["size", "ratio"].map((name) => gl.getUniformLocation(program, name));
    return () => {
      for (let at = 0; at < n; at++) {
        const i = order[at];
        floats[4 * at] = screen[3 * i];
        floats[4 * at + 1] = screen[3 * i + 1];
        floats[4 * at + 2] = sizes[i];
        bytes[16 * at + 12] = colours[4 * i];
        bytes[16 * at + 13] = colours[4 * i + 1];
        bytes[16 * at + 14] = colours[4 * i + 2];
        bytes[16 * at + 15] = fog(i);
      }
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(size, width, height);
      gl.uniform1f(pixels, ratio);
      gl.bufferData(gl.ARRAY_BUFFER, room, gl.DYNAMIC_DRAW);
      gl.drawArrays(gl.POINTS, 0, n);
    };
  };

  const plain = (canvas) => {
    const pen = canvas.getContext("2d"), stamps = new Map();
    const stamp = (i, radius) => {
      const key = `${colours[4 * i]},${colours[4 * i + 1]},${colours[4 * i + 2]},${(fog(i) / 16 | 0) / 16}`, name = key + "," + radius;
      let made = stamps.get(name);
      if (!made) {
        made = document.createElement("canvas");
        made.width = made.height = Math.ceil(2 * radius) + 2;
        const ink = made.getContext("2d");
        ink.fillStyle = `rgba(${key})`;
        ink.beginPath();
        ink.arc(made.width / 2, made.width / 2, radius, 0, 7);
        ink.fill();
        if (stamps.size > 4000) { stamps.clear(); }
        stamps.set(name, made);
      }
      return made;
    };
    return () => {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < n; at++) {
        const i = order[at], x = screen[3 * i] * ratio, y = screen[3 * i + 1] * ratio;
        if (x < -20 || y < -20 || x > canvas.width + 20 || y > canvas.height + 20) { continue; }
        const made = stamp(i, Math.max(1, Math.round(sizes[i] * ratio * 2) / 2));
        pen.drawImage(made, x - made.width / 2, y - made.width / 2);
      }
    };
  };

  // What lies far back pales.
  const fog = (i) => (turns ? colours[4 * i + 3] * (0.72 + 0.28 * Math.max(-1, Math.min(1, screen[3 * i + 2]))) : colours[4 * i + 3]);

  const points = get("points"), over = get("over"), pen = over.getContext("2d");
  let drawPoints = webgl(points);
  root.setAttribute("data-map-renderer", drawPoints ? "webgl" : "canvas");
  drawPoints = drawPoints || plain(points);

  // ---- Names and marks.
  let hovered = -1, selected = -1;
  const short = data.titles.map((title) => { const letters = [...title]; return letters.length > 28 ? letters.slice(0, 27).join("") + "…" : title; });
  const widths = new Map();
  const ring = (i, radius, colour, line) => {
    pen.beginPath();
    pen.arc(screen[3 * i], screen[3 * i + 1], sizes[i] + radius, 0, 7);
    pen.strokeStyle = colour;
    pen.lineWidth = line;
    pen.stroke();
  };
  const drawOver = () => {
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const accent = style("--accent"), ink = style("--ink"), card = style("--card");
    if (hits) { hits.slice(0, 400).forEach((i) => ring(i, 3.5, accent, 1.5)); }
    if (get("labels").checked) {
      const taken = [], wanted = Math.round(width * height / 26000);
      pen.font = `12px ${getComputedStyle(document.body).fontFamily}`;
      pen.textBaseline = "middle";
      pen.lineJoin = "round";
      pen.lineWidth = 3.5;
      const label = (i) => {
        const x = screen[3 * i] + sizes[i] + 4, y = screen[3 * i + 1];
        if (x < 4 || y < 10 || x > width - 20 || y > height - 10 || (turns && screen[3 * i + 2] < -0.2)) { return; }
        if (!widths.has(i)) { widths.set(i, pen.measureText(short[i]).width); }
        const box = [x - 4, y - 9, x + widths.get(i) + 4, y + 9];
        if (box[2] > width || taken.some((t) => t[0] < box[2] && box[0] < t[2] && t[1] < box[3] && box[1] < t[3])) { return; }
        taken.push(box);
        pen.strokeStyle = card;
        pen.globalAlpha = 0.85;
        pen.strokeText(short[i], x, y);
        pen.globalAlpha = 1;
        pen.fillStyle = ink;
        pen.fillText(short[i], x, y);
      };
      const bright = hits || only >= 0 || modeName === "highlight";
      for (let at = 0; at < n && taken.length < wanted; at++) {
        const i = byPopularity[at];
        if (!bright || front[i] > 1) { label(i); }
      }
    }
    if (selected >= 0) { ring(selected, 4, accent, 2.5); }
    if (hovered >= 0 && hovered !== selected) { ring(hovered, 3, ink, 1.5); }
    const shown = hovered >= 0 ? hovered : selected;
    tip.hidden = shown < 0;
    if (shown >= 0) {
      const x = screen[3 * shown], y = screen[3 * shown + 1];
      tip.style.left = `${Math.max(6, Math.min(x + 14, width - tip.offsetWidth - 8))}px`;
      tip.style.top = `${Math.max(6, y + 14 + tip.offsetHeight > height ? y - tip.offsetHeight - 12 : y + 14)}px`;
    }
  };

  const describe = (i) => {
    tip.replaceChildren();
    const line = (tag, text) => { const e = document.createElement(tag); e.dir = "auto"; e.textContent = text; tip.append(e); };
    line("b", data.titles[i]);
    const mostly = data.kind === "user" ? "mostly " : "";
    if (data.artists && data.artists.of[i] >= 0) { line("span", mostly + data.artists.names[data.artists.of[i]]); }
    if (data.genres && data.genres.of[i] >= 0) { line("span", mostly + data.genres.names[data.genres.of[i]]); }
    line("span", `${show(data.interactions[i])} ${data.interactions[i] === 1 ? "interaction" : "interactions"} · among ${data.cluster_names[data.clusters[i]]}`);
  };

  let waiting = false, slowest = 0;
  const render = () => {
    if (width < 2) { return; }
    const began = performance.now();
    project();
    sort();
    drawPoints();
    drawOver();
    slowest = Math.max(slowest, performance.now() - began);
    root.setAttribute("data-map-points", String(n));
    root.setAttribute("data-map-frame-milliseconds", slowest.toFixed(1));
  };
  const draw = () => {
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => { waiting = false; render(); });
    }
  };

  // A canvas is cleared when its size is set, so what is drawn follows at once.
  const resize = () => {
    const [wide, high, pixels] = [stage.clientWidth, stage.clientHeight, Math.min(2, devicePixelRatio || 1)];
    if (wide === width && high === height && pixels === ratio) { return; }
    [width, height, ratio] = [wide, high, pixels];
    [points, over].forEach((canvas) => { canvas.width = Math.round(width * ratio); canvas.height = Math.round(height * ratio); });
    render();
  };

  // ---- Moving, turning, zooming, choosing.
  const zoomAt = (x, y, factor) => {
    const next = Math.max(0.4, Math.min(400, zoom * factor)), by = next / zoom, px = x - width / 2, py = y - height / 2;
    shiftX = px - (px - shiftX) * by;
    shiftY = py - (py - shiftY) * by;
    zoom = next;
    draw();
  };
  const rotate = (right, down) => {
    const [cx, sx, cy, sy] = [Math.cos(down), Math.sin(down), Math.cos(right), Math.sin(right)], [a, b, c, d, e, f, g, h, k] = turn;
    const x = [cy * a + sy * g, cy * b + sy * h, cy * c + sy * k], z = [cy * g - sy * a, cy * h - sy * b, cy * k - sy * c];
    turn = orthonormal([...x, ...[d, e, f].map((v, i) => cx * v - sx * z[i]), ...z]);
    draw();
  };
  const move = (dx, dy, shifted) => {
    if (turns && !shifted) { rotate(dx * 0.008, dy * 0.008); } else { shiftX += dx; shiftY += dy; draw(); }
  };
  const reset = () => { turn = orthonormal(start); zoom = 1; shiftX = shiftY = 0; draw(); };

  const pick = (x, y) => {
    let best = -1, least = Infinity;
    for (let i = 0; i < n; i++) {
      const away = Math.hypot(screen[3 * i] - x, screen[3 * i + 1] - y), reach = sizes[i] + 5;
      const value = Math.max(0, away - sizes[i]) - 2 * front[i] - (turns ? 2 * screen[3 * i + 2] : 0);
      if (away < reach && value < least && !(front[i] === 0 && (hits || only >= 0))) { best = i; least = value; }
    }
    return best;
  };
  const hover = (i) => {
    if (i !== hovered) {
      hovered = i;
      stage.classList.toggle("over", i >= 0);
      if (i >= 0) { describe(i); } else if (selected >= 0) { describe(selected); }
      draw();
    }
  };
  const choose = (i) => { selected = i; if (i >= 0) { describe(i); } render(); };
  const flyTo = (i) => {
    zoom = Math.max(zoom, turns ? 2.5 : 6);
    project();
    shiftX += width / 2 - screen[3 * i];
    shiftY += height / 2 - screen[3 * i + 1];
    hovered = -1;
    choose(i);
  };

  const pointers = new Map();
  let travelled = 0;
  const at = (event) => { const box = stage.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  stage.addEventListener("pointerdown", (event) => {
    if (event.target.closest(".map-hits")) { return; }
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    travelled = 0;
  });
  stage.addEventListener("pointermove", (event) => {
    const [x, y] = at(event), last = pointers.get(event.pointerId);
    if (!last) {
      hover(event.target.closest(".map-hits") ? -1 : pick(x, y));
      return;
    }
    travelled += Math.hypot(x - last[0], y - last[1]);
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const before = Math.hypot(last[0] - other[0], last[1] - other[1]), after = Math.hypot(x - other[0], y - other[1]);
      shiftX += (x - last[0]) / 2;
      shiftY += (y - last[1]) / 2;
      if (before > 0) { zoomAt((x + other[0]) / 2, (y + other[1]) / 2, after / before); }
    } else {
      move(x - last[0], y - last[1], event.shiftKey || (event.buttons & 2) !== 0);
    }
    pointers.set(event.pointerId, [x, y]);
  });
  const release = (event) => {
    if (pointers.delete(event.pointerId) && event.type === "pointerup" && travelled < 4) { choose(pick(...at(event))); }
  };
  stage.addEventListener("pointerup", release);
  stage.addEventListener("pointercancel", release);
  stage.addEventListener("pointerleave", () => hover(-1));
  stage.addEventListener("contextmenu", (event) => { if (turns) { event.preventDefault(); } });
  stage.addEventListener("wheel", (event) => {
    if (event.target.closest(".map-hits")) { return; }
    event.preventDefault();
    zoomAt(...at(event), Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)));
  }, { passive: false });
  stage.addEventListener("dblclick", (event) => zoomAt(...at(event), 2));
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [30, 0], ArrowRight: [-30, 0], ArrowUp: [0, 30], ArrowDown: [0, -30] }[event.key];
    if (step) { move(...step, event.shiftKey); } else if (event.key === "+" || event.key === "=") { zoomAt(width / 2, height / 2, 1.25); }
    else if (event.key === "-") { zoomAt(width / 2, height / 2, 0.8); } else if (event.key === "0") { reset(); }
    else if (event.key === "Escape") { choose(-1); } else { return; }
    event.preventDefault();
  });
  get("reset").addEventListener("click", reset);
  get("labels").addEventListener("change", draw);

  // ---- Search: every word must occur, accents and case aside.
  const plainText = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  let haystack = null;
  const search = (text) => {
    const words = plainText(text).split(/\s+/).filter((word) => word.length > 0);
    haystack = haystack || data.titles.map((title, i) => plainText(title + " " + (data.artists && data.artists.of[i] >= 0 ? data.artists.names[data.artists.of[i]] : "")));
    hits = words.length === 0 ? null : [...byPopularity].filter((i) => words.every((word) => haystack[i].includes(word)));
    isHit = hits ? new Uint8Array(n) : null;
    if (hits) { hits.forEach((i) => { isHit[i] = 1; }); }
    get("found").textContent = hits ? `${show(hits.length)} found` : "";
    hitList.replaceChildren(...(hits || []).slice(0, 12).map((i) => {
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.dir = "auto";
      button.textContent = data.titles[i];
      if (data.artists && data.artists.of[i] >= 0) {
        const artist = document.createElement("small");
        artist.textContent = data.artists.names[data.artists.of[i]];
        button.append(artist);
      }
      button.addEventListener("click", () => flyTo(i));
      item.append(button);
      return item;
    }));
    hitList.hidden = !hits || hits.length === 0;
    paint();
  };
  get("search").addEventListener("input", (event) => search(event.target.value));
  get("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && hits && hits.length > 0) { flyTo(hits[0]); hitList.hidden = true; }
    if (event.key === "Escape") { event.target.value = ""; search(""); }
  });

  // ---- Epochs: between two that were kept, points move on straight lines.
  const slider = get("frame"), run = get("run");
  const toFrame = (at) => {
    const low = Math.min(frames.length - 1, Math.floor(at)), high = Math.min(frames.length - 1, low + 1), part = at - low;
    if (part === 0) { places = frames[low]; } else { places = frames[low].map((v, i) => v + (frames[high][i] - v) * part); }
    get("frame-name").textContent = data.frames[Math.round(at)].name;
    draw();
  };
  let playing = 0;
  const stop = () => { cancelAnimationFrame(playing); playing = 0; run.textContent = "Play"; };
  const play = () => {
    let last = performance.now(), at = Number(slider.value) >= frames.length - 1 ? 0 : Number(slider.value);
    run.textContent = "Pause";
    const step = (now) => {
      at = Math.min(frames.length - 1, at + (now - last) / 900);
      last = now;
      slider.value = at;
      toFrame(at);
      if (at < frames.length - 1) { playing = requestAnimationFrame(step); } else { stop(); }
    };
    playing = requestAnimationFrame(step);
  };
  if (frames.length > 1) {
    get("play").hidden = false;
    slider.max = frames.length - 1;
    slider.value = frames.length - 1;
    get("frame-name").textContent = data.frames[frames.length - 1].name;
    slider.addEventListener("input", () => { stop(); toFrame(Number(slider.value)); });
    run.addEventListener("click", () => (playing ? stop() : play()));
  }

  const select = page.select("map-color", [...modes.keys()], (name) => { modeName = name; mode = modes.get(name)(); only = -1; drawLegend(); paint(); });
  select.value = modeName;

  dark.addEventListener("change", () => { drawLegend(); paint(); });
  measure();
  drawLegend();
  paint();
  new ResizeObserver(resize).observe(stage);
  resize();
})();

// One chart: a figure with its lines' values, drawn by dygraphs, and its text beside it.
// spec = {key, title, format, lines(): [{label, style, points, stepsPerEpoch}], marks(): [mark],
//         note(chart): text, extent(): [from, to] of all charts or null, refine(chart)}

const charts = new Set();  // of the view that is shown

const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const chart = entry.target.chart;
    chart.isSeen = entry.isIntersecting;
    if (chart.isSeen && chart.isDirty) drawChart(chart);
  }
}, { rootMargin: '200px' });

function newChart(spec) {
  const chart = { spec, isDirty: true, isSeen: false, graph: null, lines: [], columns: [], rows: [] };
  chart.readout = h('ul', { class: 'readout' });
  chart.canvas = h('div', { class: 'plot', 'aria-hidden': 'true' });
  chart.cross = h('div', { class: 'cross', hidden: true });
  chart.tip = h('div', { class: 'tip', hidden: true });
  chart.note = h('p', { class: 'fine' });
  chart.at = h('span', { class: 'fine' });
  chart.toggle = button('table', () => toggleTable(chart), { class: 'quiet', 'aria-pressed': 'false' });
  chart.toggle.setAttribute('aria-label', `data table of ${spec.title}`);
  chart.table = h('div', { class: 'scroll data', hidden: true, tabindex: 0, role: 'region',
    'aria-label': `points of ${spec.title}` });
  chart.summary = h('p', { class: 'unseen' });
  chart.element = h('figure', { class: 'chart' },
    h('figcaption', {}, h('span', { class: 'title' }, spec.title),
      h('span', { class: 'grow' }), chart.at, chart.toggle),
    chart.readout, h('div', { class: 'plot-box' }, chart.canvas, chart.cross, chart.tip),
    chart.note, chart.summary, chart.table);
  chart.element.chart = chart;
  charts.add(chart);
  watcher.observe(chart.element);
  return chart;
}

function dropChart(chart) {
  watcher.unobserve(chart.element);
  if (chart.graph) chart.graph.destroy();
  charts.delete(chart);
}

function touchChart(chart) {
  chart.isDirty = true;
  if (chart.isSeen) drawChart(chart);
}

function redrawCharts() { for (const chart of charts) touchChart(chart); }

// Gaps between the points of a line that others have are bridged; each line has a column, and a
// second one behind it with what was recorded when it is smoothed.
function fillColumns(chart) {
  chart.lines = chart.spec.lines().filter((line) => line.points.value.length > 0
    && (controls.axis !== 'epoch' || line.stepsPerEpoch > 0));
  chart.placed = chart.lines.map((line) => placed(line, controls.axis));
  chart.columns = [];
  chart.placed.forEach(({ x, y }, i) => {
    const isSmooth = controls.smoothing > 0 && y.length > 2;
    chart.columns.push({ x, y: isSmooth ? smoothed(y, controls.smoothing) : y, line: i, isRaw: false });
    if (isSmooth) chart.columns.push({ x, y, line: i, isRaw: true });
  });
  chart.columns = chart.columns.map((column) => forScreen(column, controls.window));
  chart.rows = rowsOf(chart.columns);
  chart.places = chart.rows.map((row) => row[0]);
}

function columnOptions(chart) {
  const options = {};
  chart.columns.forEach((column, c) => {
    const style = chart.lines[column.line].style;
    const few = column.x.length <= 40;
    options['c' + c] = {
      color: lineColour(style) + (column.isRaw ? '48' : ''),
      strokeWidth: column.isRaw ? 1 : 1.6,
      strokePattern: column.isRaw ? null : lineDash(style),
      drawPoints: few && !column.isRaw,
      pointSize: 2,
      highlightCircleSize: column.isRaw ? 0 : 3,
    };
  });
  return options;
}

function axisText(value, gap) {
  if (controls.axis === 'time') return gap < 20 ? general(value, 4) + ' s' : showDuration(value);
  if (controls.axis === 'epoch' || gap < 1) return general(value, 6);
  return Math.abs(value) >= 1e6 ? general(value / 1e6, 4) + 'M' : showCount(value);
}

function gapOf(g, axis) {
  const range = axis === 'x' ? g.xAxisRange() : g.yAxisRange(0);
  return Math.abs(range[1] - range[0]);
}

function valueAxisText(chart, value, g) {
  const digits = Math.min(8, Math.max(2, Math.ceil(Math.log10(Math.abs(value) / gapOf(g, 'y') || 1)) + 2));
  const bytes = chart.spec.format === showBytes;
  return bytes ? showBytes(value) : general(Number(value.toPrecision(12)), controls.log ? 3 : digits);
}

// Room round a value that does not change: else the chart would show the noise of its last digit.
function steadyRange(chart) {
  const all = chart.columns.map((column) => extremes(column.y));
  const least = Math.min(...all.map((one) => one.least)), most = Math.max(...all.map((one) => one.most));
  if (!Number.isFinite(least) || most - least > 1e-9 * Math.abs(most)) return null;
  const room = Math.abs(most) * 0.05 || 1;
  return [least - room, most + room];
}

function chartOptions(chart) {
  const isLog = controls.log && chart.spec.mayBeLog !== false
    && chart.columns.some((column) => column.y.some((value) => value > 0));
  return {
    file: chart.rows,
    labels: ['x', ...chart.columns.map((_, c) => 'c' + c)],
    series: columnOptions(chart),
    logscale: isLog,
    valueRange: steadyRange(chart),
    dateWindow: chart.shown,
    gridLineColor: themeColour('--grid'),
    axisLineColor: themeColour('--line'),
    axes: {
      x: { pixelsPerLabel: 56, axisLabelFormatter: (value, _, __, g) => axisText(value, gapOf(g, 'x')) },
      y: {
        pixelsPerLabel: 28,
        labelsKMG2: chart.spec.format === showBytes,  // ticks at whole KiB, MiB, ...
        axisLabelFormatter: (value, _, __, g) => valueAxisText(chart, value, g),
      },
    },
  };
}

// Ours stands above the chart. Theirs is made of inline styles, which the page's policy forbids.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

function startGraph(chart) {
  chart.graph = new Dygraph(chart.canvas, chart.rows, {
    ...chartOptions(chart),
    file: undefined,
    connectSeparatedPoints: true,
    highlightSeriesBackgroundAlpha: 1,
    axisLabelFontSize: 11,
    axisLabelWidth: 58,
    xAxisHeight: 20,
    yRangePad: 8,
    xRangePad: 4,
    animatedZooms: false,
    digitsAfterDecimal: 8,
    underlayCallback: (context, area, g) => drawMarks(chart, context, area, g),
    highlightCallback: (event, x) => hover(x, chart, event),
    unhighlightCallback: () => unhover(),
    zoomCallback: (from, to) => zoomed(chart, from, to),
  });
}

function drawChart(chart) {
  chart.isDirty = false;
  if (controls.window && chart.spec.refine) chart.spec.refine(chart);
  fillColumns(chart);
  chart.shown = controls.window || chart.spec.extent();
  const isEmpty = chart.rows.length === 0;
  chart.element.classList.toggle('empty', isEmpty);
  if (!isEmpty) {
    if (chart.graph) chart.graph.updateOptions(chartOptions(chart));
    else startGraph(chart);
  }
  showReadout(chart, null);
  describe(chart);
  if (!chart.table.hidden) fillTable(chart);
}

// Vertical lines at what happened. Their words stand in a tip and in the list of marks.
function drawMarks(chart, context, area, g) {
  chart.markPlaces = [];
  if (!controls.marks || !chart.spec.marks) return;
  const [from, to] = g.xAxisRange();
  for (const mark of chart.spec.marks()) {
    const x = markPlace(mark, chart);
    if (!(x >= from && x <= to)) continue;
    const at = Math.round(g.toDomXCoord(x)) + 0.5;
    chart.markPlaces.push({ at, mark });
    context.strokeStyle = themeColour(markTone(mark.kind));
    context.globalAlpha = 0.55;
    context.beginPath();
    context.moveTo(at, area.y);
    context.lineTo(at, area.y + area.h);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function markPlace(mark, chart) {
  if (controls.axis === 'time') return mark.time;
  if (controls.axis === 'step') return mark.step;
  const line = chart.lines[0];
  return line ? mark.step / line.stepsPerEpoch : NaN;
}

function markTone(kind) {
  if (kind === 'alert' || kind === 'notice') return '--warn';
  return kind === 'checkpoint' ? '--mark' : '--accent';
}

// All charts show their values at the same place.
function hover(x, source, event) {
  for (const chart of charts) {
    if (!chart.graph || !chart.isSeen || chart.rows.length === 0) continue;
    if (chart !== source) chart.graph.setSelection(nearest(chart.places, x));
    const at = chart.graph.toDomXCoord(x);
    chart.cross.hidden = !(at >= chart.graph.getArea().x);
    chart.cross.style.left = at + 'px';
    showReadout(chart, x);
  }
  showTip(source, event);
}

function unhover() {
  for (const chart of charts) {
    if (chart.graph) chart.graph.clearSelection();
    chart.cross.hidden = true;
    chart.tip.hidden = true;
    showReadout(chart, null);
  }
}

function showTip(chart, event) {
  const left = event.clientX - chart.canvas.getBoundingClientRect().left;
  const near = (chart.markPlaces || []).filter(({ at }) => Math.abs(at - left) <= 5);
  chart.tip.hidden = near.length === 0;
  setText(chart.tip, near.slice(0, 4).map(({ mark }) => markText(mark)).join('\n'));
  chart.tip.style.left = Math.min(left + 8, Math.max(0, chart.canvas.clientWidth - 220)) + 'px';
}

function markText(mark) {
  return `${mark.kind}, step ${showNumber(mark.step)}${mark.text ? ': ' + mark.text : ''}`;
}

// Told of each change of a chart's axes, also of those upwards and of a double click.
function zoomed(chart, from, to) {
  if (!chart.graph.isZoomed('x')) setWindow(null);
  else if (!chart.shown || from !== chart.shown[0] || to !== chart.shown[1]) setWindow([from, to]);
}

// Every chart of the page shows the same stretch.
function setWindow(window) {
  controls.window = window;
  if (app.view && app.view.windowed) app.view.windowed();
  redrawCharts();
}

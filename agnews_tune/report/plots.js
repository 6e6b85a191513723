"use strict";

// An empty plot; followTheme gives it the colours of the page.
function makeFrame(settings) {
  const frame = Bokeh.Plotting.figure({
    sizing_mode: "stretch_width",
    tools: [new Bokeh.BoxZoomTool(), new Bokeh.ResetTool()],
    toolbar_location: "above",
    active_drag: null, // a finger that moves over the plot scrolls the page
    background_fill_color: null,
    border_fill_color: null,
    outline_line_color: null,
    ...settings,
  });
  frame.toolbar.logo = null;
  frame.axis.axis_label_text_font_style = "normal";
  frame.axis.axis_label_text_font_size = frame.axis.major_label_text_font_size = "13px";
  return frame;
}

function makeCurveFrame(measure) {
  const frame = makeFrame({
    height: 340,
    x_range: new Bokeh.DataRange1d({ only_visible: true }),
    y_range: new Bokeh.DataRange1d({ only_visible: true }),
    x_axis_label: "epoch",
    y_axis_label: measure,
  });
  const ticker = new Bokeh.BasicTicker({ min_interval: 1, num_minor_ticks: 0 });
  frame.xaxis.ticker = frame.xgrid.ticker = ticker;
  return frame;
}

function makeSource({ experiment, epoch, mean, low, high, words }) {
  const numbers = (values) => values.map((value) => value ?? NaN);
  return new Bokeh.ColumnDataSource({
    data: {
      experiment: epoch.map(() => experiment),
      epoch,
      mean: numbers(mean),
      low: numbers(low),
      high: numbers(high),
      words,
    },
  });
}

// What the mouse is to meet comes first: the line, or the point where there is but one.
function makeGlyphs({ kind, epoch, low, high, look: { colour, marker, hollow } }) {
  const [x, y] = [{ field: "epoch" }, { field: "mean" }];
  const isMain = kind === "validation";
  const glyphs = [];
  if (epoch.length > 1) {
    const [line_width, line_dash] = isMain ? [2, "solid"] : [1.3, [6]];
    glyphs.push(new Bokeh.Line({ x, y, line_color: colour, line_width, line_dash }));
  }
  if (isMain || !glyphs.length) {
    const fill_color = hollow ? null : colour;
    const type = { value: marker };
    glyphs.push(new Bokeh.Scatter({ x, y, size: 7, marker: type, line_color: colour, fill_color }));
  }
  if (isMain && low.some((value, index) => value !== high[index])) {
    const [y1, y2] = [{ field: "low" }, { field: "high" }];
    glyphs.push(new Bokeh.VArea({ x, y1, y2, fill_color: colour, fill_alpha: 0.15 }));
  }
  return glyphs;
}

function drawCurve(curve) {
  const data_source = makeSource(curve);
  const { position, kind, shown: visible } = curve;
  return makeGlyphs(curve).map(
    (glyph) => new Bokeh.GlyphRenderer({ data_source, glyph, tags: [position, kind], visible }),
  );
}

async function show(frame, target) {
  const element = document.getElementById(target);
  await Bokeh.Plotting.show(frame, element);
  return [element.closest("figure"), frame];
}

async function drawCurves({ target, measure, measures, curves }) {
  const drawings = curves.map(drawCurve);
  const frame = makeCurveFrame(measure);
  frame.renderers = drawings.flat();
  for (const [kind, words] of Object.entries(measures)) {
    frame.add_tools(
      new Bokeh.HoverTool({
        tooltips: `<b>@experiment</b><br>epoch @epoch: ${words} @words`,
        line_policy: "nearest",
        renderers: drawings.map(([first]) => first).filter(({ tags }) => tags[1] === kind),
        visible: false,
      }),
    );
  }
  return show(frame, target);
}

// What a search tried: a point for each drawn experiment, hollow where it was stopped early.
async function drawTried({ target, hyperparameter, ticks, words, points }) {
  const axis = words.length ? { x_range: new Bokeh.FactorRange({ factors: words }) } : {};
  if (ticks.length) {
    axis.x_axis_type = "log";
    axis.x_range = new Bokeh.Range1d({ start: ticks[0] / 1.1, end: ticks[2] * 1.1 });
  }
  const frame = makeFrame({
    height: 240,
    x_axis_label: hyperparameter,
    y_axis_label: "validation accuracy",
    ...axis,
  });
  if (ticks.length) {
    frame.xaxis.ticker = frame.xgrid.ticker = new Bokeh.FixedTicker({ ticks });
    frame.xaxis.major_label_overrides = new Map(ticks.map((tick) => [tick, String(tick)]));
  }
  const column = (name) => points.map((point) => point[name]);
  const colour = "#b8500b";
  const source = new Bokeh.ColumnDataSource({
    data: {
      experiment: column("experiment"),
      value: column("value"),
      accuracy: column("accuracy"),
      fill: points.map(({ stopped }) => (stopped ? null : colour)),
      state: points.map(({ stopped }) => (stopped ? ", stopped early" : "")),
    },
  });
  const [x, y, fill_color] = ["value", "accuracy", "fill"].map((field) => ({ field }));
  const glyph = new Bokeh.Scatter({ x, y, fill_color, size: 8, line_color: colour });
  frame.renderers = [new Bokeh.GlyphRenderer({ data_source: source, glyph })];
  frame.add_tools(
    new Bokeh.HoverTool({
      tooltips: `<b>@experiment</b><br>${hyperparameter} @value: @accuracy{0.0000}@state`,
      visible: false,
    }),
  );
  return show(frame, target);
}

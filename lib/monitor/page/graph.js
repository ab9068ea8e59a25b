// The drawing of the model. The names in it come from a manifest: it is read as mere XML, and only
// shapes and words are drawn anew from it.

const SHAPES = ['svg', 'g', 'title', 'path', 'polygon', 'polyline', 'ellipse', 'circle', 'rect', 'line', 'text',
  'tspan'];
const LOOKS = new Set(['viewBox', 'width', 'height', 'class', 'id', 'transform', 'fill', 'stroke', 'stroke-width',
  'stroke-dasharray', 'fill-opacity', 'stroke-opacity', 'opacity', 'd', 'points', 'x', 'y', 'x1', 'y1', 'x2', 'y2',
  'cx', 'cy', 'r', 'rx', 'ry', 'text-anchor', 'font-family', 'font-size', 'font-weight', 'font-style', 'dy', 'dx']);

// Null for what is not a drawing.
function cleanGraph(text) {
  const plain = text.replaceAll(SVG, 'urn:drawing');  // not SVG yet: nothing in it can act
  const parsed = new DOMParser().parseFromString(plain, 'application/xml');
  if (parsed.querySelector('parsererror') || parsed.documentElement.localName !== 'svg') return null;
  return redrawn(parsed.documentElement);
}

function redrawn(element) {
  const made = document.createElementNS(SVG, element.localName);
  for (const { name, value } of element.attributes) if (LOOKS.has(name)) made.setAttribute(name, value);
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) made.append(child.data);
    else if (SHAPES.includes(child.localName)) made.append(redrawn(child));
    else if (child.localName === 'a') made.append(...redrawn(child).childNodes);
  }
  return made;
}

function graphPanel(view) {
  const place = h('div', { class: 'graph', tabindex: 0, role: 'region', 'aria-label': 'drawing of the model' });
  const told = h('div', { class: 'node', role: 'status' }, 'Choose a node to see its numbers.');
  const panel = { element: null, scale: 1 };
  const zoom = (by) => zoomGraph(panel, place, by);
  panel.element = card('Model', 'graph',
    h('p', { class: 'bar' }, button('−', () => zoom(1 / 1.25), { 'aria-label': 'smaller' }),
      button('+', () => zoom(1.25), { 'aria-label': 'larger' }),
      button('fit', () => zoom(0), { 'aria-label': 'fit the width' })), place, told);
  panel.element.hidden = true;
  place.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
  panel.update = () => {
    if (panel.asked) return;
    panel.asked = true;
    readGraph(view, panel, place, told);
  };
  return panel;
}

async function readGraph(view, panel, place, told) {
  let drawing;
  try {
    drawing = cleanGraph(await fetchGraph(view.id));
  } catch { /* without Graphviz there is no drawing */ }
  panel.failed = !drawing;
  if (!drawing) return;
  drawing.setAttribute('role', 'group');
  drawing.setAttribute('aria-label', 'nodes of the model');
  const width = drawing.getAttribute('width') || '';
  panel.natural = parseFloat(width) * (width.endsWith('pt') ? 4 / 3 : 1) || 600;
  drawing.removeAttribute('height');
  place.replaceChildren(drawing);
  panel.element.hidden = false;
  zoomGraph(panel, place, 0);
  for (const node of drawing.querySelectorAll('g.node')) prepareNode(view, node, told);
  showJumps(view);
}

function zoomGraph(panel, place, by) {
  const drawing = place.querySelector('svg');
  if (!drawing) return;
  const room = place.clientWidth - 2;
  panel.width = by === 0 ? Math.min(panel.natural, room) : Math.min(panel.natural * 4, Math.max(80, panel.width * by));
  drawing.style.width = `${panel.width}px`;
}

// A node's path is the first word of its second line, "hidden (401536 parameters)", or its title.
function pathOfNode(node, known) {
  const lines = [...node.querySelectorAll('text')].map((text) => text.textContent.trim().split(' ')[0]);
  return lines.find((line) => known.has(line)) || lines[1] || lines[0] || '';
}

function prepareNode(view, node, told) {
  const known = new Set(((view.document.profile || {}).nodes || []).map((one) => one.path));
  const path = pathOfNode(node, known);
  const title = node.querySelector('title');
  if (title) title.textContent = path;
  node.setAttribute('tabindex', '0');
  node.setAttribute('role', 'button');
  node.setAttribute('aria-label', `node ${path}`);
  const show = () => {
    for (const other of node.parentNode.querySelectorAll('.picked')) other.classList.remove('picked');
    node.classList.add('picked');
    showNode(view.document, node, path, told);
  };
  node.addEventListener('click', show);
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    event.stopPropagation();
    show();
  });
}

function showNode(made, node, path, told) {
  const drawn = [...node.querySelectorAll('text')].slice(0, 2).map((text) => text.textContent.trim());
  const pairs = [['drawn as', drawn.join(', ')]];
  const timed = ((made.profile || {}).nodes || []).find((one) => one.path === path);
  if (timed) {
    pairs.push(['forward', `${general(timed.forward_ms, 4)} ms`], ['backward', `${general(timed.backward_ms, 4)} ms`],
      ['share', showPercent(timed.share)], ['calls', showCount(timed.calls)]);
  }
  const prefix = `observe/${path}.`;
  for (const name of Object.keys(made.series).filter((one) => one.startsWith(prefix))) {
    pairs.push([name.slice(prefix.length), showNumber(lastValue(made.series[name]))]);
  }
  told.replaceChildren(h('strong', { dir: 'auto' }, path), h('dl', { class: 'pairs' },
    pairs.flatMap(([key, value]) => [h('dt', {}, key), h('dd', { dir: 'auto' }, value)])));
}

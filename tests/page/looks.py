"""What can be measured of how a page looks: contrast of its text, names of what can be used."""

# Every visible text with the colours that it is drawn in, as the browser computes them. Colours that
# let through what is behind are laid over it; color-mix() comes out as color(srgb ...).
_CONTRASTS = '''(() => {
  const parse = (text) => {
    const n = (text.match(/[\\d.]+(e-?\\d+)?/g) || []).map(Number);
    if (text.startsWith('color(srgb')) return [...n.slice(0, 3).map((v) => v * 255), n[3] ?? 1];
    return n.length < 3 ? [0, 0, 0, 0] : [n[0], n[1], n[2], n[3] ?? 1];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const ground = (e) => {
    if (!e) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(e).backgroundColor);
    return own[3] >= 1 ? own : over(own, ground(e.parentElement));
  };
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg, noscript, script, .unseen, .skip, [hidden], :disabled') || !e.checkVisibility()) continue;
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const under = ground(e), a = light(over(parse(getComputedStyle(e).color), under)), b = light(under);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, e.textContent.trim().slice(0, 40), e.className && String(e.className)]);
  }
  return found;
})()'''

_ROLES = {'button', 'link', 'textbox', 'searchbox', 'checkbox', 'combobox', 'slider', 'menuitem', 'option',
          'DisclosureTriangle', 'dialog', 'region', 'table', 'progressbar'}


def contrasts(browser, least=4.5):
    """(ratio, text, class) of each visible text whose contrast is too small."""
    found = browser.evaluate(_CONTRASTS)
    assert len(found) > 10, 'no text was found to look at'
    return [one for one in found if one[0] < least]


def nameless(browser):
    """What a person can use and a screen reader cannot name."""
    out = []
    for node in browser.accessible_nodes():
        role = node.get('role', {}).get('value')
        focusable = any(p['name'] == 'focusable' and p['value'].get('value') for p in node.get('properties', []))
        if node.get('ignored') or (role not in _ROLES and not focusable) or role in ('RootWebArea', 'main'):
            continue
        if not node.get('name', {}).get('value', '').strip():
            out.append((role, node.get('backendDOMNodeId')))
    return out

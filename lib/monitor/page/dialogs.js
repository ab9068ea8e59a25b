// Questions, in the browser's own dialogs: they hold the focus, and Escape leaves them.

// Asks and answers with what was typed, {name: text}; null when it was left.
// fields: [{name, label, value, type, note}]
function askFields(title, text, fields, word) {
  const inputs = fields.map((field) => h(field.type === 'area' ? 'textarea' : 'input', {
    name: field.name, id: 'ask-' + field.name, autocomplete: 'off', spellcheck: 'false',
    type: field.type === 'area' ? null : field.type || 'text',
    rows: field.type === 'area' ? 4 : null,
  }));
  fields.forEach((field, i) => { inputs[i].value = field.value || ''; });
  const form = h('form', { method: 'dialog' }, h('h2', { id: 'ask-title' }, title),
    text ? h('p', {}, text) : null,
    fields.map((field, i) => h('label', { for: 'ask-' + field.name }, h('span', {}, field.label), inputs[i])),
    h('p', { class: 'actions' }, button('Leave it', () => dialog.close('')),
      h('button', { type: 'submit', value: 'yes', class: 'main' }, word)));
  const dialog = h('dialog', { 'aria-labelledby': 'ask-title' }, form);
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const said = Object.fromEntries(fields.map((field, i) => [field.name, inputs[i].value]));
      resolve(dialog.returnValue === 'yes' ? said : null);
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

async function askToken(why) {
  const text = 'The token stands where the dashboard was started. It is asked for once in this tab.';
  const said = await askFields('Token', why ? `${why}. ${text}` : text,
    [{ name: 'token', label: 'Token', type: 'password' }], 'Use it');
  if (!said || !said.token.trim()) return '';
  rememberToken(said.token.trim());
  return said.token.trim();
}

async function confirmed(title, text, word) { return (await askFields(title, text, [], word)) !== null; }

// A line at the top of the page about what went wrong; it can be put away.
function complain(problem) {
  const text = problem instanceof TypeError ? 'the server does not answer' : problem.message || String(problem);
  const old = byId('complaint');
  if (old) old.remove();
  const box = h('div', { class: 'box bad', id: 'complaint', role: 'alert' }, h('span', {}, text),
    button('put away', () => box.remove(), { class: 'quiet' }));
  byId('main').before(box);
}

async function act(route, id, body, done) {
  try {
    if (await post(route, id, body)) say(done);
  } catch (problem) {
    complain(problem);
  }
}

async function stopRun(made) {
  const sure = await confirmed('Stop this run?',
    `"${nameOf(made.summary)}" saves a checkpoint and stops. It can go on from there later.`, 'Stop it');
  if (sure) await act('stop', made.id, {}, 'the run was asked to stop');
}

async function saveRun(made) { await act('save', made.id, {}, 'a checkpoint was asked for'); }

// Tags and note of a run. True when they were written.
async function editNotes(summary) {
  const said = await askFields('Note and tags', '', [
    { name: 'tags', label: 'Tags, separated by spaces', value: (summary.tags || []).join(' ') },
    { name: 'note', label: 'Note', value: summary.note || '', type: 'area' },
  ], 'Keep');
  if (!said) return false;
  const body = { tags: said.tags.split(/[\s,]+/).filter(Boolean), note: said.note.trim() };
  await act('note', summary.id, body, 'the note was kept');
  return true;
}

'use strict';
(() => {
  const at = (id) => document.getElementById(id);
  const data = JSON.parse(at('data').textContent);
  // A text that comes again is the number of its first occurrence: see packing in rows.go.
  const known = [];
  for (const row of data.rows) {
    for (const column of data.packed) {
      const cell = row[column];
      if (typeof cell === 'number') row[column] = known[cell];
      else if (cell !== '' && known.length < data.dictionary) known.push(cell);
    }
  }
  const LINE = 0, MODULE = 1, ID = 2, ACTION = 3, OUTCOME = 4, CODE = 5, HTTP = 6, MESSAGE = 7, HINT = 8, REASON = 9,
    BEFORE = 10, LOCK = 11, ATTEMPTS = 12, CREDITS = 13, ENDED = 14;
  const size = 100;
  const count = (n) => n.toLocaleString('en-US');
  let haystacks = null, found = data.rows, page = 0;

  const haystack = (row) => [row[LINE], row[MODULE], row[ID], row[ACTION], row[OUTCOME], row[CODE], row[HTTP], row[MESSAGE],
    row[HINT], row[REASON], row[BEFORE], row[LOCK]].join('\n').toLowerCase();

  const choose = (id, column) => {
    const select = at(id);
    for (const value of [...new Set(data.rows.map((row) => row[column]))].filter((v) => v !== '').sort().slice(0, 500)) {
      const option = document.createElement('option');
      option.value = value;
      option.textContent = value;
      select.append(option);
    }
    select.addEventListener('change', filter);
    return (row) => select.value === '' || row[column] === select.value;
  };

  function filter() {
    const words = at('words').value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    if (words.length > 0 && haystacks === null) haystacks = data.rows.map(haystack);
    found = data.rows.filter((row, i) => passes.every((pass) => pass(row)) && words.every((word) => haystacks[i].includes(word)));
    page = 0;
    show();
  }
  const passes = [choose('outcome', OUTCOME), choose('module', MODULE), choose('action', ACTION), choose('code', CODE)];

  const cell = (tr, text, kind, more) => {
    const td = document.createElement('td');
    td.textContent = text;
    if (kind) td.className = kind;
    for (const extra of (more || []).filter((t) => t !== '')) {
      const div = document.createElement('div');
      div.textContent = extra;
      td.append(div);
    }
    tr.append(td);
  };

  function show() {
    const from = page * size, upto = Math.min(from + size, found.length);
    const lines = document.createDocumentFragment();
    for (const row of found.slice(from, upto)) {
      const tr = document.createElement('tr');
      cell(tr, count(row[LINE]), 'n');
      cell(tr, row[ID], 'mono', [row[MODULE]]);
      cell(tr, row[ACTION]);
      cell(tr, row[OUTCOME], '', [[row[CODE], row[HTTP] || ''].filter((t) => t !== '').join(' ')]);
      cell(tr, row[MESSAGE], '', [row[HINT]]);
      cell(tr, row[REASON], '', [row[BEFORE] === '' ? '' : 'before: ' + row[BEFORE], row[LOCK] === '' ? '' : 'lock ' + row[LOCK]]);
      cell(tr, count(row[ATTEMPTS]), 'n');
      cell(tr, count(row[CREDITS]), 'n');
      cell(tr, row[ENDED] ? new Date(row[ENDED] * 1000).toISOString().slice(0, 19).replace('T', ' ') : '', 'n');
      lines.append(tr);
    }
    at('lines').replaceChildren(lines);
    const all = found.length === data.rows.length ? '' : ' found among ' + count(data.rows.length);
    at('where').textContent = found.length === 0 ? 'no row' + all :
      'rows ' + count(from + 1) + ' to ' + count(upto) + ' of ' + count(found.length) + all;
    at('before').disabled = page === 0;
    at('after').disabled = upto === found.length;
  }

  at('words').addEventListener('input', filter);
  at('before').addEventListener('click', () => { page--; show(); });
  at('after').addEventListener('click', () => { page++; show(); });
  show();
  at('full').hidden = !data.full;
  at('browse').hidden = false;
})();

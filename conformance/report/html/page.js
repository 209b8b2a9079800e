"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const results = document.getElementById("results");
const dialog = document.getElementById("detail");
const search = document.getElementById("search");
const fold = document.getElementById("fold");
const chips = [...document.querySelectorAll(".chip")];
const families = [...results.querySelectorAll("tbody")];
const rows = [...results.querySelectorAll("tbody tr:not(.family)")]; // in the order of data.cases
const byID = new Map(data.cases.map((c, i) => [c.id, i]));

for (const control of document.querySelectorAll(":disabled")) {
  control.disabled = false;
}

function make(tag, className, ...children) {
  const e = document.createElement(tag);
  if (className) {
    e.className = className;
  }
  e.append(...children);
  return e;
}

const classOf = verdict => (data.verdicts[verdict] || ["fail"])[0];
const closing = r => r.c || r.b;
const good = verdict => verdict === "OK" || verdict === "INFORMATIONAL" || verdict === "UNIMPLEMENTED";
const headline = r => (good(r.b) && !good(closing(r)) ? closing(r) : r.b);

// --- The choice of cases ---

const words = data.cases.map(c => [c.id, c.name, c.does, c.expects, ...c.section.map(s => s[0])].join(" ").toLowerCase());

function meant(i, query, verdicts) {
  const c = data.cases[i];
  if (verdicts.size && !c.results.some(r => r && (verdicts.has(headline(r)) || verdicts.has(r.b) || verdicts.has(closing(r)) && !good(closing(r))))) {
    return false;
  }
  return query.every(w => {
    if (/^\d+(\.\d+)*(\.?\*|\.)?$/.test(w)) { // a number, or its beginning
      const stem = w.replace(/\.?\*$|\.$/, "");
      return c.id === stem || c.id.startsWith(stem + ".") || (!/[.*]/.test(w) && words[i].includes(w));
    }
    return words[i].includes(w);
  });
}

function choose() {
  const query = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = new Set(chips.filter(c => c.getAttribute("aria-pressed") === "true").map(c => c.dataset.verdict));
  let n = 0;
  rows.forEach((row, i) => {
    const shown = meant(i, query, verdicts);
    row.dataset.out = shown ? "" : "out";
    n += shown;
  });
  families.forEach(show);
  const all = n === rows.length;
  document.getElementById("found").textContent = all ? "" : `${n} of ${rows.length} cases`;
  document.getElementById("nothing").hidden = n > 0;
}

// show brings a family's rows up to date with what was chosen and whether it is open.
function show(family) {
  const [head, ...own] = family.rows;
  const open = head.querySelector("button").getAttribute("aria-expanded") === "true";
  let any = false;
  for (const row of own) {
    any = any || !row.dataset.out;
    row.hidden = !!row.dataset.out || !open;
  }
  head.hidden = !any;
}

function setOpen(family, open) {
  family.rows[0].querySelector("button").setAttribute("aria-expanded", open);
  show(family);
}

search.addEventListener("input", choose);
for (const chip of chips) {
  chip.addEventListener("click", () => {
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    choose();
  });
}
for (const family of families) {
  const button = family.querySelector("button");
  button.addEventListener("click", () => setOpen(family, button.getAttribute("aria-expanded") !== "true"));
}
fold.addEventListener("click", () => {
  const open = fold.textContent !== "Families only";
  families.forEach(f => setOpen(f, open));
  fold.textContent = open ? "Families only" : "All cases";
});

// The arrow keys go from cell to cell.
results.addEventListener("keydown", event => {
  const from = event.target.closest("a, .family button");
  const cell = from && from.closest("td, th");
  const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
  if (!cell || !step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  const [across, down] = step;
  const seen = down ? [...results.querySelectorAll("tbody tr:not([hidden])")] : [cell.parentNode];
  const row = seen[seen.indexOf(cell.parentNode) + down];
  const target = row && (row.cells[cell.cellIndex + across] || row.cells[0]);
  const next = target && (target.querySelector("a, button") || down && row.querySelector("a, button"));
  if (next) {
    next.focus();
  }
});

// --- A result ---

const sent = "\u2192", got = "\u2190";

function hex(octets) {
  const across = matchMedia("(max-width: 40rem)").matches ? 8 : 16;
  let s = "";
  for (let at = 0; at < octets.length; at += across) {
    const line = [...octets.slice(at, at + across)];
    const digits = line.map(b => b.toString(16).padStart(2, "0"));
    const text = line.map(b => (b > 31 && b < 127 ? String.fromCharCode(b) : "·")).join("");
    s += at.toString(16).padStart(4, "0") + "  " + (digits.slice(0, 8).join(" ") + "  " + digits.slice(8).join(" ")).padEnd(across * 3 + 2) + text + "\n";
  }
  return s.trimEnd();
}

// unmasked returns a masked frame's payload as its sender meant it, as far as it is known; null for other octets.
function unmasked(octets) {
  if (octets.length < 2 || !(octets[1] & 0x80)) {
    return null;
  }
  const length = octets[1] & 0x7f;
  const at = 2 + (length === 127 ? 8 : length === 126 ? 2 : 0);
  const key = octets.slice(at, at + 4);
  return octets.length > at + 4 ? octets.slice(at + 4).map((b, i) => b ^ key[i & 3]) : null;
}

const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;

function entry(e) {
  if (!e.at) {
    return make("li", "gap", "… " + e.note + " …");
  }
  const li = make("li", "", make("time", "", e.at + " ms"));
  const arrow = make("span", e.sent ? "sent" : "got", e.sent ? sent : got);
  arrow.setAttribute("aria-label", e.sent ? "sent by the suite:" : "sent by the agent:");
  arrow.setAttribute("role", "img");
  li.append(arrow, make("span", "note", e.note));
  if (e.octets) {
    const octets = Uint8Array.from(atob(e.octets), c => c.charCodeAt(0));
    const dump = make("pre", "", hex(octets));
    const payload = / masked/.test(e.note) && unmasked(octets);
    if (payload) {
      dump.append("\n", make("b", "", "the payload, unmasked"), "\n", hex(payload));
    }
    const cut = e.length > octets.length;
    if (octets.length <= 48 && !cut) {
      li.append(dump);
    } else {
      const title = cut ? `the first ${octets.length} of ${count(e.length, "octet")}` : count(octets.length, "octet");
      li.append(make("details", "", make("summary", "", title), dump));
    }
  }
  return li;
}

function verdict(of, v, why, more) {
  const box = make("div", "verdict " + classOf(v), make("strong", "", v), " ", make("span", "", of + more));
  if (why) {
    box.append(make("p", "", why));
  }
  return box;
}

function facts(c) {
  const section = make("dd");
  for (const [text, url] of c.section) {
    if (url) {
      const a = make("a", "", text);
      a.href = url;
      a.rel = "noreferrer";
      section.append(a);
    } else {
      section.append(text);
    }
  }
  const dl = make("dl");
  for (const [name, value] of [["Does", c.does], ["Expects", c.expects]]) {
    if (value) {
      dl.append(make("dt", "", name), make("dd", "", value));
    }
  }
  if (c.section.length) {
    dl.append(make("dt", "", "Section"), section);
  }
  return dl;
}

function codeWords(code) {
  return code === 1005 ? ", by a Close frame without a code" : code ? ", code " + code : ", no Close frame";
}

function detail(c, agent) {
  const r = c.results[agent];
  const parts = [
    verdict("behaviour", r.b, r.why, " · " + r.took),
    verdict("closing", closing(r), r.closeWhy, codeWords(r.code)),
    facts(c),
  ];
  if (!r.wire) {
    parts.push(make("p", "aside", make("br"), "What was on the wire is not on this page for a result that is plain OK; it is in the report’s JSON."));
    return parts;
  }
  if (r.wire.request || r.wire.response) {
    parts.push(make("h3", "", "Opening handshake"));
    for (const head of [r.wire.request, r.wire.response]) {
      if (head) {
        parts.push(make("pre", "", head.trimEnd()));
      }
    }
  }
  parts.push(make("h3", "", "On the wire"));
  if (r.wire.log.length) {
    parts.push(make("p", "aside", `${sent} sent by the suite, ${got} by the agent; time since the case began` + (r.began ? `, at ${r.began}` : "")));
    parts.push(make("ol", "log", ...r.wire.log.map(entry)));
  } else {
    parts.push(make("p", "aside", "Nothing after the handshake."));
  }
  return parts;
}

function everybody(c) {
  const list = make("ul", "every");
  c.results.forEach((r, agent) => {
    if (r) {
      const v = headline(r);
      const a = make("a", "", data.agents[agent], make("strong", classOf(v), v));
      const why = [r.why, r.closeWhy].filter(Boolean).join(" · ");
      if (why) {
        a.append(make("span", "", why));
      }
      a.href = address(c, agent);
      list.append(make("li", "", a));
    }
  });
  return [facts(c), make("h3", "", "Results"), list];
}

const address = (c, agent) => "#" + (agent < 0 ? "" : encodeURIComponent(data.agents[agent]) + "/") + c.id;

// place returns what a fragment means: a case, and an agent or -1.
function place(fragment) {
  let s = fragment.replace(/^#/, "");
  const slash = s.lastIndexOf("/");
  const i = byID.get(s.slice(slash + 1));
  if (i === undefined) {
    return null;
  }
  let name = s.slice(0, Math.max(slash, 0));
  try {
    name = decodeURIComponent(name);
  } catch {
    // it stands as it is
  }
  const agent = slash < 0 ? -1 : data.agents.indexOf(name);
  return slash >= 0 && (agent < 0 || !data.cases[i].results[agent]) ? null : {i, agent};
}

// beside returns the next case that is shown, up or down, that the agent has a result for.
function beside({i, agent}, step) {
  for (let j = i + step; j >= 0 && j < rows.length; j += step) {
    if (!rows[j].dataset.out && (agent < 0 || data.cases[j].results[agent])) {
      return address(data.cases[j], agent);
    }
  }
  return "";
}

let at = null;

function open() {
  const p = place(location.hash);
  if (!p) {
    if (dialog.open) {
      dialog.close();
    }
    return;
  }
  at = p;
  const c = data.cases[p.i];
  const nav = make("nav", "", make("span", "", p.agent < 0 ? "All agents" : data.agents[p.agent]));
  for (const [label, step] of [["Previous", -1], ["Next", 1]]) {
    const button = make("button", "", label);
    const to = beside(p, step);
    button.disabled = !to;
    button.dataset.step = step;
    button.addEventListener("click", () => go(to, step));
    nav.append(button);
  }
  const shut = make("button", "", "Close");
  shut.addEventListener("click", () => dialog.close());
  nav.append(shut);
  const title = make("h2", "", make("b", "", c.id), " " + c.name);
  title.id = "detail-title";
  title.tabIndex = -1;
  dialog.replaceChildren(nav, title, ...(p.agent < 0 ? everybody(c) : detail(c, p.agent)));
  dialog.scrollTop = 0;
  if (!dialog.open) {
    dialog.showModal();
  }
  shut.focus();
}

// go shows another result in the place of this one.
function go(to, step) {
  history.replaceState(null, "", to);
  open();
  const button = dialog.querySelector(`[data-step="${step}"]`);
  if (!button.disabled) {
    button.focus();
  }
}

dialog.addEventListener("close", () => {
  if (place(location.hash)) {
    history.pushState(null, "", location.pathname + location.search);
  }
  const row = at && rows[at.i];
  if (row && !row.hidden) {
    const link = row.cells[at.agent + 1].querySelector("a");
    link.focus();
    link.scrollIntoView({block: "nearest", inline: "nearest"});
  }
});
dialog.addEventListener("click", event => {
  if (event.target === dialog && event.clientX < dialog.getBoundingClientRect().left) {
    dialog.close();
  }
});
dialog.addEventListener("keydown", event => {
  const step = {ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1}[event.key];
  const to = step && !event.ctrlKey && !event.altKey && !event.metaKey && !event.target.closest("pre, input") && beside(at, step);
  if (to) {
    event.preventDefault();
    go(to, step);
  }
});
window.addEventListener("hashchange", open);
open();

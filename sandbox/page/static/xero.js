// The Xero desk: what the organisations hold, and what can happen to it.
import { ask, askFor, byId, el, fold, keep, toast } from "./dom.js";
import { get, post } from "./wire.js";
import { faultPicker } from "./faults.js";

const MOST = 50;
const FAULTS = [["429-minute", "429: minute limit"], ["429-day", "429: day limit"], ["429-concurrent", "429: too many at once"],
  ["500", "500: internal error"], ["503-offline", "503: organisation offline"], ["503-maintenance", "503: maintenance"],
  ["html", "An HTML page instead of JSON"], ["cut", "Connection cut"], ["slow", "Slow answer"]];

const view = { q: "", tenant: null, limit: MOST };
let refreshAll = async () => {};

const money = (amount, currency) => `${Number(amount).toLocaleString(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency || ""}`.trim();
const today = (now) => now.slice(0, 10);

async function act(body) {
  try {
    const reply = await post("/desk/xero/act", { tenant_id: view.tenant, ...body });
    if (reply.said) toast(reply.said);
  } catch (error) { toast(error.message); }
  await refreshAll();
}

const ACTIONS = {
  pay: ["Pay in full", (invoice) => act({ action: "pay", invoice_id: invoice.id })],
  part_pay: ["Pay a part…", async (invoice) => {
    const answer = await askFor(`Part payment of ${invoice.number}`, [{ label: `Amount, of ${money(invoice.due, invoice.currency)} due`,
      input: { name: "amount", inputmode: "decimal", pattern: "[0-9]+([.][0-9]{1,2})?", value: (Number(invoice.due) / 2).toFixed(2) } }], "Pay");
    if (answer) await act({ action: "part_pay", invoice_id: invoice.id, ...answer });
  }],
  credit: ["Credit in full", (invoice) => act({ action: "credit", invoice_id: invoice.id })],
  change_due_date: ["Change the due date…", async (invoice) => {
    const answer = await askFor(`Due date of ${invoice.number}`, [{ label: "Due on", input: { name: "on", type: "date", value: invoice.due_on } }], "Change");
    if (answer) await act({ action: "change_due_date", invoice_id: invoice.id, ...answer });
  }],
  void: ["Void…", async (invoice) => {
    if (await sure(`Void ${invoice.number}?`, "It will not be owed any more.", "Void")) await act({ action: "void", invoice_id: invoice.id });
  }],
};

const sure = (title, text, go) => ask((done) => el("div", { class: "stack" }, el("h2", {}, title), el("p", {}, text),
  el("div", { class: "row end" }, el("button", { type: "button", onclick: () => done(null) }, "Cancel"),
    el("button", { type: "button", class: "danger", onclick: () => done(true) }, go))));

async function addInvoice(state) {
  const answer = await askFor("A new invoice", [
    { label: "Customer", input: { name: "contact", maxlength: 255 } },
    { label: "Total", input: { name: "total", inputmode: "decimal", pattern: "[0-9]+([.][0-9]{1,2})?", value: "100.00" } },
    { label: "Due on", input: { name: "due_on", type: "date", value: today(state.now) } }], "Add");
  if (answer) await act({ action: "add_invoice", ...answer });
}

function more(invoice) {
  const select = el("select", { "aria-label": `More for invoice ${invoice.number}`, "data-key": `more-${invoice.id}` },
    el("option", { value: "" }, "⋯"),
    Object.entries(ACTIONS).filter(([name]) => name !== "pay").map(([name, [label]]) => el("option", { value: name }, label)));
  select.addEventListener("change", () => {
    const run = ACTIONS[select.value]?.[1];
    select.value = "";
    run?.(invoice);
  });
  return select;
}

function row(invoice, home) {
  const open = Number(invoice.due) > 0;
  const currency = invoice.currency === home ? "" : invoice.currency;
  return el("tr", {},
    el("td", {}, el("span", { class: "strong" }, invoice.number || "no number"), el("span", { class: "block quiet small" }, invoice.contact)),
    el("td", {}, el("span", { class: `pill ${invoice.overdue ? "late" : ""}` }, invoice.overdue ? "overdue" : String(invoice.status).toLowerCase()),
      el("span", { class: "block quiet small date" }, invoice.due_on ? `due ${invoice.due_on}` : "no due date")),
    el("td", { class: "number" }, money(invoice.due, currency),
      invoice.due !== invoice.total && el("span", { class: "block quiet small" }, `of ${money(invoice.total)}`)),
    el("td", { class: "acts" }, open && el("button", { type: "button", class: "small", "data-key": `pay-${invoice.id}`,
      "aria-label": `Pay invoice ${invoice.number}`, onclick: () => ACTIONS.pay[1](invoice) }, "Pay"), more(invoice)));
}

function invoices(organisation) {
  const shown = organisation.invoices.slice(0, view.limit);
  if (!shown.length) return el("p", { class: "quiet empty" }, view.q ? `No invoice fits “${view.q}”.` : "No invoices.");
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Invoices" },
    el("table", {}, el("thead", {}, el("tr", {}, ["Invoice", "State", "Due", ""].map((name) => el("th", { scope: "col" }, name || el("span", { class: "unseen" }, "Actions"))))),
      el("tbody", {}, shown.map((one) => row(one, organisation.currency)))),
    organisation.invoices.length >= view.limit && el("button", { type: "button", class: "wide", onclick: () => { view.limit += 100; refreshAll(); } }, "Show more"));
}

function contacts(organisation) {
  const list = organisation.contacts || [];
  return fold("contacts", {}, `Customers (${list.length})`, el("ul", { class: "plain scroll" }, list.slice(0, 200).map((one) =>
    el("li", { class: "contact" }, el("span", { class: "grow" }, one.name, el("span", { class: "block quiet small" }, one.email || "no e-mail address", one.status && one.status !== "ACTIVE" ? `, ${one.status.toLowerCase()}` : "")),
      el("button", { type: "button", class: "small", "data-key": `blank-${one.id}`, onclick: () => act({ action: "blank_email", contact_id: one.id }) }, "Blank e-mail"),
      el("button", { type: "button", class: "small", "data-key": `archive-${one.id}`, onclick: () => act({ action: "archive_contact", contact_id: one.id }) }, "Archive")))));
}

function requests(state) {
  const list = state.requests || [];
  return fold("requests", {}, `Requests Xero got (${list.length})`,
    el("ol", { class: "plain scroll mono", reversed: true }, list.slice(-60).reverse().map((one) =>
      el("li", {}, el("span", { class: one.status >= 400 ? "bad" : "good" }, one.status ?? "cut"), ` ${one.method} ${one.path}`, one.query && el("span", { class: "quiet" }, ` ?${one.query}`)))));
}

const lever = (label, body, style) => el("button", { type: "button", class: style || "", "data-key": label, onclick: () => act(body) }, label);

function levers(state, organisation) {
  return el("section", { class: "card", "aria-labelledby": "levers-title" }, el("h2", { id: "levers-title" }, "What Xero does next"),
    el("div", { class: "row" },
      organisation?.connected && lever(`Disconnect ${organisation.name} in Xero`, { action: "revoke", tenant_id: organisation.tenant_id }),
      lever("Kill refresh tokens", { action: "kill_refresh_tokens" }),
      lever("Expire access tokens", { action: "expire_access_tokens" })),
    faultPicker(FAULTS, state.faults || [], (kind, times) => act({ action: "fault", kind, times }), () => act({ action: "heal" })),
    requests(state));
}

function counts(organisation) {
  return el("dl", { class: "counts" }, Object.entries(organisation.counts || {}).map(([name, value]) =>
    el("div", {}, el("dt", {}, name.replaceAll("_", " ").toLowerCase()), el("dd", {}, typeof value === "object" ? JSON.stringify(value) : value))));
}

function chooser(state, organisation) {
  const select = el("select", { "data-key": "organisation" }, state.organisations.map((one) =>
    el("option", { value: one.tenant_id, selected: one === organisation }, `${one.name} (${one.currency})`)));
  select.addEventListener("change", () => { view.tenant = select.value; view.limit = MOST; refreshAll(); });
  return el("label", { class: "field grow" }, "Organisation", select);
}

function draw(state, organisation) {
  if (!organisation) return [el("section", { class: "card" }, el("h2", {}, "Xero"), el("p", { class: "quiet" }, "No organisations."))];
  return [el("section", { class: "card", "aria-labelledby": "xero-title" },
    el("div", { class: "row apart" }, el("h2", { id: "xero-title" }, "Xero"),
      el("span", { class: `pill ${organisation.connected ? "on" : ""}` }, organisation.connected ? "connected" : "not connected")),
    chooser(state, organisation), counts(organisation),
    el("div", { class: "row" },
      el("label", { class: "field grow" }, el("span", { class: "unseen" }, "Search invoices"), el("input", { type: "search", "data-key": "search", placeholder: "Search number or customer", value: view.q, oninput: search })),
      el("button", { type: "button", "data-key": "add", onclick: () => addInvoice(state) }, "Add invoice…")),
    el("div", { id: "invoices" }, invoices(organisation)), contacts(organisation))];
}

let typing;
function search(event) {
  view.q = event.target.value;
  clearTimeout(typing);
  typing = setTimeout(refreshAll, 200);
}

/** Ask for the desk's state and show it. Without a Xero desk behind the page, say so once. */
export async function showXero(again) {
  refreshAll = again;
  let state;
  try { state = await get(`/desk/xero/state?q=${encodeURIComponent(view.q)}&limit=${view.limit}`); } catch (error) {
    keep(byId("xero"), "gone", () => el("section", { class: "card" }, el("h2", {}, "Xero"), el("p", { class: "quiet" }, `The Xero desk is not here. ${error.message}`)));
    return;
  }
  const organisation = state.organisations.find((one) => one.tenant_id === view.tenant) || state.organisations[0];
  view.tenant = organisation?.tenant_id ?? null;
  const { now, ...facts } = state;
  redraw(byId("xero"), [facts, view.tenant, view.limit, now.slice(0, 10)], () => draw(state, organisation));
  redraw(byId("xero-levers"), [facts.faults, facts.requests, organisation?.connected, view.tenant], () => levers(state, organisation));
}

// A redraw must not lose the scroll, or move the caret in the search box.
function redraw(box, data, make) {
  const caret = document.activeElement?.dataset?.key === "search" ? document.activeElement.selectionStart : null;
  const scrolls = [...box.querySelectorAll(".scroll")].map((one) => one.scrollTop);
  if (!keep(box, data, make)) return;
  [...box.querySelectorAll(".scroll")].forEach((one, index) => { one.scrollTop = scrolls[index] || 0; });
  const field = box.querySelector("[data-key=search]");
  if (caret !== null && field) { field.focus(); field.setSelectionRange(caret, caret); }
}


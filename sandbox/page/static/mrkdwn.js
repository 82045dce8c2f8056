// Slack's own markup, read into nodes. Source of the rules: docs.slack.dev/messaging/formatting-message-text.
import { el } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { when } from "./dates.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const decode = (text) => text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
const SAFE = /^(?:https?|mailto):/i;

/** Read mrkdwn into nodes. `names` are {users: {id: name}, channels: {id: name}, now: Date}. */
export function mrkdwn(text, names) {
  return text.split(/```/).flatMap((part, index) =>
    index % 2 ? [el("pre", {}, el("code", {}, decode(part.replace(/^\n|\n$/g, ""))))] : lines(part, names));
}

/** Read plain_text: nothing but emoji is special. */
export function plain(text) {
  return inline(text, null, [[/:([a-z0-9_+-]+):/y, (found) => emoji(found[1], found[0])]]);
}

function lines(text, names) {
  const out = [];
  for (const [index, line] of text.split("\n").entries()) {
    const quote = /^(?:>|&gt;)\s?(.*)$/.exec(line);
    if (quote) out.push(el("blockquote", {}, inline(quote[1], names)));
    else {
      if (index > 0 && !(out.at(-1) instanceof HTMLQuoteElement)) out.push(el("br"));
      out.push(...inline(line, names));
    }
  }
  return out;
}

const styled = (tag) => (found, names) => el(tag, {}, inline(found[1], names));
const RULES = [
  [/`([^`\n]+)`/y, (found) => el("code", {}, decode(found[1]))],
  [/<([^<>\n]+)>/y, (found, names) => reference(found[1], names)],
  [/\*((?=\S)[^*\n]*[^\s*])\*(?![\p{L}\p{N}])/uy, styled("strong")],
  [/_((?=\S)[^_\n]*[^\s_])_(?![\p{L}\p{N}])/uy, styled("em")],
  [/~((?=\S)[^~\n]*[^\s~])~(?![\p{L}\p{N}])/uy, styled("s")],
  [/:([a-z0-9_+-]+):/y, (found) => emoji(found[1], found[0])],
];

function inline(text, names, rules = RULES) {
  const out = [];
  let words = "";
  let at = 0;
  const flush = () => { if (words) out.push(document.createTextNode(names ? decode(words) : words)); words = ""; };
  while (at < text.length) {
    const hit = "`<*_~:".includes(text[at]) && match(text, at, rules);
    if (hit) {
      flush();
      out.push(hit.rule(hit.found, names));
      at += hit.found[0].length;
    } else words += text[at++];
  }
  flush();
  return out;
}

function match(text, at, rules) {
  const inWord = at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1]);
  for (const [pattern, rule] of rules) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found && !(inWord && "*_~".includes(text[at]))) return { found, rule };
  }
  return null;
}

export function emoji(name, otherwise = `:${name}:`) {
  const sign = EMOJI[name];
  if (!sign) return document.createTextNode(otherwise);
  return el("span", { role: "img", "aria-label": name.replaceAll("_", " "), class: "emoji" }, sign);
}

export const mention = (text) => el("span", { class: "mention" }, text);

export function link(url, ...label) {
  if (!SAFE.test(url)) return el("span", {}, label);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

function reference(inside, names) {
  const [target, label] = split(inside, "|");
  if (target.startsWith("@")) return mention(`@${names.users[target.slice(1)] || label || target.slice(1)}`);
  if (target.startsWith("#")) return mention(`#${names.channels[target.slice(1)] || label || target.slice(1)}`);
  if (target.startsWith("!date^")) {
    const [, stamp, format, url] = target.split("^");
    const shown = el("time", { title: decode(label || "") }, when(Number(stamp), format, names.now) ?? decode(label || ""));
    return url ? link(decode(url), shown) : shown;
  }
  if (target.startsWith("!")) return mention(label || `@${target.slice(1).split("^")[0]}`);
  return link(decode(target), decode(label || target));
}

function split(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

// Management keys in the browser: made, kept by their owner, and used to sign, here and nowhere else.
//
// What is signed is an event of NIP-98; the form carries the event and never the key. Where a browser has no
// WebCrypto (pages without TLS), the forms are left as they are, and say that the server signs.
import { schnorr, utils } from "noble-secp256k1";

const HEX = /^[0-9a-f]{64}$/i;
const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const PREFIX = "nsec";

const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));

// Bech32 (BIP-173), as NIP-19 writes keys.
const polymod = (values) => {
  let sum = 1;
  for (const value of values) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((part, index) => {
      if ((top >>> index) & 1) sum ^= part;
    });
  }
  return sum >>> 0;
};
const expanded = () => {
  const codes = Array.from(PREFIX, (letter) => letter.charCodeAt(0));
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
};
const regroup = (values, from, to, pad) => {
  const groups = [];
  let bits = 0;
  let held = 0;
  for (const value of values) {
    held = (held << from) | value;
    bits += from;
    while (bits >= to) {
      bits -= to;
      groups.push((held >>> bits) & ((1 << to) - 1));
    }
    held &= (1 << bits) - 1;
  }
  if (pad && bits > 0) groups.push((held << (to - bits)) & ((1 << to) - 1));
  if (!pad && (bits >= from || held !== 0)) return null;
  return groups;
};

export const encodeKey = (key) => {
  const values = regroup(key, 8, 5, true);
  const sum = polymod([...expanded(), ...values, 0, 0, 0, 0, 0, 0]) ^ 1;
  const check = [5, 4, 3, 2, 1, 0].map((index) => (sum >>> (5 * index)) & 31);
  return PREFIX + "1" + [...values, ...check].map((value) => LETTERS[value]).join("");
};

// The key in a text: nsec1… or 64 hex digits; none if it is neither.
export const decodeKey = (text) => {
  if (HEX.test(text)) return valid(fromHex(text));
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return null;
  if (!lower.startsWith(PREFIX + "1")) return null;
  const values = Array.from(lower.slice(PREFIX.length + 1), (letter) => LETTERS.indexOf(letter));
  if (values.includes(-1) || polymod([...expanded(), ...values]) !== 1) return null;
  const bytes = regroup(values.slice(0, -6), 5, 8, false);
  return bytes && bytes.length === 32 ? valid(Uint8Array.from(bytes)) : null;
};
const valid = (key) => (utils.isValidSecretKey(key) ? key : null);

// An event of NIP-98, signed (NIP-01, BIP-340), and looked at once more before it is used.
export const signEvent = async (key, { method, url, payload, header, value }, now) => {
  const nonce = toHex(crypto.getRandomValues(new Uint8Array(8)));
  const tags = [["u", url], ["method", method], ["nonce", nonce]];
  if (payload) tags.push(["payload", payload]);
  if (header) tags.push([header, value]);
  const pubkey = toHex(schnorr.getPublicKey(key));
  const created_at = Math.floor(now / 1000);
  const whole = JSON.stringify([0, pubkey, created_at, 27235, tags, ""]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(whole));
  const id = new Uint8Array(digest);
  const sig = await schnorr.signAsync(id, key);
  if (!(await schnorr.verifyAsync(sig, id, fromHex(pubkey)))) throw new Error("the signature is wrong");
  return { id: toHex(id), pubkey, created_at, kind: 27235, tags, content: "", sig: toHex(sig) };
};

// A form that asks for a key keeps it: the field has no name any more, and is emptied before anything is sent.
const keep = (form) => {
  const field = form.querySelector("input[name=key]");
  const trouble = form.querySelector(".error");
  field.removeAttribute("name");
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    trouble.textContent = "";
    const key = decodeKey(field.value.trim());
    if (!key) {
      trouble.textContent = "That is no key; paste it whole: nsec1… or 64 hex digits.";
      return;
    }
    try {
      const event = await signEvent(key, form.dataset, Date.now());
      field.value = "";
      // Nor does the way back show it again.
      document.querySelectorAll("#new-key").forEach((made) => { made.value = ""; });
      form.elements.event.value = btoa(JSON.stringify(event));
      form.submit();
    } catch (error) {
      trouble.textContent = "It was not signed: " + error.message;
    } finally {
      key.fill(0);
    }
  });
};

// The button that has a key made makes one here, and shows where to keep it.
const make = (form) => {
  const shown = document.getElementById("made");
  form.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const key = utils.randomSecretKey();
    document.getElementById("new-key").value = encodeKey(key);
    key.fill(0);
    form.hidden = true;
    shown.hidden = false;
    shown.querySelector("h2").focus();
  });
};

if (globalThis.crypto && crypto.subtle) {
  document.querySelectorAll("form[data-key]").forEach(keep);
  document.querySelectorAll("form[data-make]").forEach(make);
  document.querySelectorAll("[data-if=server]").forEach((text) => { text.hidden = true; });
  document.querySelectorAll("[data-if=browser]").forEach((text) => { text.hidden = false; });
}
document.documentElement.dataset.keys = "ready";

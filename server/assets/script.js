// What pages can do more with JavaScript; all of them are whole without it.
"use strict";

const say = (text) => {
  const status = document.getElementById("status");
  if (!status) return;
  status.textContent = text;
  setTimeout(() => { if (status.textContent === text) status.textContent = ""; }, 6000);
};

// Buttons that copy a text; nobody sees them where there is no clipboard.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    const text = field ? field.value : button.dataset.text;
    try {
      await navigator.clipboard.writeText(text);
      say(button.dataset.done);
    } catch {
      if (field) field.select();
      say("Your browser does not let this page copy. The text is marked: copy it yourself.");
    }
  });
}

// A field that is only to be copied is marked as a whole.
for (const field of document.querySelectorAll("textarea[readonly], input[readonly]")) {
  field.addEventListener("focus", () => field.select());
}

// A name that is on its way is looked at again until it has arrived.
const waiting = document.querySelector("[data-waiting]");
if (waiting) {
  const look = async () => {
    try {
      const answer = await fetch(waiting.dataset.waiting, { cache: "no-store" });
      if (answer.ok && (await answer.json()).state === "published") {
        location.reload();
        return;
      }
    } catch {
      // Offline for a moment; look again.
    }
    setTimeout(look, 1500);
  };
  setTimeout(look, 800);
}

// What a Nostr signer of the browser (NIP-07) signs as NIP-98 wants it; the form carries the event.
for (const form of document.querySelectorAll("form[data-sign]")) {
  const { method, url, payload, header, value } = form.dataset;
  const trouble = form.querySelector(".error");
  form.hidden = false;
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    trouble.textContent = "";
    if (!window.nostr) {
      trouble.textContent = "This browser has no Nostr signer. Install one, or use a management key.";
      return;
    }
    const bytes = Array.from(crypto.getRandomValues(new Uint8Array(8)));
    const nonce = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const tags = [["u", url], ["method", method], ["nonce", nonce]];
    if (payload) tags.push(["payload", payload]);
    if (header) tags.push([header, value]);
    try {
      const created_at = Math.floor(Date.now() / 1000);
      const event = await window.nostr.signEvent({ kind: 27235, created_at, tags, content: "" });
      form.elements.event.value = btoa(JSON.stringify(event));
      form.submit();
    } catch (error) {
      trouble.textContent = "It was not signed: " + (error && error.message ? error.message : "the signer refused");
    }
  });
}

// What pages can do more with JavaScript; all of them are whole without it.
"use strict";

const say = (text) => {
  const status = document.getElementById("status");
  if (status) status.textContent = text;
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

// No form with a key is sent before the script is there that keeps the key in this browser.
"use strict";

document.addEventListener("submit", (submitted) => {
  const form = submitted.target;
  if (!form.matches("[data-key], [data-make]") || document.documentElement.dataset.keys) return;
  submitted.preventDefault();
  submitted.stopImmediatePropagation();
  const trouble = form.querySelector(".error");
  if (trouble) trouble.textContent = "This page is not loaded whole yet. Try again in a moment, or load it anew.";
}, true);

// Keeps the page up to date without loading it again, so that it stays where it was scrolled to.
"use strict";

const EVERY = 2000; // milliseconds
let live = true;

// What the server sent for each part: buttons are added to it later.
const sent = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.id, part.innerHTML]));

function replaceIfChanged(old, fresh) {
  if (sent.get(old.id) === fresh.innerHTML) return;
  sent.set(old.id, fresh.innerHTML);
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  old.replaceChildren(...fresh.childNodes);
  if (focused) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

// A card that looks the same stays, with its pictures and its focus. Only its age is new.
function updateChildren(list, fresh) {
  const known = new Map([...list.children].map((child) => [child.id, child]));
  const children = [...fresh.children].map((child) => {
    const old = known.get(child.id);
    if (!old || old.dataset.look !== child.dataset.look) return child;
    old.querySelector("time").textContent = child.querySelector("time").textContent;
    return old;
  });
  const same = children.length === list.children.length && children.every((child, at) => child === list.children[at]);
  if (!same) list.replaceChildren(...children);
}

function addCopyButtons() {
  for (const command of document.querySelectorAll(".command:not(:has(button))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(command.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    command.append(button);
  }
}

async function update() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(10000) });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    (fresh.dataset.live === "children" ? updateChildren : replaceIfChanged)(old, fresh);
  }
  addCopyButtons();
}

async function keepUpdating() {
  if (live && document.visibilityState === "visible") {
    await update().catch(() => {}); // the emulator may be stopped, and come back
  }
  setTimeout(keepUpdating, EVERY);
}

function offerToPause() {
  const button = document.querySelector("[data-live-switch]");
  button.hidden = false;
  button.setAttribute("aria-pressed", "true");
  button.addEventListener("click", () => {
    live = !live;
    button.setAttribute("aria-pressed", String(live));
    button.textContent = live ? "Live" : "Paused";
  });
}

addCopyButtons();
offerToPause();
setTimeout(keepUpdating, EVERY);

// Follows Airflow's light or dark look, lets pictures be compared, and keeps a page that waits up to date.
"use strict";

const REFRESH_AFTER = 5000; // milliseconds

// Airflow shows this page in a frame of its own, and marks its own document as dark.
function airflowDocument() {
  try {
    return window.parent !== window ? window.parent.document.documentElement : null;
  } catch {
    return null; // another site shows it
  }
}

function follow(airflow) {
  const dark = airflow ? airflow.classList.contains("dark") : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.classList.toggle("dark", dark);
}

const airflow = airflowDocument();
follow(airflow); // before anything is drawn
if (airflow) new MutationObserver(() => follow(airflow)).observe(airflow, { attributeFilter: ["class"] });
else matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => follow(null));

function offerToCompare(figure) {
  const slider = figure.querySelector("input");
  const show = () => figure.style.setProperty("--before", `${slider.value}%`);
  slider.hidden = false;
  figure.classList.add("laid-over");
  slider.addEventListener("input", show);
  show();
}

// A picture that cannot be read is replaced by what it is.
function sayWhatIsMissing(image) {
  const words = document.createElement("span");
  words.className = "no-picture";
  words.textContent = "No picture";
  image.replaceWith(words);
}

async function refresh() {
  if (document.visibilityState === "visible") {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(10000) }).catch(() => null);
    const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page && page.body.textContent !== before) return location.reload();
  }
  setTimeout(refresh, REFRESH_AFTER);
}

let before = "";
document.addEventListener("DOMContentLoaded", () => {
  before = document.body.textContent;
  document.querySelectorAll("[data-compare]").forEach(offerToCompare);
  for (const image of document.querySelectorAll(".tile img, .pictures img")) {
    if (image.complete && !image.naturalWidth && image.loading !== "lazy") sayWhatIsMissing(image);
    image.addEventListener("error", () => sayWhatIsMissing(image));
  }
  if ("refreshes" in document.documentElement.dataset) setTimeout(refresh, REFRESH_AFTER);
});

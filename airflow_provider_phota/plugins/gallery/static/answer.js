// Lets a person choose among the items of a batch, over several pages, and gives the answer to Airflow.
"use strict";

const form = document.querySelector("[data-answer]");
const ours = `phota:${form.dataset.answer} `;
const memory = ours + form.dataset.question; // the items that are not approved, as long as the tab is open
const boxes = [...document.querySelectorAll("[data-key]")];
const buttons = [...form.querySelectorAll("button")];
// What was not ticked in an earlier question, such as before the task was cleared, says nothing about this one.
Object.keys(sessionStorage)
  .filter((key) => key.startsWith(ours) && key !== memory)
  .forEach((key) => sessionStorage.removeItem(key));
const rejected = new Set(JSON.parse(sessionStorage.getItem(memory) ?? "[]"));

function show() {
  const items = Number(form.dataset.items);
  const approved = items - rejected.size;
  form.querySelector("[data-sum]").textContent =
    `${rejected.size ? `${approved.toLocaleString("en")} of` : "All"} ${items.toLocaleString("en")} items`;
  buttons[0].disabled = approved < 1;
}

function choose(box) {
  if (box.checked) rejected.delete(box.dataset.key);
  else rejected.add(box.dataset.key);
  sessionStorage.setItem(memory, JSON.stringify([...rejected]));
  show();
}

// Airflow knows the reader by the same cookie as this page, and checks the right to answer.
async function answer(option) {
  const answered = await fetch(form.dataset.answer, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      chosen_options: [option],
      params_input: { approved: [], rejected: option === "Approve" ? [...rejected] : [] },
    }),
  }).catch(() => null);
  if (answered?.ok) return "";
  if (answered?.status === 409) sessionStorage.removeItem(memory);
  if (answered?.status === 409) return "This was answered in the meantime. Load the page again to see how.";
  if (answered?.status === 403) return "You may look at these pictures, but not answer.";
  return `Airflow did not take the answer${answered ? ` (${answered.status})` : ""}. Nothing is decided: try again.`;
}

async function submit(event) {
  event.preventDefault();
  buttons.forEach((button) => (button.disabled = true));
  const problem = await answer(event.submitter.value);
  form.querySelector("[data-said]").textContent = problem || "Airflow has your answer, and carries it out now.";
  if (problem) buttons.forEach((button) => (button.disabled = false));
  else {
    sessionStorage.removeItem(memory);
    boxes.forEach((box) => (box.disabled = true));
  }
}

for (const box of boxes) {
  box.checked = !rejected.has(box.dataset.key);
  box.addEventListener("change", () => choose(box));
}
buttons.forEach((button) => (button.disabled = false));
form.addEventListener("submit", submit);
show();

// Reads a policy from a file of the person's own into the form, where it can be read and changed before it is tried,
// and says that history is being decided while the answer is waited for. Without it the form takes a pasted text.
const form = document.querySelector("form[data-replay]"), text = form.elements.content;
const [file, told] = ["#file", "#told"].map((name) => form.querySelector(name));

file.closest("div").hidden = false;
file.addEventListener("change", async () => {
  const [chosen] = file.files;
  if (!chosen) return;
  try {
    text.value = new TextDecoder("utf-8", { fatal: true }).decode(await chosen.arrayBuffer());
    told.textContent = `${chosen.name} stands in the form now; nothing was sent yet.`;
  } catch {
    told.textContent = `${chosen.name} is not text in UTF-8, so it was not taken.`;
  }
});
for (const each of document.querySelectorAll("form[data-replay], form[data-further]")) {
  each.addEventListener("submit", () => {
    document.querySelector("#told").textContent = "History is being decided again; that takes some seconds at most.";
    each.querySelector("button").disabled = true;
  });
}

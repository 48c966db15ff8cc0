"use strict";
for (const box of document.querySelectorAll(".search")) {
  const rows = Array.from(box.nextElementSibling.querySelectorAll("tr")).slice(1);
  const input = box.querySelector("input");
  const output = box.querySelector("output");
  box.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    output.value = words.length ? shown + " of " + rows.length : "";
  });
}

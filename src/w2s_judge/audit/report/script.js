"use strict";
// The page is whole without this: it adds sorting, filtering and the choice between light and dark.
// Text from outside is only ever compared, and written with textContent.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const heard = document.getElementById("heard");
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const plain = (node) => node.textContent.trim();
  const said = (shown, total, what) =>
    `${shown === total ? "" : `${shown} of `}${total} ${what}${total === 1 ? "" : "s"}`;

  // Light and dark: as the system says until the button is pressed; remembered by the page alone.
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const label = () => {
    theme.textContent = isDark() ? "Light" : "Dark";
    theme.setAttribute("aria-label", `Switch to ${isDark() ? "light" : "dark"} colours`);
  };
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  });
  system.addEventListener("change", label);
  label();

  // Tables are sorted by their heads: rows without a figure stay at the end.
  const compare = (column, down) => (one, two) => {
    const [a, b] = [one.cells[column], two.cells[column]];
    const [x, y] = [a.dataset.key, b.dataset.key];
    if (x !== undefined && y !== undefined) return (x - y) * (down ? -1 : 1);
    if (x !== undefined || y !== undefined) return x !== undefined ? -1 : 1;
    return collator.compare(plain(a), plain(b)) * (down ? -1 : 1);
  };
  const sort = (table, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare(head.cellIndex, down)));
    heard.textContent = `Sorted by ${plain(head)}, ${down ? "descending" : "ascending"}`;
  };
  for (const table of all(".scroll > table")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head));
      head.append(button);
      head.setAttribute("aria-sort", "none");
    }
  }

  // Long tables have a box; a row stays that holds every word in it.
  const holds = (node, words) => words.every((word) => node.textContent.toLowerCase().includes(word));
  const wordsOf = (box) => box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const filter of all(".filter")) {
    const box = filter.querySelector("input");
    const rows = all("tbody > tr", filter.parentNode);
    filter.hidden = false;
    box.addEventListener("input", () => {
      const words = wordsOf(box);
      for (const row of rows) row.hidden = !holds(row, words);
      filter.querySelector(".count").textContent = said(rows.filter((row) => !row.hidden).length, rows.length, "row");
    });
  }

  // Contested items: by words, judge, task and human label, in four orders.
  const against = { disagrees: 0, agrees: 1, unknown: 2 };
  const idOf = (item) => plain(item.querySelector(".id"));
  const orders = {
    divided: (a, b) => b.dataset.divided - a.dataset.divided,
    panel: (a, b) => against[a.dataset.panel] - against[b.dataset.panel] || orders.divided(a, b),
    task: (a, b) => a.dataset.task - b.dataset.task || orders.divided(a, b),
    item: (a, b) => collator.compare(idOf(a), idOf(b)),
  };
  for (const form of all(".sieve")) {
    const list = form.parentNode.querySelector(".items");
    const items = [...list.children];
    const chosen = (name) => form.elements.namedItem(name)?.value ?? "";
    const update = () => {
      const words = wordsOf(form.elements.namedItem("words"));
      for (const item of items) {
        const { apart, task, panel } = item.dataset;
        item.hidden = !((chosen("judge") === "" || apart.split(" ").includes(chosen("judge")))
          && (chosen("task") === "" || task === chosen("task"))
          && (chosen("panel") === "" || panel === chosen("panel")) && holds(item, words));
      }
      list.append(...[...items].sort(orders[chosen("order")]));
      form.querySelector(".count").textContent = said(items.filter((item) => !item.hidden).length, items.length, "item");
      heard.textContent = plain(form.querySelector(".count"));
    };
    form.hidden = false;
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.querySelector(".count").textContent = said(items.length, items.length, "item");
  }

  // The part that is being read is marked in the list of parts.
  const links = new Map(all("nav.parts a").map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((seen) => {
    for (const one of seen.filter((entry) => entry.isIntersecting)) {
      for (const link of links.values()) link.removeAttribute("aria-current");
      links.get(one.target.id).setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-15% 0px -80% 0px" });
  for (const id of links.keys()) watch.observe(document.getElementById(id));
})();

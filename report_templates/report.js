// Adds what needs a script: copy buttons, table filters, folded parts that open for a link or for print.
(function () {
  "use strict";
  document.documentElement.classList.add("scripted");

  function say(button, text) {
    button.textContent = text;
    setTimeout(function () { button.textContent = "Copy"; }, 1500);
  }
  function select(code) {
    var range = document.createRange();
    range.selectNodeContents(code);
    var selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }
  document.querySelectorAll(".command").forEach(function (box) {
    var code = box.querySelector("code");
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", function () {
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(code.textContent).then(
          function () { say(button, "Copied"); },
          function () { select(code); say(button, "Selected"); });
      } else {
        select(code);
        say(button, document.execCommand("copy") ? "Copied" : "Selected");
      }
    });
    box.appendChild(button);
  });

  document.querySelectorAll("table[data-filter]").forEach(function (table) {
    var rows = Array.from(table.tBodies[0].rows);
    if (rows.length < 8) { return; }
    var label = document.createElement("label");
    label.className = "filter";
    label.textContent = "Filter " + table.dataset.filter + " ";
    var input = document.createElement("input");
    input.type = "search";
    input.addEventListener("input", function () {
      var wanted = input.value.toLowerCase();
      rows.forEach(function (row) { row.hidden = !row.textContent.toLowerCase().includes(wanted); });
    });
    label.appendChild(input);
    table.parentElement.before(label);
  });

  function reveal() {
    var target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) { return; }
    for (var part = target; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") { part.open = true; }
    }
    target.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();
})();

// Filters and sorts the table of tickets; without it the table stands there whole.
(function () {
  "use strict";
  var table = document.getElementById("all");
  if (!table) { return; }
  document.documentElement.classList.add("scripted");
  var STEP = 200;
  var FACETS = ["status", "cause", "family", "platform", "calico", "group"];
  var body = table.tBodies[0];
  var heads = Array.from(table.tHead.rows[0].cells);
  var place = {};
  heads.forEach(function (head, number) { place[head.dataset.column] = number; });
  var tickets = Array.from(body.rows).map(function (row, number) {
    var cells = Array.from(row.cells).map(function (cell) {
      return (cell.firstChild ? cell.firstChild.textContent : "").trim();
    });
    return { row: row, number: number, cells: cells, text: row.textContent.toLowerCase() };
  });
  var order = tickets.slice();
  var shown = STEP;
  var wanted = {};
  var found = [];
  var inputs = {};

  function make(name, within, text) {
    var element = document.createElement(name);
    if (text) { element.textContent = text; }
    if (within) { within.appendChild(element); }
    return element;
  }

  var filters = make("div");
  filters.className = "filters";
  filters.setAttribute("role", "search");
  filters.setAttribute("aria-label", "Filter tickets");
  var label = make("label", filters, "Any text");
  inputs.text = make("input", label);
  inputs.text.type = "search";
  FACETS.forEach(function (column) {
    var counts = new Map();
    tickets.forEach(function (ticket) {
      var value = ticket.cells[place[column]];
      if (value) { counts.set(value, (counts.get(value) || 0) + 1); }
    });
    var values = Array.from(counts.keys()).filter(function (value) { return column !== "group" || counts.get(value) > 1; });
    values.sort(function (a, b) { return counts.get(b) - counts.get(a) || (a < b ? -1 : 1); });
    var box = make("label", filters, heads[place[column]].textContent);
    var choice = make("select", box);
    make("option", choice, "all").value = "";
    values.forEach(function (value) {
      make("option", choice, value + " (" + counts.get(value) + ")").value = value;
    });
    inputs[column] = choice;
  });
  var line = make("p");
  var tally = make("span", line);
  tally.setAttribute("role", "status");
  var clear = make("button", line, "Clear filters");
  clear.type = "button";
  clear.className = "plain";
  var more = make("button", null, "");
  more.type = "button";
  more.className = "plain";
  table.parentElement.before(filters, line);
  table.parentElement.after(more);

  function lay() {
    var rows = found.slice(0, shown).map(function (ticket) { return ticket.row; });
    // laying out a table costs most: the first letters of a word often leave the same rows
    if (rows.length !== body.rows.length || rows.some(function (row, at) { return body.rows[at] !== row; })) {
      var fragment = document.createDocumentFragment();
      fragment.append.apply(fragment, rows);
      body.replaceChildren(fragment);
    }
    var hidden = found.length - Math.min(shown, found.length);
    more.hidden = hidden === 0;
    more.textContent = "Show the other " + hidden;
    tally.textContent = found.length + " of " + tickets.length + " tickets" + (hidden ? ", the first " + shown + " shown" : "");
    clear.hidden = Object.keys(wanted).length === 0;
  }
  function filter() {
    var text = (wanted.text || "").toLowerCase();
    var columns = FACETS.filter(function (column) { return wanted[column]; });
    found = order.filter(function (ticket) {
      return columns.every(function (column) { return ticket.cells[place[column]] === wanted[column]; }) &&
        (!text || ticket.text.includes(text));
    });
    shown = STEP;
    lay();
  }
  function remember() {
    var parts = Object.keys(wanted).map(function (name) { return name + "=" + encodeURIComponent(wanted[name]); });
    history.replaceState(null, "", parts.length ? "#" + parts.join("&") : "#tickets");
  }
  function want(name, value) {
    if (value) { wanted[name] = value; } else { delete wanted[name]; }
  }
  Object.keys(inputs).forEach(function (name) {
    inputs[name].addEventListener("input", function () {
      want(name, inputs[name].value);
      filter();
      remember();
    });
  });
  function only(next) {
    wanted = {};
    Object.keys(inputs).forEach(function (name) {
      var input = inputs[name], value = next[name] || "";
      if (value && input.tagName === "SELECT" && !Array.from(input.options).some(function (one) { return one.value === value; })) {
        make("option", input, value).value = value;
      }
      input.value = value;
      want(name, value);
    });
    filter();
  }
  clear.addEventListener("click", function () { only({}); remember(); inputs.text.focus(); });
  more.addEventListener("click", function () { shown = found.length; lay(); });
  document.querySelectorAll("a[data-column]").forEach(function (link) {
    link.addEventListener("click", function (event) {
      event.preventDefault();
      var next = {};
      next[link.dataset.column] = link.dataset.value;
      only(next);
      remember();
      document.getElementById("tickets").scrollIntoView();
      inputs[link.dataset.column].focus({ preventScroll: true });
    });
  });

  var collator = new Intl.Collator("en", { numeric: true });
  function key(ticket, column, numeric) {
    var cell = ticket.cells[place[column]];
    if (!numeric) { return cell; }
    var digits = cell.match(/[0-9.]+/);
    var value = digits ? parseFloat(digits[0]) : -1;
    return cell.startsWith("over") ? value + 0.5 : cell.startsWith("under") ? value - 0.5 : value;
  }
  function sort(column, numeric, down) {
    var keys = new Map(order.map(function (ticket) { return [ticket, key(ticket, column, numeric)]; }));
    var sign = down ? -1 : 1;
    order.sort(function (a, b) {
      var one = keys.get(a), other = keys.get(b);
      if (one === other) { return a.number - b.number; }
      if (one === "" || one === -1) { return 1; }
      if (other === "" || other === -1) { return -1; }
      return sign * (numeric ? one - other : collator.compare(one, other));
    });
    filter();
  }
  heads.forEach(function (head) {
    var button = make("button", null, head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", function () {
      var before = head.getAttribute("aria-sort");
      var numeric = head.dataset.sort === "number";
      var down = before ? before === "ascending" : numeric || head.dataset.column === "time";
      heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(head.dataset.column, numeric, down);
    });
  });
  heads[0].setAttribute("aria-sort", "ascending");

  function read() {
    var next = {};
    location.hash.slice(1).split("&").forEach(function (part) {
      var at = part.indexOf("=");
      if (at > 0 && inputs[part.slice(0, at)]) {
        try { next[part.slice(0, at)] = decodeURIComponent(part.slice(at + 1)); } catch (error) { /* not ours */ }
      }
    });
    return next;
  }
  window.addEventListener("hashchange", function () {
    if (Object.keys(read()).length) { only(read()); }
  });
  window.addEventListener("beforeprint", function () { shown = found.length; lay(); });
  only(read());
  if (Object.keys(wanted).length) { document.getElementById("tickets").scrollIntoView(); }
})();

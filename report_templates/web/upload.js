// Uploads with a progress bar, and takes files that are dropped; without a script the form works by itself.
(function () {
  "use strict";
  var form = document.getElementById("upload");
  var file = document.getElementById("file");
  var drop = document.getElementById("drop");
  var chosen = document.getElementById("chosen");
  var message = document.getElementById("message");
  var send = document.getElementById("send");
  var progress = document.getElementById("progress");
  var bar = document.getElementById("bar");
  var done = document.getElementById("done");
  var running = null;

  function mib(bytes) { return (bytes / 1048576).toFixed(1) + " MiB"; }
  function list() {
    chosen.replaceChildren();
    Array.from(file.files).forEach(function (item) {
      var line = document.createElement("li");
      line.textContent = item.name + ", " + mib(item.size);
      chosen.appendChild(line);
    });
    chosen.hidden = file.files.length < 2;
    message.textContent = "";
  }
  function idle(text) {
    running = null;
    send.disabled = false;
    progress.hidden = true;
    message.textContent = text;
    if (text) { file.focus(); }
  }
  file.addEventListener("change", list);

  ["dragenter", "dragover"].forEach(function (name) {
    document.addEventListener(name, function (event) { event.preventDefault(); drop.classList.add("over"); });
  });
  document.addEventListener("dragleave", function (event) {
    if (!event.relatedTarget) { drop.classList.remove("over"); }
  });
  document.addEventListener("drop", function (event) {
    event.preventDefault();
    drop.classList.remove("over");
    if (running || !event.dataTransfer.files.length) { return; }
    file.files = event.dataTransfer.files;
    list();
    form.requestSubmit();
  });

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    if (running) { return; }
    var data = new FormData();
    data.append("ticket", form.elements.ticket.value);
    Array.from(file.files).forEach(function (item) { data.append("file", item, item.name); });
    var request = running = new XMLHttpRequest();
    request.open("POST", "/api/v1/bundles");
    request.setRequestHeader("X-CSRF-Token", form.elements.csrf.value);
    request.responseType = "json";
    request.upload.addEventListener("progress", function (event) {
      if (!event.lengthComputable) { return; }
      bar.value = 100 * event.loaded / event.total;
      done.textContent = mib(event.loaded) + " of " + mib(event.total);
    });
    request.addEventListener("load", function () {
      if (request.status === 202) { location.assign("/jobs/" + request.response.job); return; }
      if (request.status === 401) { location.assign("/login"); return; }
      var text = request.response && typeof request.response.detail === "string" ? request.response.detail : "error " + request.status;
      var wait = request.getResponseHeader("Retry-After");
      idle("Not taken: " + text + (wait ? " (try again in " + wait + " s)" : "") + ".");
    });
    request.addEventListener("error", function () { idle("The upload was broken off: the server does not answer, or does not take so much."); });
    request.addEventListener("abort", function () { idle("Cancelled."); });
    message.textContent = "";
    bar.value = 0;
    done.textContent = "";
    progress.hidden = false;
    send.disabled = true;
    request.send(data);
  });
  document.getElementById("cancel").addEventListener("click", function () { if (running) { running.abort(); } });
})();

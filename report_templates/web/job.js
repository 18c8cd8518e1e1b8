// Follows a job; when it has ended, the page becomes the report, or says why there is none.
(function () {
  "use strict";
  var box = document.getElementById("job");
  var state = document.getElementById("state");
  var elapsed = document.getElementById("elapsed");
  var begun = Date.now();

  function say(text) { if (state.textContent !== text) { state.textContent = text; } }
  function ask() {
    fetch("/api/v1/jobs/" + box.dataset.job, {headers: {Accept: "application/json"}, cache: "no-store"}).then(function (answer) {
      if (answer.status === 404 || answer.status === 401) { location.reload(); return null; }
      return answer.ok ? answer.json() : {};
    }).then(function (job) {
      if (!job) { return; }
      if (job.state === "done" || job.state === "failed") { location.reload(); return; }
      if (job.state === "running") { say("Reading and ranking"); }
      if (job.state === "queued") { say(job.waiting ? "Waiting, " + job.waiting + " before this one" : "Waiting for its turn"); }
      setTimeout(ask, 1000);
    }, function () {
      say("The server does not answer; trying again");
      setTimeout(ask, 3000);
    });
  }
  setInterval(function () { elapsed.textContent = Math.round((Date.now() - begun) / 1000) + " s on this page."; }, 1000);
  setTimeout(ask, 400);
})();

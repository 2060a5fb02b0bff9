// What only the browser can do: ages that grow, the session kept awake by a person, the banner's words.
document.addEventListener("DOMContentLoaded", () => {
  const options = document.getElementById("options").dataset;
  const words = (template, n) => template.replace("{n}", n);

  function ago(us) {
    const clock = document.getElementById("clock");
    if (!clock) return "";
    const s = Math.max(0, Math.floor((Number(clock.dataset.us) - us) / 1e6));
    if (s < 60) return words(options.seconds, s);
    if (s < 3600) return words(options.minutes, Math.floor(s / 60));
    if (s < 86400) return words(options.hours, Math.floor(s / 3600));
    return words(options.days, Math.floor(s / 86400));
  }

  function due(us) {
    const clock = document.getElementById("clock");
    if (!clock) return "";
    const left = (us - Number(clock.dataset.us)) / 6e7;
    const minutes = Math.abs(left);
    const said = minutes < 60 ? words(options.dueMinutes, Math.floor(minutes))
      : minutes < 2880 ? words(options.dueHours, Math.floor(minutes / 6) / 10)
      : words(options.dueDays, Math.floor(minutes / 1440));
    return words(left < 0 ? options.dueOver : options.dueLeft, said);
  }

  function ages() {
    for (const place of document.querySelectorAll(".due[data-us]")) {
      const said = due(Number(place.dataset.us));
      if (place.textContent !== said) place.textContent = said;
    }
    for (const place of document.querySelectorAll(".age")) {
      const said = ago(Number(place.dataset.us));
      if (place.textContent !== said) place.textContent = said;
    }
  }
  setInterval(ages, 1000);

  const popup = document.getElementById("popup");
  popup.textContent = options.lost;
  popup.setAttribute("role", "alert");
  new MutationObserver(() => {
    document.body.classList.toggle("lost", popup.getAttribute("aria-hidden") === "false");
  }).observe(popup, { attributes: true });

  // A sign of the person renews the session, at most once a minute; without one it ends.
  let active = Date.now();
  let renewed = Date.now();
  for (const kind of ["pointerdown", "keydown", "touchstart"]) {
    addEventListener(kind, () => { active = Date.now(); }, { passive: true });
  }
  const idle = Number(options.idleS) * 1000;
  setInterval(async () => {
    const now = Date.now();
    if (options.stays === "1") active = now;
    if (now - active > idle) location.href = "/login?ended=1";
    if (active > renewed && now - renewed > Math.min(60000, idle / 3)) {
      renewed = now;
      try {
        const answer = await fetch("/session", { method: "POST" });
        if (answer.status === 401) location.href = "/login?ended=1";
      } catch { /* the banner says that the connection is lost */ }
    }
  }, 2000);
});

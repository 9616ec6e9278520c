// Sets language and theme before the first paint, so that nothing flashes, and asks who has
// logged in while the script of the page is still under way.
(function () {
  var root = document.documentElement;
  var read = function (key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  var theme = read("parkpulse.theme");
  root.dataset.theme = theme === "light" || theme === "dark" ? theme : dark ? "dark" : "light";
  var lang = read("parkpulse.lang") || navigator.language;
  root.lang = /^zh/i.test(lang) ? "zh-CN" : "en";
  window.parkpulseMe = fetch("/api/v1/me", { headers: { Accept: "application/json" } });
  window.parkpulseMe.catch(function () {
    return null; // The page asks again, and says what is wrong.
  });
})();

// Sets language and theme before the first paint, so that nothing flashes.
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
})();

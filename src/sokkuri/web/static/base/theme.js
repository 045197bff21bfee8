// Sets the chosen theme and the language before the first paint. It is a plain script because
// modules run too late.
{
  /** @param {string} key */
  const chosen = (key) => {
    try {
      return JSON.parse(localStorage.getItem(`sokkuri.${key}`) ?? "null");
    } catch {
      return null; // Storage is blocked: the system and the browser decide.
    }
  };
  const root = document.documentElement;
  const theme = chosen("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const asked = [chosen("language"), ...navigator.languages].map((tag) => String(tag).split("-")[0]);
  root.lang = asked.find((language) => language === "en" || language === "ja") ?? "en";
}

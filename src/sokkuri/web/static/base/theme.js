// The chosen theme, before anything is painted. A plain script: modules run too late for that.
try {
  const theme = JSON.parse(localStorage.getItem("sokkuri.theme"));
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // No storage: the system's theme it is.
}

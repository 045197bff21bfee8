// Sets the chosen theme before the first paint. It is a plain script because modules run too late.
try {
  const theme = JSON.parse(localStorage.getItem("sokkuri.theme") ?? "null");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: use the theme of the system.
}

// Runs before the first paint, so that no page flashes in the other theme. A file of its own: the server's content
// security policy allows no inline scripts.
(() => {
  let theme = 'system';
  try {
    theme = localStorage.getItem('kpl.theme') || 'system';
  } catch {
    // Storage may be blocked; the system's theme then decides.
  }
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();

// A screen of output begins at its end, from the first paint on: its own module comes later.
new MutationObserver(changes => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      const screen = node.nodeType === 1 ? node.matches("[data-screen]") ? node : node.querySelector("[data-screen]") : null;
      if (screen) screen.scrollTop = screen.scrollHeight;
    }
  }
}).observe(document.body, { childList: true, subtree: true });

for (const screen of document.querySelectorAll("[data-screen]")) screen.scrollTop = screen.scrollHeight;

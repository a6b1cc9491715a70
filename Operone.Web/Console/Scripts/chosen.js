// The theme and the width of the navigation: a cookie, so that the server writes them into the page it sends.
const root = document.documentElement;

function remember(name, value) {
  document.cookie = `operone-${name}=${value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

function show() {
  const theme = root.dataset.theme ?? "system";
  for (const button of document.querySelectorAll("[data-set-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === theme));
  }
}

document.addEventListener("click", event => {
  const theme = event.target.closest("[data-set-theme]")?.dataset.setTheme;
  if (theme) {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    remember("theme", theme);
    show();
  }

  if (event.target.closest("[data-toggle-nav]")) {
    if (matchMedia("(max-width: 900px)").matches) {
      root.toggleAttribute("data-drawer");
    } else {
      const collapsed = root.toggleAttribute("data-nav-collapsed");
      remember("nav", collapsed ? "collapsed" : "wide");
    }
  } else if (root.hasAttribute("data-drawer") && (event.target.closest(".nav a") || !event.target.closest(".nav"))) {
    root.removeAttribute("data-drawer");
  }
});

// A menu with the buttons in it may be drawn at any time.
document.addEventListener("pointerover", event => { if (event.target.closest("[data-theme-menu]")) show(); });
document.addEventListener("focusin", event => { if (event.target.closest("[data-theme-menu]")) show(); });
show();

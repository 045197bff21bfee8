#!/usr/bin/env bash
# Installs what the page tests need beside Python's packages: a browser, and by npm axe-core, which
# looks for barriers, esbuild, which bundles the pages, TypeScript, which checks the types of their
# scripts, and acorn, which parses them to find their texts. The browser is Debian's Chromium without windows where it can be installed, else a Chromium
# that the system has, else Debian's whole Chromium, else Playwright's own.
#
#     tests/install_browser.sh PYTHON
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

has() {
  command -v "$1" >/dev/null
}

has_browser() {
  has chromium-headless-shell || has chromium || has chromium-browser || has google-chrome ||
    has google-chrome-stable
}

install() {
  [ "$(id -u)" = 0 ] && has apt-get && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y \
    --no-install-recommends "$1" fonts-dejavu-core >/dev/null
}

if ! has chromium-headless-shell && [ "$(id -u)" = 0 ] && has apt-get; then
  install chromium-headless-shell 2>/dev/null || {
    apt-get -qq update >/dev/null || true
    install chromium-headless-shell 2>/dev/null || has_browser || install chromium || true
  }
fi
has_browser || "$1" -m playwright install chromium

if command -v npm >/dev/null; then
  cd ..
  # Without these packages only some tests skip. So a machine without a network runs the others.
  npm ci --silent || { echo 'npm cannot fetch axe-core, acorn, esbuild and TypeScript: their tests skip' >&2; [ -z "${CI:-}" ]; }
fi

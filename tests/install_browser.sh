#!/usr/bin/env bash
# What the page tests need beside Python's packages: a browser, and axe-core, which looks for
# barriers. A system's Chromium is taken where there is one; else Debian's is installed, or, where
# that cannot be, Playwright's own.
#
#     tests/install_browser.sh PYTHON
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

has_browser() {
  command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null
}

if ! has_browser && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core ||
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core; }
  } >/dev/null
fi
has_browser || "$1" -m playwright install chromium

if [ ! -e .axe/node_modules/axe-core/axe.min.js ] && command -v npm >/dev/null; then
  npm install --silent --no-save --no-package-lock --no-audit --no-fund --prefix .axe axe-core@4.10.3
fi
